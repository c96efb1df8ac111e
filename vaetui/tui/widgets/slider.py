"""The slider of a walk with its stops, and how its points fare, column for column under it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vaetui.tui.canvas import Canvas, fit
from vaetui.tui.course import Curve
from vaetui.tui.look import ACCENT, BRIGHT, DIM, LINE, TEXT, scale
from vaetui.tui.walk import Walk

NAME, VALUE = 10, 13  # columns at the left and at the right
_BARS = " ▁▂▃▄▅▆▇█"
_INK = scale(0.45)


@dataclass(frozen=True, eq=False)
class Line:
    """A row, or several, of what is under the slider: `curve` is None while it is not known."""

    name: str
    value: str
    curve: Curve | None


def length(width: int) -> int:
    """How many columns the slider has in a view of `width`."""
    return max(width - NAME - VALUE - 2, 2)


def paint(canvas: Canvas, y: int, walk: Walk, labels: tuple[str, ...], step: Line) -> None:
    """The way as a line with the class of each stop on it and a mark at the step; a click goes there."""
    long = length(canvas.width)
    last = long - 1
    place = round(walk.step / (walk.steps - 1) * last)
    marks = [round(stop / walk.legs * last) for stop in range(walk.legs + 1)]
    canvas.text(1, y, step.name, DIM)
    canvas.text(NAME + long + 2, y, fit(step.value, VALUE), TEXT)
    pieces = {mark: (label, BRIGHT) for mark, label in zip(marks, labels, strict=True)}
    if place not in pieces or walk.step % walk.per_leg == 0:
        pieces[place] = (pieces[place][0] if place in pieces else "●", ACCENT)
    chosen = marks[walk.chosen]
    for column, sign in ((chosen - 1, "‹"), (chosen + 1, "›")):
        pieces.setdefault(column, (sign, ACCENT))
    for column in range(-1, long + 1):
        if column in pieces:
            text, colour = pieces[column]
            canvas.text(NAME + column, y, text, colour, bold=True)
        elif 0 <= column < long:
            canvas.text(NAME + column, y, "━" if column < place else "─", ACCENT if column < place else LINE)
    for column in range(long):
        goal = (
            marks.index(column) * walk.per_leg if column in marks else round(column / last * (walk.steps - 1))
        )
        canvas.click(NAME + column, y, 1, 1, f"at({goal})")


def curve(canvas: Canvas, y: int, height: int, walk: Walk, line: Line) -> None:
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
    eighths = np.maximum(np.rint(line.curve.heights * height * 8).astype(int), 1).tolist()
    for row in range(height):
        floor = (height - 1 - row) * 8
        bars = "".join(_BARS[min(max(bar - floor, 0), 8)] for bar in eighths)
        canvas.text(NAME, y + row, bars[:here], _INK)
        canvas.text(NAME + here, y + row, bars[here], ACCENT)
        canvas.text(NAME + here + 1, y + row, bars[here + 1 :], _INK)
