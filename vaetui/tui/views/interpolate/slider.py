"""The slider of an interpolation with its stops, and metrics of its points, column for column under it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat

import numpy as np

from vaetui.latent.decoded_path import SliderCurve
from vaetui.latent.interpolation import Interpolation
from vaetui.render.theme import ACCENT, BRIGHT, DIM, LINE, TEXT, scale_colour
from vaetui.tui.screen.canvas import Canvas, ClickZone, fit

NAME, VALUE = 10, 13  # columns at the left and at the right
_BARS = " ▁▂▃▄▅▆▇█"
_INK = scale_colour(0.45)


@dataclass(frozen=True, eq=False)
class SliderRow:
    """The slider or a metric under it, with its value at the step; `curve` is None while it is unknown."""

    name: str
    value: str
    curve: SliderCurve | None


def length(width: int) -> int:
    """Return how many columns the slider has in a view of `width`."""
    return max(width - NAME - VALUE - 2, 2)


def paint(
    canvas: Canvas, y: int, interpolation: Interpolation, labels: tuple[str, ...], row: SliderRow
) -> None:
    """Paint a track with the class of each stop and a mark at the step; a click goes to a step."""
    columns = length(canvas.width)
    last = columns - 1
    place = round(interpolation.step / (interpolation.steps - 1) * last)
    marks = [round(stop / interpolation.segments * last) for stop in range(interpolation.segments + 1)]
    canvas.text(1, y, row.name, DIM)
    canvas.text(NAME + columns + 2, y, fit(row.value, VALUE), TEXT)
    pieces = dict(zip(marks, zip(labels, repeat(BRIGHT), strict=False), strict=True))
    if place not in pieces or interpolation.step % interpolation.steps_per_segment == 0:
        pieces[place] = (pieces[place][0] if place in pieces else "●", ACCENT)
    chosen = marks[interpolation.selected_stop]
    for column, sign in ((chosen - 1, "‹"), (chosen + 1, "›")):
        pieces.setdefault(column, (sign, ACCENT))
    column = 0
    for mark in (*sorted(pieces), columns):
        for start, end, sign, colour in (
            (column, min(mark, place), "━", ACCENT),
            (max(column, place), mark, "─", LINE),
        ):
            canvas.text(NAME + start, y, sign * (end - start), colour)
        column = max(column, mark + 1)
    for mark, (text, colour) in pieces.items():
        canvas.text(NAME + mark, y, text, colour, bold=True)
    canvas.zones += _zones(y, tuple(marks), columns, interpolation.steps_per_segment)


@lru_cache(maxsize=4)
def _zones(y: int, marks: tuple[int, ...], columns: int, per_leg: int) -> tuple[ClickZone, ...]:
    """Return the zones of a click: a column goes to its step, that of a stop to the stop."""
    last = (len(marks) - 1) * per_leg
    steps = [round(column / (columns - 1) * last) for column in range(columns)]
    for stop, mark in enumerate(reversed(marks)):  # of stops on one column the first counts
        steps[mark] = last - stop * per_leg
    return tuple(ClickZone(NAME + column, y, 1, 1, f"at({step})") for column, step in enumerate(steps))


def paint_metric(canvas: Canvas, y: int, height: int, interpolation: Interpolation, row: SliderRow) -> None:
    """Paint a metric along the path as bars, `height` rows high, and its value at the step."""
    columns = length(canvas.width)
    middle, x = y + height // 2, NAME + columns + 2
    canvas.text(1, middle, row.name, DIM)
    canvas.text(x, middle, fit(row.value, VALUE), TEXT)
    if row.curve is None:
        return
    if height > 2:
        canvas.text(x, y, fit(row.curve.top, VALUE), DIM)
        canvas.text(x, y + height - 1, fit(row.curve.bottom, VALUE), DIM)
    here = round(interpolation.step / (interpolation.steps - 1) * (columns - 1))
    for line, bars in enumerate(_bars(row.curve, height), y):
        canvas.text(NAME, line, bars[:here], _INK)
        canvas.text(NAME + here, line, bars[here], ACCENT)
        canvas.text(NAME + here + 1, line, bars[here + 1 :], _INK)


@lru_cache(maxsize=8)
def _bars(curve: SliderCurve, height: int) -> tuple[str, ...]:
    """Draw `height` rows of a character a column."""
    eighths = np.maximum(np.rint(curve.heights * height * 8).astype(int), 1).tolist()
    floors = range((height - 1) * 8, -1, -8)
    return tuple("".join(_BARS[min(max(bar - floor, 0), 8)] for bar in eighths) for floor in floors)
