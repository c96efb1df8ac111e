"""A grid of cells with lines of braille dots and texts, which lines do not cover.

Lines of one colour are a layer; a layer that begins later lies above. A cell of several layers has the dots
of all in the colour of the uppermost. Where lines run together for long, every layer has a cell of its colour
now and then, so that none is hidden. A mark lies above all lines, a dotted line below and without their dots.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

import numpy as np

from vaetui.render.colours import Colour
from vaetui.render.spans import Row, Span

Point = tuple[float, float]  # column, row
Cell = tuple[int, int]  # column, row
Layers = dict[Colour, dict[Cell, str]]  # characters, from the lowest layer up

APART = 5  # columns after which a hidden layer shows again

_BLANK, _FULL = 0x2800, 0x28FF
_DOTS = "⠁⠈", "⠂⠐", "⠄⠠", "⡀⢀"  # the characters of single dots, by row


class BrailleGrid:
    """Lines and texts on `width` × `height` cells."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._layers: Layers = {}
        self._dotted: Layers = {}
        self._marks: Layers = {}
        self._written: dict[Cell, tuple[str, Colour, bool]] = {}
        self._texts = np.zeros((height, width), bool)

    @property
    def cells(self) -> dict[Cell, tuple[str, Colour, bool]]:
        """Return what is seen by column and row: character, colour, whether it is bold."""
        every = (self._dotted, self._layers, self._marks)  # from the lowest up
        seen = {cell: (*shown, False) for layers in every for cell, shown in _merged(layers)}
        return seen | self._written

    def rows(self) -> list[Row]:
        """Return the cells as rows of spans; an empty one is a space."""
        cells = self.cells
        rows = []
        for y in range(self.height):
            row = [cells.get((x, y), (" ", None, False))[:2] for x in range(self.width)]
            parts = groupby(row, lambda cell: cell[1])
            rows.append([Span("".join(text for text, _ in part), colour, None) for colour, part in parts])
        return rows

    def shared_columns(self) -> list[int]:
        """Return the columns in which lines of several colours share a cell."""
        counts = Counter(cell for cells in self._layers.values() for cell in cells)
        return sorted({column for (column, _), count in counts.items() if count > 1})

    def text(self, x: int, y: int, text: str, colour: Colour, bold: bool = False) -> None:
        """Write over other cells."""
        for place, character in enumerate(text, x):
            if self._holds((place, y)):
                self._written[place, y] = (character, colour, bold)
                self._texts[y, place] = True

    def is_free(self, x: int, y: int) -> bool:
        """Return whether a cell has no text."""
        return not self._texts[y, x]

    def has_room(self, x: int, y: int, width: int) -> bool:
        """Return whether a text fits without touching another."""
        inside = 0 <= y < self.height and x >= 0 and x + width <= self.width
        return inside and not self._texts[y, max(x - 1, 0) : x + width + 1].any()

    def mark(self, point: Point, character: str, colour: Colour) -> None:
        """Put a character over all lines."""
        cell = math.floor(point[0]), math.floor(point[1])
        if self._holds(cell):
            self._marks.setdefault(colour, {})[cell] = character

    def line(self, ends: tuple[Point, Point], colour: Colour, every: int, plain: str) -> None:
        """Draw every `every`-th dot of a line between two points; as `plain` characters unless that is ""."""
        cells = (self._layers if every == 1 else self._dotted).setdefault(colour, {})
        (x0, y0), (x1, y1) = ends
        count = int(max(abs(x1 - x0) * 2, abs(y1 - y0) * 4)) + 1
        for place in range(0, count + 1, every):
            x, y = x0 + (x1 - x0) * place / count, y0 + (y1 - y0) * place / count
            cell = math.floor(x), math.floor(y)
            if self._holds(cell):
                dot = _DOTS[min(int((y - cell[1]) * 4), 3)][min(int((x - cell[0]) * 2), 1)]
                cells[cell] = plain or _joined((cells.get(cell, dot), dot))

    def _holds(self, cell: Cell) -> bool:
        return 0 <= cell[0] < self.width and 0 <= cell[1] < self.height


def _merged(layers: Layers) -> Iterator[tuple[Cell, tuple[str, Colour]]]:
    """Yield every cell with its character and its colour, from left to right."""
    owners: dict[Cell, list[Colour]] = {}  # the uppermost first
    for colour in reversed(layers):
        for cell in layers[colour]:
            owners.setdefault(cell, []).append(colour)
    ends = {colour: max(cells) for colour, cells in layers.items() if cells}
    shown: dict[Colour, int] = {}  # the last column that has the colour
    for cell in sorted(owners):
        colour = _owner(owners[cell], cell[0], shown, ends)
        shown[colour] = cell[0]
        own, characters = layers[colour][cell], [layers[owner][cell] for owner in owners[cell]]
        yield cell, (_joined(characters) if _is_braille(own) else own, colour)


def _owner(
    owners: list[Colour], column: int, shown: Mapping[Colour, int], ends: Mapping[Colour, Cell]
) -> Colour:
    """Return the colour of a cell: one that was not seen yet or not for long, else the uppermost."""
    if unseen := [colour for colour in owners if colour not in shown]:
        return min(unseen, key=lambda colour: ends[colour])  # it has the fewest cells left
    hidden = [colour for colour in owners if column - shown[colour] >= APART]
    return min(hidden, key=lambda colour: shown[colour]) if hidden else owners[0]


def _is_braille(character: str) -> bool:
    return _BLANK <= ord(character) <= _FULL


def _joined(characters: Iterable[str]) -> str:
    """Return one braille character with the dots of all; other characters have none."""
    bits = 0
    for character in filter(_is_braille, characters):
        bits |= ord(character) - _BLANK
    return chr(_BLANK | bits)
