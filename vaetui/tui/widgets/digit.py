"""Digits as cells: full size is 28 columns × 14 rows, a thumbnail a quarter of that."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vaetui.render.cells import ColourMap, Row, Span, ascii_rows, half_blocks, thumbnail
from vaetui.render.terminal import Terminal
from vaetui.tui.canvas import Canvas
from vaetui.tui.look import TEXT, coloured, ink
from vaetui.tui.scene import Floats

SIDE = 28  # pixels
THUMB, FULL, DOUBLE = (14, 7), (28, 14), (56, 28)  # columns, rows
_LEVELS = {"16": 4}


def digit(
    canvas: Canvas, x: int, y: int, pixels: Floats, size: tuple[int, int] = THUMB, colours: ColourMap = ink
) -> None:
    """Draw one image `(784,)`, pixels in 0…1 (−1…1 for a difference), its corner at column `x`, row `y`."""
    if canvas.album is None:
        canvas.picture(x, y, rows(pixels, canvas.terminal, size, colours))
    else:
        canvas.album.draw(canvas, x, y, pixels, size, colours)


def rows(pixels: Floats, terminal: Terminal, size: tuple[int, int], colours: ColourMap = ink) -> list[Row]:
    """One image `(784,)` as rows of spans for `terminal`, `size` columns × rows."""
    width, height = size[0], size[1] * 2
    square = pixels.reshape(SIDE, SIDE)
    if width < SIDE:
        square = thumbnail(square, height, width)
    elif width > SIDE:
        square = np.repeat(np.repeat(square, height // SIDE, axis=0), width // SIDE, axis=1)
    if terminal.glyphs == "ascii" or terminal.depth == "none":
        return [[Span(line, TEXT, None)] for line in ascii_rows(np.abs(square))]
    levels = _LEVELS.get(terminal.depth, 16)
    steps = np.rint(np.nan_to_num(square).clip(-1, 1) * (levels - 1)).astype(np.int8)
    return _rows(steps.tobytes(), width, levels, colours)


@coloured
@lru_cache(maxsize=512)
def _rows(steps: bytes, width: int, levels: int, colours: ColourMap) -> list[Row]:
    """Rows of an image given in whole steps: most digits on the screen are there again after a key."""
    values = np.frombuffer(steps, np.int8).reshape(-1, width).astype(np.float32)
    return half_blocks(values / np.float32(levels - 1), levels, colours)


def columns(width: int) -> tuple[int, int, int]:
    """How many thumbnails fit side by side into `width`, how far apart they begin, and where the first."""
    thumb = THUMB[0]
    across, pitch = (width + 1) // (thumb + 1), thumb + 1
    if across < 5:  # close together one more may fit
        across, pitch = max(width // thumb, 1), thumb
    return across, pitch, max(width - (across - 1) * pitch - thumb, 0) // 2
