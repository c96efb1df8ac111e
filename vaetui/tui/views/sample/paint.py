"""Thumbnails of samples, under each the code nearest to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vaetui.arrays import Floats
from vaetui.format import compact
from vaetui.latent.decoded_samples import SampleNeighbours
from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT, WARNING
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets.images import THUMB, columns, draw_image

FAR = "!"  # says without colour what `WARNING` says
TABLE = 9  # rows
SIZES = ((28, 14), (24, 12), (20, 10), (18, 9), (16, 8), (14, 7), (12, 6), (10, 5), (9, 5))
ROOM_FOR_TABLE = (96, 34)  # columns, rows


@dataclass(frozen=True)
class Layout:
    """`across` × `bands` pictures, `pitch` columns apart from column `left` on, `notes` lines under each.

    `foot` rows from row `below` on are for what is to be said of all.
    """

    across: int
    pitch: int
    left: int
    bands: int
    notes: int
    below: int
    foot: int

    @property
    def cells(self) -> int:
        """Return how many images there are."""
        return self.across * self.bands

    @property
    def has_table(self) -> bool:
        """Return whether the foot has room for the table of sources."""
        return self.foot >= TABLE

    def at(self, place: int) -> tuple[int, int]:
        """Return column and row of the corner of an image."""
        down = place // self.across * (THUMB[1] + self.notes)
        return self.left + place % self.across * self.pitch, 1 + down


def layout(width: int, height: int) -> Layout:
    """Lay out what fits under one line of caption."""
    is_large = width >= ROOM_FOR_TABLE[0] and height >= ROOM_FOR_TABLE[1]
    least = TABLE if is_large else 0
    bands = max((height - 1 - least) // (THUMB[1] + 1), 1)
    spare = height - 1 - least - bands * (THUMB[1] + 1)
    notes = 2 if spare >= bands + (0 if is_large else 3) else 1
    below = 1 + bands * (THUMB[1] + notes)
    return Layout(*columns(width), bands, notes, below, height - below)


def original(canvas: Canvas, plan: Layout, pixels: Floats, name: str, more: str) -> None:
    """Paint the image that samples are around, in the first place."""
    x, y = plan.at(0)
    draw_image(canvas, x, y, pixels)
    canvas.centred(x, THUMB[0], y + THUMB[1], name, ACCENT, bold=True)
    if plan.notes > 1:
        canvas.centred(x, THUMB[0], y + THUMB[1] + 1, more, DIM)


def pictures(
    canvas: Canvas, plan: Layout, first: int, images: Floats, near: SampleNeighbours | None, names: list[str]
) -> None:
    """Paint decoded samples from the place `first` on; `names` are notes on each, where there is room."""
    for place, pixels in enumerate(images[: plan.cells - first]):
        x, y = plan.at(first + place)
        draw_image(canvas, x, y, pixels)
        if near is not None:
            _note(canvas, x, y + THUMB[1], near, place)
        if plan.notes > 1 and names:
            canvas.text(x + 1, y + THUMB[1] + 1, names[place][: THUMB[0] - 1], DIM)


def _note(canvas: Canvas, x: int, y: int, near: SampleNeighbours, place: int) -> None:
    is_far, distance = bool(near.is_far[place]), float(near.distance[place])
    column = canvas.text(x + 1, y, str(near.labels[place]), TEXT)
    column = canvas.text(column + 1, y, compact(distance), WARNING if is_far else BRIGHT, bold=True)
    if near.usual > 0:
        ratio = f"×{compact(distance / near.usual, width=3)}"
        column = canvas.text(column + 1, y, ratio, WARNING if is_far else DIM)
    if is_far:
        canvas.text(column, y, FAR, WARNING, bold=True)


def frame(canvas: Canvas, images: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """Paint samples `(samples, 784)` as large as they all fit between first and last line.

    Returns how many do, and the first row below them.
    """
    size = next((size for size in SIZES if math.prod(_room(canvas, size)) >= len(images)), SIZES[-1])
    across, down = _room(canvas, size)
    seen = images[: across * down]
    pitch = min(canvas.width // across, size[0] + 2)
    fall = min((canvas.height - 2) // down, size[1] + 1)
    left = max(canvas.width - (across - 1) * pitch - size[0], 0) // 2
    for place, pixels in enumerate(np.asarray(seen, np.float32) / np.float32(255)):
        draw_image(canvas, left + place % across * pitch, 1 + place // across * fall, pixels, size)
    return len(seen), 1 + (len(seen) - 1) // across * fall + size[1]


def _room(canvas: Canvas, size: tuple[int, int]) -> tuple[int, int]:
    """Return how many images go across and down."""
    return max(canvas.width // size[0], 1), max((canvas.height - 2) // size[1], 1)
