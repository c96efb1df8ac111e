"""Curves over epochs as rows of spans: braille dots between axes that plotext draws."""

from __future__ import annotations

import itertools
import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vaetui.render.braille import BrailleGrid, Point
from vaetui.render.colours import Colour, blend
from vaetui.render.spans import Row, Span, part
from vaetui.render.theme import BACKGROUND
from vaetui.render.ticks import MIN_FOR_OUTLIERS, labels, limits, log_ticks, settled, ticks, whole_ticks

FOOT = 2  # rows of axis and numbers below the curves
ABOVE, BELOW = "▲", "▼"  # where a curve is beyond the axis
END = "●"  # of a curve before the end of the axis
_BAND = 0.45  # of the colour of a curve, for the band around it
_POINTS_A_COLUMN = 2  # braille has no more
_SHORTEST_OVERLAP = 3  # columns; curves that cross share fewer
_HUGE = 1e30  # more than any metric of a working run; larger numbers would overflow the ticks
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")

Ends = tuple[int, int]  # the first and the last


@dataclass(frozen=True)
class Curve:
    """One curve: `ys` over ascending `xs`, drawn with the character `marker`, in braille where that is "".

    `spread` is half the height of a band around it at each of `xs`, () for none.
    """

    colour: Colour
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    marker: str = ""
    spread: tuple[float, ...] = ()

    def read(self, x: float) -> tuple[float, float] | None:
        """Return `x` and the value there, beyond the end the last point; None where there is none."""
        place = bisect_right(self.xs, x) - 1
        is_there = place >= 0 and (self.xs[place] == x or place == len(self.xs) - 1)
        return (self.xs[place], self.ys[place]) if is_there else None

    def spread_at(self, x: float) -> float | None:
        """Return half the height of the band where `read` reads, None without a band or a value."""
        found = self.read(x)
        return self.spread[self.xs.index(found[0])] if found and self.spread else None

    def points(self, most: int, is_log: bool) -> tuple[list[float], list[float]]:
        """Return at most `most` finite points, both ends among them; if `is_log`, log10 of positive ones."""
        points = [(x, y) for x, y in zip(self.xs, self.ys, strict=True) if math.isfinite(y)]
        points = [(x, min(max(y, -_HUGE), _HUGE)) for x, y in points]
        if is_log:
            points = [(x, max(y, 1 / _HUGE)) for x, y in points if y > 0]
        most = max(most, 0)
        if len(points) > most:
            points = [points[i] for i in np.linspace(0, len(points) - 1, most).round().astype(int)]
        return [x for x, _ in points], [math.log10(y) if is_log else y for _, y in points]


@dataclass(frozen=True)
class Axes:
    """The size of a chart in cells, and the epochs from its left to its right edge.

    `is_robust` leaves the first epochs out of the vertical axis where they are outliers of their curve. `top`
    is the upper end of an axis of whole numbers from 0 on, None for an axis that fits the values.
    """

    width: int
    height: int
    first: int
    last: int
    is_log: bool = False
    is_robust: bool = False
    top: int | None = None


@dataclass(frozen=True)
class Chart:
    """A chart of curves.

    `margin` is the number of columns left of the first epoch. `beyond` has the first and the last epoch above
    and below the axis, by the character that marks them; `overlaps` the first and the last of the columns,
    from 0 at the first epoch, in which curves share cells.
    """

    rows: list[Row]
    margin: int
    beyond: dict[str, Ends]
    overlaps: tuple[Ends, ...]


@dataclass(frozen=True)
class _Plot:
    """The cells inside the axes, and the values from `low` to `high` that they show.

    Where values are beyond these, a row at that edge is left for their marks.
    """

    axes: Axes
    width: int
    height: int
    low: float
    high: float
    has_lower: bool
    has_higher: bool

    @property
    def ends(self) -> tuple[float, float]:
        """Return the values at the lower and the upper edge."""
        row = (self.high - self.low) / max(self.height - 1 - self.has_lower - self.has_higher, 1)
        return self.low - row * self.has_lower, self.high + row * self.has_higher

    def place(self, x: float, y: float) -> Point:
        """Return the place of a point; both ends of an axis are in the middle of a cell."""
        across = (x - self.axes.first) / max(self.axes.last - self.axes.first, 1)
        bottom, top = self.ends
        up = (y - bottom) / (top - bottom)
        return 0.5 + across * (self.width - 1), 0.5 + (1 - up) * (self.height - 1)

    def beyond(self, y: float) -> str:
        """Return the mark of a value beyond the axis, "" for one on it."""
        return ABOVE if y > self.high else BELOW if y < self.low else ""


_Points = tuple[Curve, list[float], list[float]]


@lru_cache(maxsize=24)
def draw(curves: tuple[Curve, ...], axes: Axes, ink: Colour) -> Chart | None:
    """Draw `curves`, the first on top, with axes in `ink`; None where no curve has a point.

    Cached, since plotext is slow.
    """
    drawn = [(curve, *curve.points(axes.width * _POINTS_A_COLUMN, axes.is_log)) for curve in reversed(curves)]
    drawn = [points for points in drawn if points[1]]
    if not drawn:
        return None
    low, high, values = _vertical([ys for *_, ys in drawn], axes)
    texts = labels(values)
    margin = len(texts[0]) + 1
    places = [math.log10(value) if axes.is_log else value for value in values]
    size = max(axes.width - margin, 0), max(axes.height - FOOT, 0)
    every = [y for *_, ys in drawn for y in ys]
    plot = _Plot(axes, *size, low, high, min(every) < low, max(every) > high)
    frame = _frame(axes, plot.ends, dict(zip(places, texts, strict=True)), ink)
    grid = BrailleGrid(plot.width, plot.height)
    for curve, *_ in drawn:
        _draw_band(grid, plot, curve)
    for points in drawn:
        _draw_line(grid, plot, points)
    overlaps = _overlaps(grid.shared_columns())
    for points in drawn:
        _mark_beyond(grid, plot, points)
    inside = [[*part(row, 0, margin), *cells] for row, cells in zip(frame, grid.rows(), strict=False)]
    rows = [*inside, *frame[len(inside) :]]
    return Chart(rows, margin, _beyond(drawn, plot), overlaps)


def _draw_band(grid: BrailleGrid, plot: _Plot, curve: Curve) -> None:
    """Dot the band around a curve, a column at a time, below all lines."""
    if not curve.spread:
        return
    first, last = plot.axes.first, max(plot.axes.last, plot.axes.first + 1)
    epochs = first + (last - first) * np.arange(plot.width) / max(plot.width - 1, 1)
    ends = [np.asarray(curve.ys) + sign * np.asarray(curve.spread) for sign in (-1, 1)]
    low, high = (np.clip(np.interp(epochs, curve.xs, end), -_HUGE, _HUGE) for end in ends)
    if plot.axes.is_log:
        low, high = (np.log10(np.maximum(end, 1 / _HUGE)) for end in (low, high))
    colour = blend(BACKGROUND, curve.colour, _BAND)
    for epoch, *sides in zip(epochs.tolist(), low.tolist(), high.tolist(), strict=True):
        is_there = curve.xs[0] <= epoch <= curve.xs[-1] and all(map(math.isfinite, sides))
        low_end, high_end = (plot.place(epoch, side) for side in sides) if is_there else ((0, -1), (0, -1))
        if inside := _within((low_end, high_end), plot.height):
            grid.line(inside, colour, 2, ":" if curve.marker else "")


def _draw_line(grid: BrailleGrid, plot: _Plot, points: _Points) -> None:
    """Draw the line of a curve, and a mark where it ends before the axis."""
    curve, xs, ys = points
    places = list(map(plot.place, xs, ys))
    for ends in itertools.pairwise(places):
        if inside := _within(ends, plot.height):
            grid.line(inside, curve.colour, 1, curve.marker)
    if len(places) == 1 or xs[-1] < plot.axes.last:
        grid.mark(places[-1], curve.marker or END, curve.colour)


def _mark_beyond(grid: BrailleGrid, plot: _Plot, points: _Points) -> None:
    """Put marks at the edge where points of a curve are beyond the axis."""
    curve, xs, ys = points
    for x, y in zip(xs, ys, strict=True):
        if mark := plot.beyond(y):
            grid.mark(plot.place(x, plot.ends[mark == ABOVE]), mark, curve.colour)


def _within(ends: tuple[Point, Point], height: int) -> tuple[Point, Point] | None:
    """Cut a line to the rows from 0 to `height`; None if it is outside."""
    (x0, y0), (x1, y1) = ends
    if max(y0, y1) < 0 or min(y0, y1) > height:
        return None

    def cut(x: float, y: float) -> Point:
        edge = min(max(y, 0.0), float(height))
        return (x, y) if edge == y else (x0 + (x1 - x0) * (edge - y0) / (y1 - y0), edge)

    return cut(x0, y0), cut(x1, y1)


def _beyond(drawn: Sequence[_Points], plot: _Plot) -> dict[str, Ends]:
    """Return the first and the last epoch of the points above and of those below the axis."""
    marked = [(plot.beyond(y), int(x)) for _, xs, ys in drawn for x, y in zip(xs, ys, strict=True)]
    epochs = {sign: [epoch for mark, epoch in marked if mark == sign] for sign in (ABOVE, BELOW)}
    return {sign: (min(found), max(found)) for sign, found in epochs.items() if found}


def _overlaps(columns: Sequence[int]) -> tuple[Ends, ...]:
    """Return stretches of ascending `columns` that are longer than where curves only cross."""
    stretches: list[Ends] = []
    for column in columns:
        goes_on = stretches and stretches[-1][1] == column - 1
        start = stretches.pop()[0] if goes_on else column
        stretches.append((start, column))
    return tuple((start, end) for start, end in stretches if end - start + 1 >= _SHORTEST_OVERLAP)


def _vertical(curves: Sequence[Sequence[float]], axes: Axes) -> tuple[float, float, list[float]]:
    """Return both ends of the vertical axis, and the numbers at its ticks."""
    most = axes.height // 3
    if axes.top is not None:
        return 0.0, float(axes.top), whole_ticks(0, axes.top, most)
    kept = [_kept(ys, max(map(len, curves))) for ys in curves] if axes.is_robust else curves
    low, high = limits([y for ys in kept for y in ys])
    return low, high, log_ticks(low, high, most) if axes.is_log else ticks(low, high, most)


def _kept(ys: Sequence[float], longest: int) -> Sequence[float]:
    """Return what a robust axis has to hold of a curve.

    One that is too short to tell its outliers holds only its last value beside one that is not.
    """
    return ys[-1:] if len(ys) < MIN_FOR_OUTLIERS <= longest else settled(ys)


def _frame(axes: Axes, ends: tuple[float, float], vertical: dict[float, str], ink: Colour) -> list[Row]:
    """Draw the axes with `vertical`, texts by their values, and the epochs; the inside is empty."""
    import plotext  # slow to import

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    plotext.plot_size(axes.width, axes.height)
    left, right = axes.first, max(axes.last, axes.first + 1)
    plotext.plot([left], [ends[0]], marker=" ")  # without data there are no ticks
    plotext.xlim(left, right)
    places = whole_ticks(left, right, axes.width // 10)
    plotext.xticks(places, [f"{place:g}" for place in places])
    plotext.ylim(*ends)
    plotext.yticks(list(vertical), list(vertical.values()))
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    plotext.ticks_color(ink)
    return [_row(line) for line in plotext.build().splitlines()]


def _row(line: str) -> Row:
    """Convert one line of plotext's output."""
    spans: Row = []
    colour: Colour | None = None
    for place, piece in enumerate(_ESCAPE.split(line)):
        if place % 2:
            numbers = piece.split(";")
            colour = (int(numbers[2]), int(numbers[3]), int(numbers[4])) if len(numbers) == 5 else None
        elif piece:
            spans.append(Span(piece, colour, None))
    return spans
