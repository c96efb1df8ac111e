"""A grid of cells with lines of braille dots and texts, which later lines do not cover."""

from __future__ import annotations

import numpy as np

from vaetui.render.colours import Colour

Point = tuple[float, float]  # column, row

_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # of a braille character


class BrailleGrid:
    """`cells` by column and row: character, colour, whether it is bold."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.cells: dict[tuple[int, int], tuple[str, Colour, bool]] = {}
        self._texts = np.zeros((height, width), bool)

    def text(self, x: int, y: int, text: str, colour: Colour, bold: bool = False) -> None:
        """Write over other cells."""
        for place, character in enumerate(text, x):
            if 0 <= place < self.width and 0 <= y < self.height:
                self.cells[place, y] = (character, colour, bold)
                self._texts[y, place] = True

    def has_room(self, x: int, y: int, width: int) -> bool:
        """Return whether a text fits without touching another."""
        inside = 0 <= y < self.height and x >= 0 and x + width <= self.width
        return inside and not self._texts[y, max(x - 1, 0) : x + width + 1].any()

    def line(self, ends: tuple[Point, Point], colour: Colour, every: int, plain: str) -> None:
        """Draw every `every`-th dot of a line between two points; as `plain` characters unless that is ""."""
        (x0, y0), (x1, y1) = ends
        count = int(max(abs(x1 - x0) * 2, abs(y1 - y0) * 4)) + 1
        for place in range(0, count + 1, every):
            x, y = x0 + (x1 - x0) * place / count, y0 + (y1 - y0) * place / count
            column, row = int(x), int(y)
            if not (0 <= column < self.width and 0 <= row < self.height) or self._texts[row, column]:
                continue
            dot = int(_DOTS[min(int((y - row) * 4), 3), min(int((x - column) * 2), 1)])
            before, old, _ = self.cells.get((column, row), ("⠀", colour, False))
            bits = ord(before) - 0x2800 if old == colour and 0x2800 <= ord(before) < 0x2900 else 0
            self.cells[column, row] = (plain or chr(0x2800 + (bits | dot)), colour, False)
