"""The field one draws on: large pixels, a cursor, and which pixel is under the mouse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.contract.config import SIDE
from vaetui.arrays import Floats
from vaetui.render.cells import LOWER, UPPER, Colour, Row, Span
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.theme import ACCENT, BACKGROUND, DIM, PAPER, TEXT, WARNING, has_colours, ink
from vaetui.tui.widgets import digit


@dataclass(frozen=True)
class Box:
    """Where the field is; a pixel is two columns × one row (`across` 2), or a column × half a row (1)."""

    x: int
    y: int
    across: int

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return SIDE * self.across, SIDE * self.across // 2

    def holds(self, x: int, y: int) -> bool:
        """Whether the cell at column `x` of row `y` is part of it."""
        return 0 <= x - self.x < self.size[0] and 0 <= y - self.y < self.size[1]

    def place(self, x: int, y: int) -> tuple[float, float]:
        """The place on the page under the middle of a cell, or the nearest to it, in pixels."""
        right = (x - self.x + 0.5) / self.across - 0.5
        down = (y - self.y + 0.5) * 2 / self.across - 0.5
        return min(max(right, 0.0), SIDE - 1.0), min(max(down, 0.0), SIDE - 1.0)


@dataclass(frozen=True)
class Cursor:
    """The pixel it is at, whether the pen is down, and whether that erases."""

    x: int
    y: int
    is_down: bool
    erases: bool


def field(canvas: Canvas, box: Box, page: Floats, cursor: Cursor) -> None:
    """Draw the page `(28, 28)` and the cursor; a dotted edge where paper looks as what is around it."""
    rows = list(digit.rows(page.ravel(), canvas.terminal, box.size))  # which are kept: not to be changed
    is_plain = canvas.terminal.glyphs == "ascii" or canvas.terminal.depth == "none"
    if is_plain or not has_colours(canvas.terminal):
        rows = _edged(rows, None if is_plain else PAPER)
    row = cursor.y if box.across == 2 else cursor.y // 2
    rows[row] = _over(rows[row], cursor.x * box.across, _mark(box, page, cursor, is_plain))
    canvas.picture(box.x, box.y, rows)


def _mark(box: Box, page: Floats, cursor: Cursor, is_plain: bool) -> Span:
    """The cursor over its pixel."""
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
    """`rows` with a dot in every empty cell of their edge."""
    edged = []
    paper = _ink(0.0)
    for y, row in enumerate(rows):
        text = "".join(span.text for span in row)
        levels = [span.bg for span in row for _ in span.text]
        for x, character in enumerate(text):
            is_edge = y in (0, len(rows) - 1) or x in (0, len(text) - 1)
            if is_edge and character == " " and levels[x] in (None, paper):
                row = _over(row, x, Span("·", DIM, back))
        edged.append(row)
    return edged


def _over(row: Row, column: int, new: Span) -> Row:
    """`row` with `new` at a column, over what is there."""
    before: Row = []
    after: Row = []
    start, end = 0, column + len(new.text)
    for span in row:
        head, tail = span.text[: max(column - start, 0)], span.text[max(end - start, 0) :]
        before += [Span(head, span.fg, span.bg)] if head else []
        after += [Span(tail, span.fg, span.bg)] if tail else []
        start += len(span.text)
    return [*before, new, *after]
