"""Lines as braille characters, two dots across and four down in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from vaetui.render.cells import Colour, Row, Span

ACROSS, DOWN = 2, 4  # dots of a cell
Dots = npt.NDArray[np.bool_]
Places = Sequence[float]  # from 0, the left or lower edge, to 1

_EMPTY = 0x2800
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])


@dataclass(frozen=True, eq=False)
class Stroke:
    """A line to be drawn: its dots, its colour, and the character it is drawn with, "" for braille."""

    dots: Dots
    colour: Colour
    marker: str = ""


def dot(place: float, cells: int, of: int) -> int:
    """The dot of `place` among those of `cells` cells with `of` dots each."""
    return round(place * (cells * of - 1))


def trace(xs: Places, ys: Places, width: int, height: int) -> Dots:
    """The line through points `(xs, ys)`, `xs` ascending, as dots `(4·height, 2·width)` of the cells."""
    columns = [dot(x, width, ACROSS) for x in xs]
    across = np.arange(columns[0], columns[-1] + 1)
    down = np.interp(across, columns, [dot(1 - y, height, DOWN) for y in ys])
    levels = np.rint(down).astype(int).tolist()
    dots = np.zeros((DOWN * height, ACROSS * width), bool)
    for column, here, there in zip(across.tolist(), levels, [*levels[1:], levels[-1]], strict=True):
        dots[min(here, there + 1) : max(here + 1, there), column] = True
    return dots


def draw(strokes: Sequence[Stroke], width: int, height: int) -> list[Row]:
    """`height` rows of `width` cells with the strokes, the last on top of what it shares a cell with."""
    cells = np.full((height, width), _EMPTY)
    owners = np.full((height, width), -1)
    for number, stroke in enumerate(strokes):
        codes = np.einsum("ydxa,da->yx", stroke.dots.reshape(height, DOWN, width, ACROSS), _BITS)
        there = codes > 0
        under = np.where(cells >= _EMPTY, cells, _EMPTY)
        cells = np.where(there, ord(stroke.marker) if stroke.marker else under | codes, cells)
        owners[there] = number
    cells[owners < 0] = ord(" ")
    return [
        _row(codes, numbers, strokes) for codes, numbers in zip(cells.tolist(), owners.tolist(), strict=True)
    ]


def _row(codes: list[int], owners: list[int], strokes: Sequence[Stroke]) -> Row:
    spans = []
    for owner, cells in groupby(zip(codes, owners, strict=True), itemgetter(1)):
        text = "".join(chr(code) for code, _ in cells)
        spans.append(Span(text, None if owner < 0 else strokes[owner].colour, None))
    return spans
