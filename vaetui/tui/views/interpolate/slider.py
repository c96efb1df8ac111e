"""The slider of a walk with its stops, and how its points fare, column for column under it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vaetui.latent.decoded_path import SliderCurve
from vaetui.latent.interpolation import Interpolation
from vaetui.tui.screen.canvas import Canvas, ClickZone, fit
from vaetui.tui.screen.theme import ACCENT, BRIGHT, DIM, LINE, TEXT, scale_colour

NAME, VALUE = 10, 13  # columns at the left and at the right
_BARS = " ▁▂▃▄▅▆▇█"
_INK = scale_colour(0.45)


@dataclass(frozen=True, eq=False)
class Line:
    """A row, or several, of what is under the slider: `curve` is None while it is not known."""

    name: str
    value: str
    curve: SliderCurve | None


def length(width: int) -> int:
    """How many columns the slider has in a view of `width`."""
    return max(width - NAME - VALUE - 2, 2)


def paint(canvas: Canvas, y: int, walk: Interpolation, labels: tuple[str, ...], step: Line) -> None:
    """The way as a line with the class of each stop on it and a mark at the step; a click goes there."""
    long = length(canvas.width)
    last = long - 1
    place = round(walk.step / (walk.steps - 1) * last)
    marks = [round(stop / walk.segments * last) for stop in range(walk.segments + 1)]
    canvas.text(1, y, step.name, DIM)
    canvas.text(NAME + long + 2, y, fit(step.value, VALUE), TEXT)
    pieces = {mark: (label, BRIGHT) for mark, label in zip(marks, labels, strict=True)}
    if place not in pieces or walk.step % walk.steps_per_segment == 0:
        pieces[place] = (pieces[place][0] if place in pieces else "●", ACCENT)
    chosen = marks[walk.selected_stop]
    for column, sign in ((chosen - 1, "‹"), (chosen + 1, "›")):
        pieces.setdefault(column, (sign, ACCENT))
    column = 0
    for mark in (*sorted(pieces), long):
        for start, end, sign, colour in (
            (column, min(mark, place), "━", ACCENT),
            (max(column, place), mark, "─", LINE),
        ):
            canvas.text(NAME + start, y, sign * (end - start), colour)
        column = max(column, mark + 1)
    for mark, (text, colour) in pieces.items():
        canvas.text(NAME + mark, y, text, colour, bold=True)
    canvas.zones += _goals(y, tuple(marks), long, walk.steps_per_segment)


@lru_cache(maxsize=4)
def _goals(y: int, marks: tuple[int, ...], long: int, per_leg: int) -> tuple[ClickZone, ...]:
    """A click on a column goes to its step, on a stop to the stop."""
    last = (len(marks) - 1) * per_leg
    steps = [round(column / (long - 1) * last) for column in range(long)]
    for stop, mark in enumerate(reversed(marks)):  # of stops on one column the first counts
        steps[mark] = last - stop * per_leg
    return tuple(ClickZone(NAME + column, y, 1, 1, f"at({step})") for column, step in enumerate(steps))


def curve(canvas: Canvas, y: int, height: int, walk: Interpolation, line: Line) -> None:
    """A value along the walk as bars, `height` rows of them, and what it is at the step."""
    long = length(canvas.width)
    middle = y + height // 2
    canvas.text(1, middle, line.name, DIM)
    canvas.text(NAME + long + 2, middle, fit(line.value, VALUE), TEXT)
    if line.curve is None:
        return
    if height > 2:
        canvas.text(NAME + long + 2, y, fit(line.curve.top, VALUE), DIM)
        canvas.text(NAME + long + 2, y + height - 1, fit(line.curve.bottom, VALUE), DIM)
    here = round(walk.step / (walk.steps - 1) * (long - 1))
    for row, bars in enumerate(_bars(line.curve, height)):
        canvas.text(NAME, y + row, bars[:here], _INK)
        canvas.text(NAME + here, y + row, bars[here], ACCENT)
        canvas.text(NAME + here + 1, y + row, bars[here + 1 :], _INK)


@lru_cache(maxsize=8)
def _bars(curve: SliderCurve, height: int) -> tuple[str, ...]:
    """`height` rows of a character a column."""
    eighths = np.maximum(np.rint(curve.heights * height * 8).astype(int), 1).tolist()
    floors = range((height - 1) * 8, -1, -8)
    return tuple("".join(_BARS[min(max(bar - floor, 0), 8)] for bar in eighths) for floor in floors)
