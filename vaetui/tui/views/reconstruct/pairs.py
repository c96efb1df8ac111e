"""Columns of original over reconstruction over, where there is room, their difference, with notes below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Floats
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.theme import BRIGHT, DIM, TEXT, difference, ink
from vaetui.tui.widgets.digit import THUMB, columns, digit

ROW = THUMB[1]


@dataclass(frozen=True)
class Layout:
    """How many digits go `across`, `pitch` columns apart from column `left` on, in how many `bands`.

    A band has `pictures` thumbnails over each other (the third is the difference) and `notes` lines below.
    """

    across: int
    pitch: int
    left: int
    bands: int
    pictures: int
    notes: int

    @property
    def digits(self) -> int:
        """How many are seen at once."""
        return self.across * self.bands

    @property
    def lines(self) -> int:
        """Rows of a band."""
        return self.pictures * ROW + self.notes


@dataclass(frozen=True, eq=False)
class Pair:
    """One digit: pictures `(784,)`, its class, a figure with its unit, and what else is to be said.

    There is no original where its dataset is not here.
    """

    original: Floats | None
    made: Floats
    label: str
    figure: str
    unit: str
    more: str = ""


def layout(width: int, height: int) -> Layout:
    """What fits under one line of caption."""
    room = height - 1
    pictures = 3 if room >= 3 * ROW + 1 else 2
    bands = max(room // (pictures * ROW + 1), 1)
    notes = 2 if room - bands * (pictures * ROW + 1) > bands else 1
    return Layout(*columns(width), bands, pictures, notes)


def legend(plan: Layout) -> tuple[str, ...]:
    """What is over what, and what the colours of a difference mean."""
    if plan.pictures == 3:
        return "original, reconstruction, difference", "orange: too much ink, blue: too little"
    return ("over their reconstructions",)


def paint(canvas: Canvas, plan: Layout, pairs: Sequence[Pair]) -> None:
    """From the second line on."""
    for place, pair in enumerate(pairs[: plan.digits]):
        x = plan.left + place % plan.across * plan.pitch
        y = 1 + place // plan.across * plan.lines
        if pair.original is not None:
            digit(canvas, x, y, pair.original)
            if plan.pictures > 2:
                change = np.asarray(pair.made - pair.original, np.float32)
                digit(canvas, x, y + 2 * ROW, change, colours=difference)
        digit(canvas, x, y + ROW, pair.made, colours=ink)
        notes = y + plan.pictures * ROW
        column = canvas.text(x + 1, notes, pair.label, TEXT)
        column = canvas.text(column + 1, notes, pair.figure, BRIGHT, bold=True)
        canvas.text(column + 1, notes, pair.unit, DIM)
        if plan.notes > 1:
            canvas.text(x + 3, notes + 1, pair.more, DIM)
