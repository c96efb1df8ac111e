"""The drawing field: large pixels, a cursor, and which pixel is under the mouse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.contract.config import SIDE
from vaetui.arrays import Floats
from vaetui.render.colours import Colour
from vaetui.render.spans import LOWER, UPPER, Row, Span, overlay
from vaetui.render.theme import ACCENT, BACKGROUND, DIM, PAPER, TEXT, WARNING, has_colours, ink
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets import images
from vaetui.tui.widgets.layout import Rect


@dataclass(frozen=True)
class Field(Rect):
    """The place of the field; a pixel is two columns × one row (`across` 2) or one × half a row (1)."""

    @property
    def across(self) -> int:
        """Return the columns of a pixel."""
        return self.width // SIDE

    def place(self, x: int, y: int) -> tuple[float, float]:
        """Return the place on the page, in pixels, that is nearest to the middle of a cell."""
        right = (x - self.x + 0.5) / self.across - 0.5
        down = (y - self.y + 0.5) * 2 / self.across - 0.5
        return min(max(right, 0.0), SIDE - 1.0), min(max(down, 0.0), SIDE - 1.0)


@dataclass(frozen=True)
class Cursor:
    """The pixel of the cursor, whether the pen is down, and whether it erases."""

    x: int
    y: int
    is_down: bool
    erases: bool


def field(canvas: Canvas, box: Field, page: Floats, cursor: Cursor) -> None:
    """Paint the page `(28, 28)` and the cursor; with a dotted edge where paper looks like the ground."""
    rows = list(
        images.rows(page.ravel(), canvas.terminal, (box.width, box.height))
    )  # a copy: they are cached
    is_plain = canvas.terminal.glyphs == "ascii" or canvas.terminal.depth == "none"
    if is_plain or not has_colours(canvas.terminal):
        rows = _edged(rows, None if is_plain else PAPER)
    row = cursor.y if box.across == 2 else cursor.y // 2
    rows[row] = overlay(rows[row], cursor.x * box.across, _mark(box, page, cursor, is_plain))
    canvas.picture(box.x, box.y, rows)


def _mark(box: Field, page: Floats, cursor: Cursor, is_plain: bool) -> Span:
    """Return the cursor over its pixel."""
    colour = WARNING if cursor.erases else ACCENT
    if box.across == 2:
        text = "<>" if cursor.is_down else "[]"
        if is_plain:
            return Span(text, TEXT, None)
        level = float(page[cursor.y, cursor.x])
        back = colour if cursor.is_down else _ink(level)
        return Span(text, BACKGROUND if cursor.is_down or level > 0.5 else colour, back)
    if is_plain:
        return Span("v" if cursor.y % 2 else "^", TEXT, None)
    other = _ink(float(page[cursor.y ^ 1, cursor.x]))
    return Span(LOWER if cursor.y % 2 else UPPER, colour, other)


def _ink(level: float) -> Colour:
    red, green, blue = ink(np.array([level], np.float32))[0].tolist()
    return red, green, blue


def _edged(rows: list[Row], back: Colour | None) -> list[Row]:
    """Return `rows` with a dot in every empty cell of their edge."""
    edged = []
    paper = _ink(0.0)
    for y, row in enumerate(rows):
        text = "".join(span.text for span in row)
        levels = [span.bg for span in row for _ in span.text]
        for x, character in enumerate(text):
            is_edge = y in (0, len(rows) - 1) or x in (0, len(text) - 1)
            if is_edge and character == " " and levels[x] in (None, paper):
                row = overlay(row, x, Span("·", DIM, back))
        edged.append(row)
    return edged
