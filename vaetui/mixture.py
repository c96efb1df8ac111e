"""A Gaussian mixture fitted to codes by expectation–maximisation (Dempster, Laird & Rubin 1977).

Written out in numpy: scikit-learn's takes a second and 60 MB to import, which the app cannot spare.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

ITERATIONS = 100  # at most
GAIN = 1e-3  # nats a code; a smaller gain ends the fitting
RIDGE = 1e-4  # of the codes' mean variance, added to every variance: no component shrinks to a point
_LLOYD = 10  # rounds of k-means before the first step
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
        """log p(point) in nats of points `(points, latent)`: `(points,)`."""
        return _log_sum(_joint(np.asarray(points, np.float64), self.weight, self.mean, self.factor))


def fit(
    codes: Floats,
    components: int,
    seed: int = 0,
    ridge: float | None = None,
    is_unwanted: Callable[[], bool] = lambda: False,
) -> Mixture | None:
    """`components` Gaussians with full covariances on `codes` `(images, latent)`, at most one a code.

    The start is k-means (k-means++, Arthur & Vassilvitskii 2007), drawn by `seed`. `ridge` is what every
    variance gets added, `RIDGE` of their mean unless told. None once `is_unwanted` says so. Raises
    `ValueError` without codes or components, `numpy.linalg.LinAlgError` where they are too far apart for
    their covariances to be inverted.
    """
    x = np.asarray(codes, np.float64)
    components = min(components, len(x))
    if components < 1:
        raise ValueError("a mixture needs at least one code and one component")
    if ridge is None:
        ridge = RIDGE * float(x.var(0).mean()) or _SMALLEST
    share = _k_means(x, components, np.random.Generator(np.random.PCG64(seed)))
    before = -math.inf
    for _ in range(ITERATIONS):
        if is_unwanted():
            return None
        parts = _maximise(x, share, ridge)
        joint = _joint(x, *parts)
        total = _log_sum(joint)
        nats = float(total.mean())
        if nats - before < GAIN:
            break
        before, share = nats, np.exp(joint - total[:, None])
    order = np.argsort(-parts[0], kind="stable")
    weight, mean, factor = (part[order] for part in parts)
    return Mixture(weight, mean, factor, nats)


def _maximise(x: Doubles, share: Doubles, ridge: float) -> tuple[Doubles, Doubles, Doubles]:
    """Weights, means and Cholesky factors of components that hold `share` (images, components) of `x`."""
    held = share.sum(0) + _SMALLEST
    mean = share.T @ x / held[:, None]
    factor = np.empty((len(held), x.shape[1], x.shape[1]))
    for place in range(len(held)):
        apart = (x - mean[place]) * np.sqrt(share[:, place, None])  # (images, latent)
        covariance = apart.T @ apart / held[place]
        covariance.flat[:: x.shape[1] + 1] += ridge
        factor[place] = np.linalg.cholesky(covariance)
    return held / held.sum(), mean, factor


def _joint(x: Doubles, weight: Doubles, mean: Doubles, factor: Doubles) -> Doubles:
    """log of weight × density of each component at each of `x`: `(images, components)`."""
    joint = np.empty((len(x), len(weight)))
    for place, lower in enumerate(factor):
        whitened = (x - mean[place]) @ np.linalg.inv(lower).T  # (images, latent)
        squared = np.einsum("ij,ij->i", whitened, whitened)
        volume = np.log(np.diagonal(lower)).sum() + 0.5 * x.shape[1] * math.log(2 * math.pi)
        joint[:, place] = math.log(weight[place]) - volume - 0.5 * squared
    return joint


def _log_sum(joint: Doubles) -> Doubles:
    """log Σ exp over components without overflow."""
    top = joint.max(1, keepdims=True)
    return np.asarray(top[:, 0] + np.log(np.exp(joint - top).sum(1)))


def _k_means(x: Doubles, components: int, rng: np.random.Generator) -> Doubles:
    """To which cluster each of `x` belongs, as ones and zeros `(images, components)`."""
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
        share = np.asarray(cluster[:, None] == np.arange(components), np.float64)
        held = share.sum(0)
        centres = np.where(held[:, None] > 0, share.T @ x / held.clip(1)[:, None], centres)
    return share
