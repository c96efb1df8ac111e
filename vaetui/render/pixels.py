"""Convert pixels to a common range and size.

Pixels are `(…, height, width)`, uint8 or float in 0…1 (−1…1 for differences).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from vaetui.arrays import Floats

Pixels = npt.NDArray[Any]


def to_unit(pixels: Pixels) -> Floats:
    """Convert pixels to float32: uint8 becomes 0…1, floats are clipped to −1…1, NaN becomes 0."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.float32) / np.float32(255)
    unit = np.asarray(pixels.clip(-1, 1), np.float32)
    unknown = np.isnan(unit)
    return np.where(unknown, np.float32(0), unit) if unknown.any() else unit


@lru_cache(maxsize=64)
def _shares(old: int, new: int) -> Floats:
    """Return the share of each of `old` pixels in each of `new`, `(new, old)`; rows sum to 1."""
    edges = np.linspace(0, old, new + 1)
    starts = np.arange(old)
    low = np.maximum(edges[:-1, None], starts)
    high = np.minimum(edges[1:, None], starts + 1)
    return np.asarray(np.maximum(high - low, 0) * (new / old), np.float32)


def thumbnail(pixels: Pixels, height: int, width: int) -> Floats:
    """Resize pixels `(…, h, w)` to `(…, height, width)` by the mean of the area that each covers."""
    unit = to_unit(pixels)
    h, w = unit.shape[-2:]
    if (h, w) == (height, width):
        return unit
    return np.asarray(_shares(h, height) @ unit @ _shares(w, width).T, np.float32)
