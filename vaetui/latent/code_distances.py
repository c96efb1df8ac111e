"""Measure how far latent points are from the codes of the test images, and which distances are usual.

The decoder was trained only where posteriors are, so a point far from every code is in a hole of the
aggregated posterior. Distances are Euclidean over the active dimensions, as the decoder ignores the others.
Usual distances are those of posterior samples of one image from the nearest code of *another*; where
posteriors are points, or nearly, those between codes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vaetui.arrays import Floats, Integers
from vaetui.latent import nearest, prior
from vaetui.latent.samplers import NO_ORIGIN, sample_posteriors
from vaetui.models.autoencoder import Posterior

ACTIVE = 0.01  # Burda et al. 2015: an active dimension's means have a larger variance over images
PROBES = 1000  # posteriors sampled for the usual distances
LIMIT_QUANTILE = 0.95  # of these samples are nearer than `CodeDistances.limit`
_ROWS = 25  # points whose distances to all codes are worked out at once: a MB


@dataclass(frozen=True, eq=False)
class NearestCodes:
    """The nearest code of each point: its number and its distance, both `(points,)`."""

    index: Integers
    distance: Floats


@dataclass(frozen=True, eq=False)
class CodeDistances:
    """Codes to measure distances from.

    `active` (latent,) says which dimensions count; `codes` (images, active) are the means in them relative to
    `centre` (active,), `squares` (images,) their squared norms. `median` is the median distance of posterior
    samples from the nearest code of another image, `limit` the 95 % quantile; both NaN for a single code.
    """

    active: npt.NDArray[np.bool_]
    centre: Floats
    codes: Floats
    squares: Floats
    median: float = math.nan
    limit: float = math.nan

    def nearest(self, z: Floats, exclude: Integers) -> NearestCodes:
        """Return the code nearest to each of `z` `(points, latent)`.

        The code of the image `exclude` `(points,)` is left out, where it is not `NO_ORIGIN`.
        """
        points = nearest.finite(z)[:, self.active] - self.centre
        index = np.empty(len(points), np.int64)
        for start in range(0, len(points), _ROWS):
            rows = slice(start, start + _ROWS)
            # |z − c|² less |z|², which is the same for every code
            apart = self.squares - 2 * points[rows] @ self.codes.T  # (rows, images)
            own = np.flatnonzero(exclude[rows] != NO_ORIGIN)
            apart[own, exclude[rows][own]] = np.inf
            index[rows] = apart.argmin(1)
        exact = points - self.codes[index]  # the product above loses digits where points are close
        return NearestCodes(index, np.sqrt(np.einsum("ij,ij->i", exact, exact)))

    def is_far(self, near: NearestCodes) -> npt.NDArray[np.bool_]:
        """Return which points are farther from their codes than 95 % of posterior samples `(points,)`."""
        return near.distance > self.limit


def measure_distances(codes: Posterior) -> CodeDistances:
    """Measure the typical distances among `codes`. Raises `ValueError` where there are none."""
    if len(codes.mean) == 0:
        raise ValueError("there are no codes")
    mean = nearest.finite(codes.mean)
    active = mean.var(0, dtype=np.float64) > ACTIVE
    active = active if active.any() else np.ones_like(active)
    centre = mean[:, active].mean(0)
    inside = np.ascontiguousarray(mean[:, active] - centre)
    bare = CodeDistances(active, centre, inside, np.einsum("ij,ij->i", inside, inside))
    if len(mean) < 2:
        return bare
    # evenly over the test set, whose parts may differ
    probes = np.unique(np.linspace(0, len(mean) - 1, PROBES).astype(np.int64))
    noise = prior.prior_noise(0, len(probes), mean.shape[1])
    near = bare.nearest(sample_posteriors(codes, probes, noise, 1.0), probes)
    usual, limit = np.quantile(near.distance, [0.5, LIMIT_QUANTILE]).tolist()
    return CodeDistances(bare.active, bare.centre, bare.codes, bare.squares, usual, limit)
