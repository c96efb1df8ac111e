"""Curves over epochs as rows of spans, drawn by plotext."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vaetui.render.colours import Colour
from vaetui.render.spans import Row, Span
from vaetui.render.ticks import labels, limits, log_ticks, ticks, whole_ticks

FOOT = 2  # rows of axis and numbers below the curves
_POINTS_A_COLUMN = 2  # braille has no more
_HUGE = 1e30  # more than any metric of a working run; larger numbers would overflow the ticks
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")


@dataclass(frozen=True)
class Curve:
    """One curve: `ys` over ascending `xs`, drawn with the character `marker`, in braille where that is ""."""

    colour: Colour
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    marker: str = ""

    def at(self, x: float) -> float | None:
        """Return the value at `x`, None where there is none."""
        place = bisect_left(self.xs, x)
        return self.ys[place] if place < len(self.xs) and self.xs[place] == x else None

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

    `top` is the upper end of an axis of whole numbers from 0 on, None for an axis that fits the values.
    """

    width: int
    height: int
    first: int
    last: int
    is_log: bool = False
    top: int | None = None


@lru_cache(maxsize=24)
def draw(curves: tuple[Curve, ...], axes: Axes, ink: Colour) -> tuple[list[Row], int] | None:
    """Draw `curves`, the first on top, with axes in `ink`; also return the columns left of the first epoch.

    None where no curve has a point. Cached, since plotext is slow.
    """
    import plotext  # slow to import

    drawn = [(curve, *curve.points(axes.width * _POINTS_A_COLUMN, axes.is_log)) for curve in reversed(curves)]
    drawn = [curve for curve in drawn if curve[1]]
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
    low, high, values = _vertical([value for *_, ys in drawn for value in ys], axes)
    texts = labels(values)
    plotext.ylim(low, high)
    plotext.yticks([math.log10(v) if axes.is_log else v for v in values], texts)
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    plotext.ticks_color(ink)
    return [_row(line) for line in plotext.build().splitlines()], len(texts[0]) + 1


def _vertical(values: Sequence[float], axes: Axes) -> tuple[float, float, list[float]]:
    """Return both ends of the vertical axis, and the numbers at its ticks."""
    most = axes.height // 3
    if axes.top is not None:
        return 0.0, float(axes.top), whole_ticks(0, axes.top, most)
    low, high = limits(values)
    return low, high, log_ticks(low, high, most) if axes.is_log else ticks(low, high, most)


def _row(line: str) -> Row:
    """Convert one line of plotext's output."""
    spans: Row = []
    colour: Colour | None = None
    for place, part in enumerate(_ESCAPE.split(line)):
        if place % 2:
            numbers = part.split(";")
            colour = (int(numbers[2]), int(numbers[3]), int(numbers[4])) if len(numbers) == 5 else None
        elif part:
            spans.append(Span(part, colour, None))
    return spans
