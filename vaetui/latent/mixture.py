"""A Gaussian mixture fitted to codes by expectation–maximisation (Dempster, Laird & Rubin 1977).

Written out in numpy: scikit-learn's takes a second and 60 MB to import, which the app cannot spare.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vaetui.arrays import Floats

Doubles = npt.NDArray[np.float64]

ITERATIONS = 100  # at most
GAIN = 1e-3  # nats a code; a smaller gain ends the fitting
RIDGE = 1e-4  # of the codes' mean variance, added to every variance: no component shrinks to a point
_LLOYD = 10  # rounds of k-means before the first step
_ROWS = 1000  # codes at once
_SMALLEST = 1e-12


@dataclass(frozen=True, eq=False)
class Mixture:
    """`weight` (components,) sums to 1, the heaviest first; `mean` (components, latent).

    `factor` (components, latent, latent) are the lower Cholesky factors of the covariances; `nats` is the
    mean log-likelihood of the codes that it was fitted to.
    """

    weight: Doubles
    mean: Doubles
    factor: Doubles
    nats: float

    def log_density(self, points: Floats) -> Doubles:
        """Return log p(point) in nats of `points` `(points, latent)`: `(points,)`."""
        return _log_sum(_joint(np.asarray(points, np.float64), self.weight, self.mean, self.factor))


@dataclass(frozen=True, eq=False)
class _Sums:
    """Over all codes, weighted by each component's share in them: of 1, of x and of x xᵀ; and of log p(x)."""

    held: Doubles  # (components,)
    first: Doubles  # (components, latent)
    second: Doubles  # (components, latent, latent)
    nats: float = -math.inf


def fit_mixture(
    codes: Floats,
    components: int,
    seed: int = 0,
    ridge: float | None = None,
    is_unwanted: Callable[[], bool] = lambda: False,
) -> Mixture | None:
    """Fit `components` Gaussians with full covariances to `codes` `(images, latent)`, at most one a code.

    The start is k-means (k-means++, Arthur & Vassilvitskii 2007), seeded by `seed`. `ridge` is added to every
    variance, by default `RIDGE` of their mean. Returns None once `is_unwanted` is true. Raises
    `ValueError` without codes or components, `numpy.linalg.LinAlgError` where they are too far apart for
    their covariances to be inverted.
    """
    components = min(components, len(codes))
    if components < 1:
        raise ValueError("a mixture needs at least one code and one component")
    centre = codes.mean(0, dtype=np.float64)  # sums of squares are exact enough about it
    x = codes - centre
    if ridge is None:
        ridge = RIDGE * float(x.var(0).mean()) or _SMALLEST
    sums = _k_means(x, components, np.random.Generator(np.random.PCG64(seed)))
    before = -math.inf
    for _ in range(ITERATIONS):
        if is_unwanted():
            return None
        parts = _maximise(sums, ridge)
        sums = _expect(x, *parts)
        if sums.nats / len(x) - before < GAIN:
            break
        before = sums.nats / len(x)
    order = np.argsort(-parts[0], kind="stable")
    weight, mean, factor = (part[order] for part in parts)
    return Mixture(weight, mean + centre, factor, sums.nats / len(x))


def fit_failure(components: int) -> str:
    """Say to the user why `fit_mixture` failed."""
    return f"no mixture of {components} Gaussians fits these codes: they lie too far apart"


def _maximise(sums: _Sums, ridge: float) -> tuple[Doubles, Doubles, Doubles]:
    """Return weights, means and Cholesky factors of the components."""
    held = sums.held + _SMALLEST
    mean = sums.first / held[:, None]
    covariance = sums.second / held[:, None, None] - mean[:, :, None] * mean[:, None, :]
    covariance += ridge * np.eye(mean.shape[1])
    return held / held.sum(), mean, np.asarray(np.linalg.cholesky(covariance))


def _expect(x: Doubles, weight: Doubles, mean: Doubles, factor: Doubles) -> _Sums:
    """Return the sums for the next step, in pieces: all codes at once would take tens of MB."""
    held, first, second, nats = np.zeros_like(weight), np.zeros_like(mean), np.zeros_like(factor), 0.0
    for start in range(0, len(x), _ROWS):
        rows = x[start : start + _ROWS]
        joint = _joint(rows, weight, mean, factor)
        total = _log_sum(joint)
        share = np.exp(joint - total[:, None])  # (rows, components)
        held += share.sum(0)
        first += share.T @ rows
        for place in range(len(weight)):
            second[place] += (share[:, place, None] * rows).T @ rows
        nats += float(total.sum())
    return _Sums(held, first, second, nats)


def _joint(x: Doubles, weight: Doubles, mean: Doubles, factor: Doubles) -> Doubles:
    """Return the log of weight × density of each component at each of `x`: `(images, components)`."""
    joint = np.empty((len(x), len(weight)))
    for place, lower in enumerate(factor):
        whitened = (x - mean[place]) @ np.linalg.inv(lower).T  # (images, latent)
        squared = np.einsum("ij,ij->i", whitened, whitened)
        volume = np.log(np.diagonal(lower)).sum() + 0.5 * x.shape[1] * math.log(2 * math.pi)
        joint[:, place] = math.log(weight[place]) - volume - 0.5 * squared
    return joint


def _log_sum(joint: Doubles) -> Doubles:
    """Return log Σ exp over components without overflow."""
    top = joint.max(1, keepdims=True)
    return np.asarray(top[:, 0] + np.log(np.exp(joint - top).sum(1)))


def _k_means(x: Doubles, components: int, rng: np.random.Generator) -> _Sums:
    """Return the sums over the clusters of k-means."""
    centres = x[[int(rng.integers(len(x)))]]
    nearest = np.square(x - centres[0]).sum(1)
    while len(centres) < components:
        chance = nearest.cumsum()
        place = int(np.searchsorted(chance, rng.random() * chance[-1], side="right"))
        centres = np.concatenate([centres, x[[min(place, len(x) - 1)]]])
        nearest = np.minimum(nearest, np.square(x - centres[-1]).sum(1))
    for _ in range(_LLOYD):
        # |x|² is the same for every centre and left out
        cluster = (np.square(centres).sum(1) - 2 * x @ centres.T).argmin(1)
        groups = [x[cluster == place] for place in range(components)]
        held = np.array([len(group) for group in groups], np.float64)
        first = np.stack([group.sum(0) for group in groups])
        centres = np.where(held[:, None] > 0, first / held.clip(1)[:, None], centres)
    return _Sums(held, first, np.stack([group.T @ group for group in groups]))
