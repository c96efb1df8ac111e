"""How far points of latent space lie from the codes of the test images, and how far is usual.

The decoder has learnt only what lies where posteriors are: a point far from every code is in a hole, and what
is decoded there is anybody's guess. Distances are Euclidean over the active dimensions, as the others are
noise that the decoder does not heed. What is usual is set by draws from the posteriors themselves: how far is
a draw of one image from the nearest code of *another*? Where a posterior is a point, or nearly one, that is
how far codes are from each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vaetui.arrays import Floats
from vaetui.latent import nearest, prior
from vaetui.latent.samplers import NO_ORIGIN, Indices, sample_posteriors
from vaetui.models.autoencoder import Posterior

ACTIVE = 0.01  # Burda et al. 2015: an active dimension's means have a larger variance over images
PROBES = 1000  # posteriors that are drawn from to see what is usual
LIMIT_QUANTILE = 0.95  # of such draws lie nearer than `Nearness.limit`
_ROWS = 25  # points whose distances to all codes are worked out at once: a MB


@dataclass(frozen=True, eq=False)
class NearestCodes:
    """The nearest code of each point: its number and how far off it is, both `(points,)`."""

    index: Indices
    distance: Floats


@dataclass(frozen=True, eq=False)
class CodeDistances:
    """`active` (latent,) says which dimensions count; `codes` (images, active) are the means in them.

    `squares` (images,) are their squared norms. `median` is the median distance of posterior draws from the
    nearest code of another image, `limit` the 95 % quantile; both NaN where there is but one code.
    """

    active: npt.NDArray[np.bool_]
    centre: Floats
    codes: Floats
    squares: Floats
    median: float = math.nan
    limit: float = math.nan

    def nearest(self, z: Floats, but: Indices) -> NearestCodes:
        """The code nearest to each of `z` `(points, latent)`.

        That of the image `but` `(points,)` does not count, where it is not `NOWHERE`.
        """
        points = nearest.finite(z)[:, self.active] - self.centre
        index = np.empty(len(points), np.int64)
        for start in range(0, len(points), _ROWS):
            rows = slice(start, start + _ROWS)
            # |z − c|² less |z|², which is the same for every code
            apart = self.squares - 2 * points[rows] @ self.codes.T  # (rows, images)
            own = np.flatnonzero(but[rows] != NO_ORIGIN)
            apart[own, but[rows][own]] = np.inf
            index[rows] = apart.argmin(1)
        exact = points - self.codes[index]  # the product above loses digits where points are close
        return NearestCodes(index, np.sqrt(np.einsum("ij,ij->i", exact, exact)))

    def is_far(self, near: NearestCodes) -> npt.NDArray[np.bool_]:
        """Which points lie farther off than 95 % of posterior draws do `(points,)`."""
        return near.distance > self.limit


def measure_distances(codes: Posterior) -> CodeDistances:
    """What is near `codes`, and how far is usual among them. Raises `ValueError` where there are none."""
    if len(codes.mean) == 0:
        raise ValueError("there are no codes to be near to")
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
