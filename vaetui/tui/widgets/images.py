"""Images as cells: full size is 28 columns × 14 rows, a thumbnail a quarter of that."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from trainer.contract.config import SIDE
from vaetui.arrays import Floats
from vaetui.render.cells import half_blocks, picture, quadrants, shows_more
from vaetui.render.colours import ColourMap
from vaetui.render.pixels import thumbnail
from vaetui.render.spans import Row, Span
from vaetui.render.terminal import Terminal
from vaetui.render.theme import TEXT, caches_colours, ink
from vaetui.tui.screen.canvas import Canvas

THUMB, FULL, DOUBLE = (14, 7), (28, 14), (56, 28)  # columns, rows
_LEVELS = {"16": 4}
_FINE = 255  # steps of 0…1 of the pixels that two levels for each cell of quarters are found for


def draw_image(
    canvas: Canvas, x: int, y: int, pixels: Floats, size: tuple[int, int] = THUMB, colours: ColourMap = ink
) -> None:
    """Draw one image `(784,)`, pixels in 0…1 (−1…1 for a difference), its corner at column `x`, row `y`."""
    if canvas.kitty_pictures is None:
        canvas.picture(x, y, rows(pixels, canvas.terminal, size, colours))
    else:
        canvas.kitty_picture(x, y, pixels, size, colours)


def has_colours_of_difference(terminal: Terminal) -> bool:
    """Return whether a difference is orange and blue; else it is denser where it is larger."""
    return terminal.depth != "none" and terminal.glyphs != "ascii"


def rows(pixels: Floats, terminal: Terminal, size: tuple[int, int], colours: ColourMap = ink) -> list[Row]:
    """Convert an image `(784,)` to rows of spans for `terminal`, `size` columns × rows."""
    square = pixels.reshape(SIDE, SIDE)
    if terminal.glyphs == "ascii" or terminal.depth == "none":
        drawn = picture(square, *size, terminal.glyphs, terminal.depth)
        return [[Span(span.text, TEXT, None) for span in row] for row in drawn]
    levels = _LEVELS.get(terminal.depth, 16)
    has_quarters = terminal.glyphs == "quadrant" and shows_more(SIDE, size[0])
    across = size[0] * 2 if has_quarters else size[0]
    most = _FINE if has_quarters else levels - 1
    steps = np.rint(thumbnail(square, 2 * size[1], across) * most).astype(np.int16)
    return _rows(steps.tobytes(), across, most, levels, colours)


@caches_colours
@lru_cache(maxsize=512)
def _rows(steps: bytes, across: int, most: int, levels: int, colours: ColourMap) -> list[Row]:
    """Rows of an image given in whole steps: most of them are on the screen again after a key."""
    values = np.frombuffer(steps, np.int16).reshape(-1, across).astype(np.float32) / np.float32(most)
    return (quadrants if most == _FINE else half_blocks)(values, levels, colours)


def columns(width: int) -> tuple[int, int, int]:
    """Return how many thumbnails fit into `width`, how far apart they begin, and where the first."""
    thumb = THUMB[0]
    across, pitch = (width + 1) // (thumb + 1), thumb + 1
    if across < 5:  # close together one more may fit
        across, pitch = max(width // thumb, 1), thumb
    return across, pitch, max(width - (across - 1) * pitch - thumb, 0) // 2
