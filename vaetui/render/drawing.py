"""Drawings of rectangles and text for image files, and a terminal's screen as a drawing.

Characters that a terminal builds pictures of (blocks, lines, braille) become rectangles, exact and without
seams, so that only letters depend on the fonts of a machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal, NamedTuple

from rich.cells import cell_len

from vaetui.render.colours import Colour, blend
from vaetui.render.spans import LOWER, QUARTERS, UPPER

WIDE, HIGH = 8, 16  # units of a cell
BASE, SIZE = 12, 13  # units: where letters stand in a cell, and the size of their font


Anchor = Literal["start", "middle"]


class Rectangle(NamedTuple):
    """A filled rectangle."""

    x: int
    y: int
    width: int
    height: int
    colour: Colour


class DrawnText(NamedTuple):
    """Text with its baseline at `y`, `pitch` units a letter from `x` on.

    With a pitch of 0, letters are as wide as the font has them, and `anchor` is the part that is at `x`.
    """

    x: int
    y: int
    text: str
    colour: Colour
    size: int
    is_bold: bool = False
    pitch: int = 0
    anchor: Anchor = "middle"


@dataclass(frozen=True, eq=False)
class Drawing:
    """Boxes on a ground, marks over these, words over all; a unit is `scale` pixels.

    `plain` replaces characters that a font may lack by ASCII of the same width.
    """

    width: int
    height: int
    scale: int
    ground: Colour
    boxes: tuple[Rectangle, ...]
    marks: tuple[Rectangle, ...] = ()
    words: tuple[DrawnText, ...] = ()
    plain: Callable[[str], str] = str


class StyledCells(NamedTuple):
    """Neighbouring cells of one style on a screen."""

    text: str
    fg: Colour
    bg: Colour
    is_bold: bool = False


def draw_screen(
    rows: Sequence[Sequence[StyledCells]], ground: Colour, plain: Callable[[str], str]
) -> Drawing:
    """Draw a terminal's screen, as wide as its widest row."""
    boxes: list[Rectangle] = []
    marks: list[Rectangle] = []
    words: list[DrawnText] = []
    width = 0
    for line, row in enumerate(rows):
        x, y = 0, line * HIGH
        for piece in row:
            size = cell_len(piece.text) * WIDE
            if piece.bg != ground:
                boxes.append(Rectangle(x, y, size, HIGH, piece.bg))
            if not piece.text.isspace():
                marks += _marks(piece, x, y)
                words += _words(piece, x, y + BASE)
            x += size
        width = max(width, x)
    return Drawing(width, len(rows) * HIGH, 2, ground, tuple(boxes), tuple(marks), tuple(words), plain)


def _marks(piece: StyledCells, x: int, y: int) -> Iterable[Rectangle]:
    for char, alike in groupby(piece.text):
        count = len(list(alike))
        for left, top, width, height, part in _shape(char):
            colour = blend(piece.bg, piece.fg, part)
            if width == WIDE:
                yield Rectangle(x, y + top, count * WIDE, height, colour)
                continue
            for place in range(count):
                yield Rectangle(x + place * WIDE + left, y + top, width, height, colour)
        x += count * cell_len(char) * WIDE


def _words(piece: StyledCells, x: int, y: int) -> Iterable[DrawnText]:
    """Return text without the spaces between separate words, so that no font can shift it far."""
    for kind, alike in groupby(piece.text, _kind):
        text = "".join(alike)
        if kind:
            yield DrawnText(x, y, text, piece.fg, SIZE, piece.is_bold, kind * WIDE)
        x += cell_len(text) * WIDE


def _kind(char: str) -> int:
    """Return how many cells a letter takes; 0 for anything else."""
    return 0 if char.isspace() or _shape(char) else cell_len(char)


# --- characters that are shapes ---------------------------------------------------------------------

Part = tuple[int, int, int, int, float]  # left, top, width, height in units, how much of the colour

_EIGHTHS_UP, _EIGHTHS_RIGHT = " ▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█"
_SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}
# How thick the arms of a line are to the left, to the right, up and down.
_ARMS = {
    "─": (1, 1, 0, 0),
    "━": (2, 2, 0, 0),
    "│": (0, 0, 1, 1),
    "┃": (0, 0, 2, 2),
    "┼": (1, 1, 1, 1),
    "├": (0, 1, 1, 1),
    "┤": (1, 0, 1, 1),
    "┬": (1, 1, 0, 1),
    "┴": (1, 1, 1, 0),
    "┌": (0, 1, 0, 1),
    "┐": (1, 0, 0, 1),
    "└": (0, 1, 1, 0),
    "┘": (1, 0, 1, 0),
    "╸": (2, 0, 0, 0),
    "╺": (0, 2, 0, 0),
    "╴": (1, 0, 0, 0),
    "╶": (0, 1, 0, 0),
}
_BRAILLE = 0x2800
# The column and row of each dot of braille, in the order of its bits.
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))


@lru_cache(maxsize=1024)
def _shape(char: str) -> tuple[Part, ...]:
    """Return the rectangles that a character is made of, () for a letter."""
    if char == UPPER:
        return ((0, 0, WIDE, HIGH // 2, 1.0),)
    if char == LOWER or char in _EIGHTHS_UP[1:]:
        height = _EIGHTHS_UP.index(char) * HIGH // 8
        return ((0, HIGH - height, WIDE, height, 1.0),)
    if char in _EIGHTHS_RIGHT[1:]:
        return ((0, 0, _EIGHTHS_RIGHT.index(char), HIGH, 1.0),)
    if char in _SHADES:
        return ((0, 0, WIDE, HIGH, _SHADES[char]),)
    if char in QUARTERS:
        filled = [place for place in range(4) if QUARTERS.index(char) >> place & 1]
        return tuple((place % 2 * 4, place // 2 * 8, WIDE // 2, HIGH // 2, 1.0) for place in filled)
    if char in _ARMS:
        return _lines(*_ARMS[char])
    dots = ord(char) - _BRAILLE
    if 0 < dots < 256:
        return tuple((1 + 4 * x, 1 + 4 * y, 2, 2, 1.0) for bit, (x, y) in enumerate(_DOTS) if dots >> bit & 1)
    return ()


def _lines(left: int, right: int, up: int, down: int) -> tuple[Part, ...]:
    """Return arms from the middle of a cell to its edges; a thickness of 0 is none."""
    x, y, most = WIDE // 2, HIGH // 2, max(left, right, up, down)
    start, end = (0 if left else x - most // 2), (WIDE if right else x + most - most // 2)
    top, foot = (0 if up else y - most // 2), (HIGH if down else y + most - most // 2)
    across, along = max(left, right), max(up, down)
    parts = []
    if across:
        parts.append((start, y - across // 2, end - start, across, 1.0))
    if along:
        parts.append((x - along // 2, top, along, foot - top, 1.0))
    return tuple(parts)
