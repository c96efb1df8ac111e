"""One test digit large: original, reconstruction, difference, what it costs, and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Floats
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.theme import ACCENT, BRIGHT, DIM, TEXT, difference
from vaetui.tui.widgets.digit import DOUBLE, FULL, THUMB, digit

SMALL = (10, 5)  # columns and rows of a difference that has no other room
NAME, VALUE = 13, 8  # columns
Figure = tuple[str, str, str]  # what it is, how much, its unit and protocol


@dataclass(frozen=True)
class Layout:
    """Places as columns and rows; `change` is that of the difference, None where there is no room for it.

    `words` is the first place for words, `lines` how many there are. The neighbours are from row `strip` on,
    `across` of them, none without room, over their reconstructions where they are `in_pairs`.
    """

    size: tuple[int, int]
    made: int
    change: tuple[int, int] | None
    change_size: tuple[int, int]
    words: tuple[int, int]
    lines: int
    strip: int
    across: int
    in_pairs: bool


@dataclass(frozen=True, eq=False)
class Near:
    """A digit beside the one that is seen: its number, pictures `(784,)` and what is written under it."""

    image: int
    original: Floats
    made: Floats
    note: str


@dataclass(frozen=True, eq=False)
class Large:
    """One digit: pictures `(784,)`, its figures, what they are in two lines, where it stands.

    `near` are its neighbours with itself, at `at` among them.
    """

    original: Floats
    made: Floats
    figures: Sequence[Figure]
    brief: tuple[str, str]
    rank: str
    near: Sequence[Near]
    at: int


def layout(width: int, height: int) -> Layout:
    """The arrangement for a pane, under one line of caption."""
    is_double = width >= 2 * DOUBLE[0] + FULL[0] + 2 and height >= DOUBLE[1] + 2
    size = DOUBLE if is_double else FULL
    gap = 1 if width > 2 * size[0] else 0
    made, third, below = size[0] + gap, 2 * (size[0] + gap), 2 + size[1]
    spare = height - below - 1 - (0 if is_double else 6)
    pictures = min(max(spare // THUMB[1], 0), 2)
    strip = height - pictures * THUMB[1] - 1 if pictures else height
    near = (strip, width // (THUMB[0] + 1) if pictures else 0, pictures == 2)
    top = below - (strip - below < SMALL[1])  # without a blank line where there are few
    if width - third >= FULL[0]:
        words = (third + 1, 2 + FULL[1]) if is_double else (1, top)
        return Layout(size, made, (third, 1), FULL, words, strip - words[1], *near)
    if strip - top >= SMALL[1]:
        return Layout(size, made, (1, top), SMALL, (SMALL[0] + 3, top), strip - top, *near)
    return Layout(size, made, None, SMALL, (1, top), strip - top, *near)


def paint(canvas: Canvas, plan: Layout, seen: Large) -> None:
    """Lay it out; a click on a neighbour looks at it."""
    digit(canvas, 0, 1, seen.original, plan.size)
    digit(canvas, plan.made, 1, seen.made, plan.size)
    if plan.change is not None:
        change = np.asarray(seen.made - seen.original, np.float32)
        digit(canvas, *plan.change, change, plan.change_size, difference)
    _words(canvas, plan, seen)
    first = min(max(seen.at - plan.across // 2, 0), max(len(seen.near) - plan.across, 0))
    for place, near in enumerate(seen.near[first : first + plan.across]):
        x, y, is_here = place * (THUMB[0] + 1), plan.strip, first + place == seen.at
        for pixels in (near.original, near.made) if plan.in_pairs else (near.original,):
            digit(canvas, x, y, pixels)
            y += THUMB[1]
        note = f"›{near.note}‹" if is_here else near.note
        canvas.centred(x, THUMB[0], y, note, ACCENT if is_here else DIM, bold=is_here)
        canvas.click(x, plan.strip, THUMB[0], y + 1 - plan.strip, f"show_digit({near.image})")


def _words(canvas: Canvas, plan: Layout, seen: Large) -> None:
    x, y = plan.words
    room = canvas.width - x - 1
    if plan.lines < len(seen.figures) + 1:
        canvas.text(x, y, fit(seen.brief[0], room), BRIGHT, bold=True)
        canvas.text(x, y + 1, fit(seen.brief[1], room), TEXT)
        return
    canvas.text(x, y, fit(seen.rank, room), TEXT)
    for line, (name, value, unit) in enumerate(seen.figures, y + 1):
        canvas.text(x, line, name, DIM)
        canvas.right(x + NAME + VALUE, line, value, BRIGHT, bold=True)
        column = x + NAME + VALUE + 1
        canvas.text(column, line, fit(unit, canvas.width - column), DIM)
