"""The same image by the checkpoints of one row or column of the grid, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Floats
from vaetui.render.theme import BRIGHT, DIM, TEXT, difference
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.view_state import Reconstruction
from vaetui.tui.widgets.checkpoint_grid import SIZES, CellSigns, cell
from vaetui.tui.widgets.images import draw_image, has_colours_of_difference
from vaetui.tui.widgets.layout import Rect

# Of the row of differences, in colours and without.
_COLOURED, _DENSE = ("difference", "orange: more", "blue: less"), ("difference", "denser: larger")


@dataclass(frozen=True, eq=False)
class Cell:
    """One checkpoint: its title, reconstruction (None: not yet), number; whether it is selected or marked."""

    title: str
    reconstruction: Reconstruction | None
    number: int
    is_selected: bool
    is_marked: bool


def series(canvas: Canvas, rect: Rect, original: Floats, cells: Sequence[Cell]) -> int:
    """Paint the image and the cells as large as they all fit; returns how many are not shown.

    Below each is the difference from the image, if that fits, too.
    """
    size = next((size for size in SIZES if _room(rect, size)[0] > len(cells)), SIZES[-1])
    room, across = _room(rect, size)
    at = next((place for place, each in enumerate(cells) if each.is_selected), 0)
    first = min(max(at - room // 2, 0), max(len(cells) - room + 1, 0))
    shown = cells[first : first + max(room - 1, 1)]
    used = min(across, len(shown) + 1)
    lines = -(-(len(shown) + 1) // across)
    below = size[1] if lines * (2 * size[1] + 2) <= rect.height else 0
    pitch = size[0] + 1 if across * (size[0] + 1) <= rect.width + 1 else size[0]
    left = rect.x + max(rect.width - used * pitch + pitch - size[0], 0) // 2
    canvas.centred(left, size[0], rect.y, "test image", DIM)
    draw_image(canvas, left, rect.y + 1, original, size)
    if below:
        legend = _COLOURED if has_colours_of_difference(canvas.terminal) else _DENSE
        for y, words in enumerate(legend, rect.y + size[1] + 1 + size[1] // 2):
            canvas.centred(left, size[0], y, words, TEXT if words == legend[0] else DIM)
    for place, each in enumerate(shown, 1):
        x, y = left + place % across * pitch, rect.y + place // across * (size[1] + 2 + below)
        canvas.centred(x, size[0], y, each.title, BRIGHT if each.is_selected else TEXT, bold=each.is_selected)
        signs = CellSigns(each.is_selected, each.is_marked)
        cell(canvas, Rect(x, y + 1, *size), each.reconstruction, signs)
        canvas.click(x, y, size[0], size[1] + 2 + below, f"pick_run({each.number})")
        if below and each.reconstruction is not None and each.reconstruction.pixels is not None:
            change = np.asarray(each.reconstruction.pixels - original, np.float32)
            draw_image(canvas, x, y + size[1] + 2, change, size, difference)
    return len(cells) - len(shown)


def _room(rect: Rect, size: tuple[int, int]) -> tuple[int, int]:
    """Return how many images fit in all and side by side, each with a line above and one below."""
    across = (rect.width + 1) // (size[0] + 1)
    if across < 5:  # close together one more may fit
        across = rect.width // size[0]
    return max(across, 1) * max(rect.height // (size[1] + 2), 1), max(across, 1)
