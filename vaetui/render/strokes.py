"""Draw on a page of 28×28 pixels, and centre the drawing as MNIST does.

A page is float32 `(28, 28)` in 0…1, 1 being full ink. Places are `(x, y)` in pixels, the middle of the upper
left pixel at (0, 0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.contract.config import SIDE
from vaetui.arrays import Floats

Place = tuple[float, float]

BOX = 20  # pixels of the larger side of a centred drawing
WIDTHS = (1.2, 2.2, 3.4)  # of the pens, in pixels
FAINT = 1 / 16  # ink below this does not count for the size of a drawing
BLANK = bytes(SIDE * SIDE)


@dataclass(frozen=True)
class Sketch:
    """A drawing by hand, 784 bytes, and whether models see it centred."""

    drawing: bytes = BLANK
    is_centred: bool = True

    @property
    def pixels(self) -> Floats:
        """Return the drawing as models see it, `(784,)` in 0…1."""
        page = to_page(self.drawing)
        return (centred(page) if self.is_centred else page).ravel()


def to_page(drawing: bytes) -> Floats:
    """Convert 784 bytes to a page."""
    return np.frombuffer(drawing, np.uint8).reshape(SIDE, SIDE).astype(np.float32) / np.float32(255)


def to_bytes(page: Floats) -> bytes:
    """Convert a page to 784 bytes, row by row."""
    return bytes(np.rint(page.clip(0, 1) * 255).astype(np.uint8))


def stroke(start: Place, end: Place, width: float) -> Floats:
    """Draw a straight, soft-edged line with a round pen `width` pixels wide on a blank page.

    Both directions give the same pixels.
    """
    (x0, y0), (x1, y1) = sorted((start, end))
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    dx, dy = x1 - x0, y1 - y0
    squared = dx * dx + dy * dy
    along = ((x - x0) * dx + (y - y0) * dy) / squared if squared > 0 else np.zeros_like(x)
    along = along.clip(0, 1)
    apart = np.hypot(x - x0 - along * dx, y - y0 - along * dy)
    return np.asarray((width / 2 + 0.5 - apart).clip(0, 1), np.float32)


def inked(page: Floats, mark: Floats) -> Floats:
    """Add the ink of `mark` to `page`: the larger of the two in each pixel."""
    return np.maximum(page, mark)


def erased(page: Floats, mark: Floats) -> Floats:
    """Remove the ink of `mark` from `page`."""
    return np.minimum(page, 1 - mark)


def centred(page: Floats) -> Floats:
    """Centre `page` as MNIST does: larger side 20 pixels, centre of mass in the middle.

    As there, the drawing is moved by whole pixels, so the centre of mass is within half a pixel of the middle
    (LeCun, Bottou, Bengio & Haffner 1998), but never over the edge. An empty page stays empty.
    """
    ink = np.where(page >= FAINT, page, 0).astype(np.float32)
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    field = np.zeros((SIDE, SIDE), np.float32)
    if not len(rows):
        return field
    crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    most = max(crop.shape)
    height, width = (max(round(side * BOX / most), 1) for side in crop.shape)
    scaled = _blend(crop.shape[0], height) @ crop @ _blend(crop.shape[1], width).T  # (height, width)
    top, left = _edge(scaled.sum(1)), _edge(scaled.sum(0))
    field[top : top + height, left : left + width] = scaled.clip(0, 1)
    return field


def _edge(mass: Floats) -> int:
    """Return where rows (or columns) of `mass` begin so that their centre is in the middle."""
    centre = float(mass @ np.arange(len(mass))) / float(mass.sum())
    return min(max(round((SIDE - 1) / 2 - centre), 0), SIDE - len(mass))


def _blend(old: int, new: int) -> Floats:
    """Return the weights of linear interpolation from `old` to `new` pixels, `(new, old)`; rows sum to 1."""
    middles = (np.arange(new) + 0.5) * old / new - 0.5
    reach = max(old / new, 1.0)
    shares = (1 - np.abs(np.arange(old) - middles[:, None]) / reach).clip(0, None)
    return np.asarray(shares / shares.sum(1, keepdims=True), np.float32)
