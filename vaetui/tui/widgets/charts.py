"""Curves over epochs, drawn by plotext into a canvas, and the ticks of their axes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vaetui.render.cells import Colour, Row, Span
from vaetui.tui.canvas import Canvas
from vaetui.tui.look import DIM

POINTS_A_COLUMN = 2  # braille has no more
HUGE = 1e30  # more than any figure of a run that works; beyond it ticks would overflow
_CODE = re.compile(r"\x1b\[([0-9;]*)m")


@dataclass(frozen=True)
class Curve:
    """One line of a chart: `ys` over `xs`."""

    name: str
    colour: Colour
    xs: tuple[float, ...]
    ys: tuple[float, ...]

    def drawn(self, most: int, is_log: bool) -> tuple[list[float], list[float]]:
        """At most `most` of its points, first and last among them; on a logarithmic axis those above 0."""
        points = [(x, min(max(y, -HUGE), HUGE)) for x, y in zip(self.xs, self.ys, strict=True)]
        if is_log:
            points = [(x, max(y, 1 / HUGE)) for x, y in points if y > 0]
        if len(points) > most:
            points = [points[i] for i in np.linspace(0, len(points) - 1, most).round().astype(int)]
        return [x for x, _ in points], [math.log10(y) if is_log else y for _, y in points]


def chart(
    canvas: Canvas, x: int, y: int, width: int, height: int, curves: Sequence[Curve], is_log: bool
) -> bool:
    """Draw `curves` with axes and ticks into a rectangle. Returns whether there was anything to draw."""
    import plotext  # only who looks at a chart pays for it

    drawn = [(curve, *curve.drawn(width * POINTS_A_COLUMN, is_log)) for curve in curves]
    drawn = [line for line in drawn if line[1]]
    if not drawn:
        return False
    xs = [value for _, xs, _ in drawn for value in xs]
    low, high = limits([value for _, _, ys in drawn for value in ys])
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    plotext.plot_size(width, height)
    for curve, curve_xs, curve_ys in drawn:
        plotext.plot(curve_xs, curve_ys, marker="braille", color=curve.colour)
    left, right = min(xs), max(*xs, min(xs) + 1)
    plotext.xlim(left, right)
    plotext.ylim(low, high)
    places = whole_ticks(left, right, width // 10)
    plotext.xticks(places, [f"{place:g}" for place in places])
    values = log_ticks(low, high, height // 3) if is_log else ticks(low, high, height // 3)
    plotext.yticks([math.log10(v) if is_log else v for v in values], labels(values))
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    plotext.ticks_color(DIM)
    plotext.xlabel("epoch")
    canvas.picture(x, y, [_row(line) for line in plotext.build().splitlines()])
    return True


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
