"""Find the codes nearest to a point of latent space."""

from __future__ import annotations

import math

import numpy as np

from vaetui.arrays import Floats

_FAR = 1e15  # limit of coordinates, which weights of any origin may exceed


def finite(points: Floats) -> Floats:
    """Replace NaN by 0, and bound values so that their squares do not overflow."""
    return np.asarray(np.nan_to_num(points).clip(-_FAR, _FAR), np.float32)


def nearest_codes(z: Floats, codes: Floats, count: int) -> list[tuple[int, float]]:
    """Return index of and Euclidean distance to the `count` of `codes` `(images, latent)` nearest to `z`."""
    apart = codes - z
    squared = np.einsum("ij,ij->i", apart, apart)
    count = min(count, len(squared))
    some = np.argpartition(squared, count - 1)[:count] if count else np.zeros(0, np.int64)
    some = some[np.argsort(squared[some], kind="stable")]
    return [(int(index), math.sqrt(float(squared[index]))) for index in some]


def nearest_code(z: Floats, codes: Floats) -> tuple[int, float]:
    """Return index of and Euclidean distance to the one of `codes` `(images, latent)` nearest to `z`.

    Raises `ValueError` where there are no codes.
    """
    if len(codes) == 0:
        raise ValueError("there are no codes")
    apart = codes - z
    squared = np.einsum("ij,ij->i", apart, apart)
    index = int(squared.argmin())
    return index, math.sqrt(float(squared[index]))
