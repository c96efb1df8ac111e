"""The split of the training images into training and validation images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.int64]


def split(images: int, val_fraction: float, seed: int) -> tuple[Index, Index]:
    """Indices (train,), (val,) of a random split that depends on the seed alone, both in rising order.

    The validation part is `val_fraction` of the images, rounded, but at least one where the fraction is above
    0, and never all. Raises `ValueError` for a fraction outside [0, 1) or without images.
    """
    if not 0 <= val_fraction < 1 or images < 1:
        raise ValueError(f"cannot hold out {val_fraction} of {images} images")
    count = min(max(round(images * val_fraction), int(val_fraction > 0)), images - 1)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(np.arange(images, dtype=np.int64))
    return np.sort(order[count:]), np.sort(order[:count])
