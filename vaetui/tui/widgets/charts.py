"""Curves over epochs, drawn by plotext into a canvas, and the ticks of their axes."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vaetui.render.cells import Colour, Row, Span
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.theme import ACCENT, DIM

POINTS_A_COLUMN = 2  # braille has no more
HUGE = 1e30  # more than any figure of a run that works; beyond it ticks would overflow
FOOT = 2  # rows of axis and numbers below
# The line of the cursor in what it may be drawn over.
_MARKS = {" ": "│", "\u2800": "│", "│": "│", "─": "┴", "┬": "┼"}
_CODE = re.compile(r"\x1b\[([0-9;]*)m")


@dataclass(frozen=True)
class Curve:
    """One line of a chart: `ys` over ascending `xs`, drawn with a character, in braille where it is ""."""

    name: str
    colour: Colour
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    marker: str = ""

    def at(self, x: float) -> float | None:
        """The value at `x`, None where there is none."""
        place = bisect_left(self.xs, x)
        return self.ys[place] if place < len(self.xs) and self.xs[place] == x else None

    def drawn(self, most: int, is_log: bool) -> tuple[list[float], list[float]]:
        """At most `most` of its points, first and last among them; on a logarithmic axis those above 0.

        What is not a number cannot be drawn.
        """
        points = [(x, y) for x, y in zip(self.xs, self.ys, strict=True) if math.isfinite(y)]
        points = [(x, min(max(y, -HUGE), HUGE)) for x, y in points]
        if is_log:
            points = [(x, max(y, 1 / HUGE)) for x, y in points if y > 0]
        most = max(most, 0)  # of a chart that has no column
        if len(points) > most:
            points = [points[i] for i in np.linspace(0, len(points) - 1, most).round().astype(int)]
        return [x for x, _ in points], [math.log10(y) if is_log else y for _, y in points]


@dataclass(frozen=True)
class Axes:
    """What a chart is drawn into: columns, rows, and the epochs from its left to its right edge.

    `top` is the upper end of an axis of whole numbers from 0 on, None for an axis that fits the values.
    """

    width: int
    height: int
    first: int
    last: int
    is_log: bool = False
    top: int | None = None


@dataclass(frozen=True)
class Frame:
    """Where epochs lie on a canvas: corner and size in cells of the part inside the axes."""

    x: int
    y: int
    width: int
    height: int
    first: int
    last: int

    def column(self, epoch: float) -> int:
        """The column of an epoch."""
        return self.x + round((epoch - self.first) / max(self.last - self.first, 1) * (self.width - 1))

    def epoch(self, column: int) -> int:
        """The epoch nearest to a column."""
        place = (column - self.x) / max(self.width - 1, 1)
        return self.first + round(place * (self.last - self.first))

    def holds(self, x: int, y: int) -> bool:
        """Whether a cell of the canvas belongs to it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def chart(
    canvas: Canvas, x: int, y: int, curves: Sequence[Curve], axes: Axes, epoch: int | None = None
) -> Frame | None:
    """Draw `curves`, the first on top, with axes and ticks, and a line at `epoch`.

    Returns where the epochs lie, None where there was nothing to draw.
    """
    found = _drawn(tuple(curves), axes)
    if found is None:
        return None
    rows, margin = found
    frame = Frame(x + margin, y, axes.width - margin, axes.height - FOOT, axes.first, axes.last)
    if epoch is not None:
        rows = [crossed(row, frame.column(epoch) - x, _line) for row in rows]
    canvas.picture(x, y, rows)
    return frame


@lru_cache(maxsize=24)
def _drawn(curves: tuple[Curve, ...], axes: Axes) -> tuple[list[Row], int] | None:
    """The chart without a cursor and the columns left of its epochs; kept, since plotext takes its time."""
    import plotext  # only who looks at a chart pays for it

    drawn = [(curve, *curve.drawn(axes.width * POINTS_A_COLUMN, axes.is_log)) for curve in reversed(curves)]
    drawn = [line for line in drawn if line[1]]
    if not drawn:
        return None
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    plotext.plot_size(axes.width, axes.height)
    for curve, xs, ys in drawn:
        plotext.plot(xs, ys, marker=curve.marker or "braille", color=curve.colour)
    left, right = axes.first, max(axes.last, axes.first + 1)
    plotext.xlim(left, right)
    places = whole_ticks(left, right, axes.width // 10)
    plotext.xticks(places, [f"{place:g}" for place in places])
    low, high, values = _upright([value for *_, ys in drawn for value in ys], axes)
    texts = labels(values)
    plotext.ylim(low, high)
    plotext.yticks([math.log10(v) if axes.is_log else v for v in values], texts)
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    plotext.ticks_color(DIM)
    return [_row(line) for line in plotext.build().splitlines()], len(texts[0]) + 1


def _upright(values: Sequence[float], axes: Axes) -> tuple[float, float, list[float]]:
    """Both ends of the vertical axis, and the numbers at its ticks."""
    most = axes.height // 3
    if axes.top is not None:
        return 0.0, float(axes.top), whole_ticks(0, axes.top, most)
    low, high = limits(values)
    return low, high, log_ticks(low, high, most) if axes.is_log else ticks(low, high, most)


def crossed(row: Row, column: int, redraw: Callable[[Span], Span | None]) -> Row:
    """`row` with the cell in `column` drawn anew, unless `redraw` makes nothing of it."""
    spans: Row = []
    start = 0
    for span in row:
        place, start = column - start, start + len(span.text)
        inside = 0 <= place < len(span.text)
        cell = redraw(Span(span.text[place], span.fg, span.bg)) if inside else None
        if cell is None:
            spans.append(span)
            continue
        before, after = (Span(text, span.fg, span.bg) for text in (span.text[:place], span.text[place + 1 :]))
        spans += [piece for piece in (before, cell, after) if piece.text]
    return spans


def _line(cell: Span) -> Span | None:
    """The cursor's line, which no curve is hidden by."""
    mark = _MARKS.get(cell.text)
    return Span(mark, ACCENT, None) if mark else None


def epoch_label(canvas: Canvas, x: int, y: int, frame: Frame, epoch: int, is_log: bool = False) -> None:
    """What stands below a chart from column `x` on: the kind of axis, and the epoch under its cursor."""
    if is_log:
        x = canvas.text(x, y, "log axis", DIM) + 1
    text = f"epoch {epoch}" + (", latest" if epoch == frame.last else "")
    start = min(frame.column(epoch) - len(text) // 2, frame.x + frame.width - len(text))
    canvas.text(max(start, x), y, text, ACCENT)


def _row(line: str) -> Row:
    """One line of plotext's output as spans."""
    spans: Row = []
    colour: Colour | None = None
    parts = _CODE.split(line)
    for place, part in enumerate(parts):
        if place % 2:
            numbers = part.split(";")
            colour = (int(numbers[2]), int(numbers[3]), int(numbers[4])) if len(numbers) == 5 else None
        elif part:
            spans.append(Span(part, colour, None))
    return spans


def limits(values: Sequence[float]) -> tuple[float, float]:
    """The lowest and highest of `values` with a little room, never the same number twice."""
    low, high = min(values), max(values)
    room = (high - low) * 0.04 or abs(high) * 0.05 or 1.0
    return max(low - room, 0.0) if low >= 0 else low - room, high + room


def _step(span: float, most: int) -> float:
    """The smallest of 1, 2 or 5 times a power of ten that divides `span` into at most `most` parts."""
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough), 10 * power)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between `low` and `high`, about `most` of them and at least the two limits."""
    step = _step(high - low, most)
    first, last = math.ceil(low / step), math.floor(high / step)
    values = [number * step for number in range(first, last + 1)]
    return values if len(values) > 1 else [low, high]


def whole_ticks(low: float, high: float, most: int) -> list[float]:
    """Round whole numbers between `low` and `high`, both of them whole."""
    step = max(_step(high - low, most), 1)
    inner = [value for value in ticks(low, high, most) if value == round(value)] if step > 1 else []
    if not inner:
        return [float(value) for value in range(int(low), int(high) + 1)]
    return inner


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between 10^`low` and 10^`high` for a logarithmic axis."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    fine = [factor * 10.0**decade for decade in decades for factor in (1, 2, 5)]
    coarse = [10.0**decade for decade in decades[:: math.ceil(len(decades) / max(most, 3))]]
    for candidates in (fine, coarse):
        inside = [value for value in candidates if low <= math.log10(value) <= high]
        if 3 <= len(inside) <= max(most, 3):
            return inside
    return ticks(10.0**low, 10.0**high, most)


def labels(values: Sequence[float]) -> list[str]:
    """The numbers as texts of one width, with as many digits as tell them apart."""
    for digits in range(9):
        texts = [f"{value:.{digits}f}" for value in values]
        if len(set(texts)) == len(texts):
            break
    if max(map(len, texts)) > 8:
        texts = [f"{value:.2e}" for value in values]
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts]
