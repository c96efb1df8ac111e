"""Precision and recall of samples, by nearest neighbours in a space of features.

Kynkäänniemi, Karras, Laine, Lehtinen & Aila 2019, equations 1 and 2: the manifold of a set is the union of
balls around its points, each as large as the distance to the point's k-th nearest neighbour in the set.
Precision is the share of samples inside the manifold of the real images, recall that of real images inside
the manifold of the samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

NEIGHBOURS: Final = 3  # k, as in the paper
ROWS: Final = 500  # distances of so many points at once: 20 MB to 10 000 others
ROUNDING: Final = 1e-6  # of a squared distance in fp32, relative to the squared norms it is worked out from

Points = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Manifold:
    """Points and the squared radii of the balls around them."""

    points: Points  # (points, features)
    radii: Points  # squared, (points,)

    @staticmethod
    def of(points: Points) -> Manifold:
        """Measure the distance from each of `points` (points, features) to its k-th nearest neighbour.

        Of `NEIGHBOURS` points or fewer it is the distance to the farthest.
        """
        k = min(NEIGHBOURS, len(points) - 1)
        radii = np.empty(len(points), np.float32)
        for rows, apart in _distances(points, points):
            apart.partition(k, axis=1)
            radii[rows] = apart[:, k]  # the nearest of all, at 0, is the point itself
        return Manifold(points, radii)


def precision_and_recall(real: Manifold, samples: Manifold) -> tuple[float, float]:
    """Return the share of `samples` in the manifold of `real`, and of `real` in that of `samples`."""
    precise = np.zeros(len(samples.points), bool)
    recalled = np.zeros(len(real.points), bool)
    for rows, apart in _distances(samples.points, real.points):
        precise[rows] = (apart <= real.radii).any(1)
        recalled |= (apart <= samples.radii[rows, None]).any(0)
    return float(precise.mean()), float(recalled.mean())


def _distances(points: Points, others: Points) -> Iterator[tuple[slice, Points]]:
    """Yield rows of `points` with their squared distances to all `others` (rows, others), exact at 0."""
    norms = np.square(others).sum(1)  # (others,)
    for start in range(0, len(points), ROWS):
        rows = slice(start, start + ROWS)
        sums = np.square(points[rows]).sum(1, keepdims=True) + norms  # (rows, others)
        apart = sums - 2 * points[rows] @ others.T
        apart[apart <= ROUNDING * sums] = 0.0
        yield rows, apart
