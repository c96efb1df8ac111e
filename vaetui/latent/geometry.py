"""Points in latent space: paths, traversals, noise that checkpoints share, the prior, nearest codes, PCA.

Everything is float32 numpy. A point is `(latent,)` or a stack of points `(…, latent)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
How = Literal["lerp", "slerp"]

# Below this sine of the angle a great circle is not defined well enough to be followed.
_SMALLEST_SINE = 1e-6
_FAR = 1e15  # where points farther out, of weights from a stranger, are put


def lerp(a: Floats, b: Floats, t: float) -> Floats:
    """The point at `t` (0…1) on the straight line from `a` to `b`, both `(latent,)`; exact at both ends."""
    return np.asarray((1.0 - t) * np.asarray(a, np.float64) + t * np.asarray(b, np.float64), np.float32)


def slerp(a: Floats, b: Floats, t: float) -> Floats:
    """The point at `t` (0…1) on the great circle from `a` to `b`, both `(latent,)`; exact at both ends.

    Spherical interpolation (Shoemake 1985, "Animating rotation with quaternion curves", SIGGRAPH), used on
    latents because the mass of a Gaussian prior lies near a sphere (White 2016, "Sampling generative
    networks"). Between points of equal norm the norm is kept. Parallel, opposite and zero vectors have no
    single great circle between them and go in a straight line.
    """
    start, end = np.asarray(a, np.float64), np.asarray(b, np.float64)
    norms = math.hypot(*start), math.hypot(*end)
    if 0.0 in norms:
        return lerp(a, b, t)
    u, v = start / norms[0], end / norms[1]
    # Kahan's angle: exact for nearly equal and nearly opposite vectors, where arccos is not.
    angle = 2.0 * math.atan2(math.hypot(*(u - v)), math.hypot(*(u + v)))
    sine = math.sin(angle)
    if sine < _SMALLEST_SINE:
        return lerp(a, b, t)
    point = math.sin((1.0 - t) * angle) / sine * start + math.sin(t * angle) / sine * end
    return point.astype(np.float32)


_BETWEEN = {"lerp": lerp, "slerp": slerp}


def places(stops: int, steps: int) -> npt.NDArray[np.float64]:
    """Where on a path each step is `(steps,)`: 0 at the first stop, 1 at the second …

    Every stop is met exactly when there are steps enough for that; steps between two stops are even.
    Raises `ValueError` without a stop or a step.
    """
    if stops < 1 or steps < 1:
        raise ValueError("a path needs at least one stop and one step")
    if steps < stops:
        return np.linspace(0, stops - 1, steps)
    marks = np.round(np.linspace(0, steps - 1, stops))  # the step at which each stop is met
    return np.interp(np.arange(steps), marks, np.arange(stops))


def path(stops: Floats, steps: int, how: How = "slerp") -> Floats:
    """`steps` points `(steps, latent)` along `stops` `(stops, latent)`, at the `places` of each."""
    stops = np.asarray(stops, np.float32)
    points = np.empty((steps, stops.shape[1]), np.float32)
    for i, place in enumerate(places(len(stops), steps).tolist()):
        leg = min(int(place), max(len(stops) - 2, 0))
        points[i] = _BETWEEN[how](stops[leg], stops[min(leg + 1, len(stops) - 1)], place - leg)
    return points


def noise(seed: int, count: int, latent: int) -> Floats:
    """Standard normal noise `(count, latent)`, the same for the same seed on every machine.

    Every dimension has a stream of its own, so the first dimensions agree for every latent size and the first
    points for every count: the same noise serves every checkpoint and every size of window.
    """
    columns = [
        np.random.Generator(np.random.PCG64([seed, dim])).standard_normal(count) for dim in range(latent)
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def finite(points: Floats) -> Floats:
    """`points` with what is not a number at 0, and nothing so far out that its square overflows."""
    return np.asarray(np.nan_to_num(points).clip(-_FAR, _FAR), np.float32)


def traversal(code: Floats, dim: int, values: Floats) -> Floats:
    """`code` `(latent,)` with its dimension `dim` at each of `values` `(values,)`: `(values, latent)`.

    Raises `ValueError` where `code` has no such dimension.
    """
    if not 0 <= dim < len(code):
        raise ValueError(f"there is no dimension {dim} among {len(code)}")
    points = np.tile(np.asarray(code, np.float32), (len(values), 1))
    points[:, dim] = values
    return points


def rates(mean: Floats, log_var: Floats) -> Floats:
    """KL(N(mean, exp(log_var)) ‖ N(0, 1)) of each dimension in nats, `(…, latent)` throughout.

    Kingma & Welling 2014, appendix B.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        nats = 0.5 * (np.square(mean) + np.exp(log_var) - 1 - log_var)
    return np.asarray(nats, np.float32)


def log_prior(z: Floats) -> Floats:
    """log p(z) of the standard normal prior in nats: `(…, latent)` → `(…)`."""
    squared: Floats = np.square(z).sum(-1)
    return np.asarray(-0.5 * (squared + z.shape[-1] * math.log(2 * math.pi)), np.float32)


def neighbours(z: Floats, codes: Floats, count: int) -> list[tuple[int, float]]:
    """Index of, and Euclidean distance to, the `count` of `codes` `(images, latent)` nearest to `z`."""
    apart = codes - z
    squared = np.einsum("ij,ij->i", apart, apart)
    count = min(count, len(squared))
    some = np.argpartition(squared, count - 1)[:count] if count else np.zeros(0, np.int64)
    some = some[np.argsort(squared[some], kind="stable")]
    return [(int(index), math.sqrt(float(squared[index]))) for index in some]


def nearest(z: Floats, codes: Floats) -> tuple[int, float]:
    """Index of, and Euclidean distance to, the one of `codes` `(images, latent)` nearest to `z` `(latent,)`.

    Raises `ValueError` where there are no codes.
    """
    if len(codes) == 0:
        raise ValueError("there are no codes to be near to")
    apart = codes - z
    squared = np.einsum("ij,ij->i", apart, apart)
    index = int(squared.argmin())
    return index, math.sqrt(float(squared[index]))


@dataclass(frozen=True, eq=False)
class Pca:
    """Principal axes of codes: `centre` (latent,), `axes` (latent, latent), `variance` (latent,).

    The rows of `axes` are orthonormal, that of the largest variance first.
    """

    centre: Floats
    axes: Floats
    variance: Floats

    @property
    def explained(self) -> Floats:
        """The share of the variance along each axis `(latent,)`; they sum to 1, or are 0 where all is one."""
        total = float(self.variance.sum())
        return np.asarray(self.variance / total if total > 0 else np.zeros_like(self.variance), np.float32)

    def project(self, z: Floats) -> Floats:
        """Points `(…, latent)` along the axes, `(…, latent)`, the first axis first."""
        return np.asarray((z - self.centre) @ self.axes.T, np.float32)

    def back(self, scores: Floats) -> Floats:
        """Points `(…, latent)` of `scores` along the first axes `(…, up to latent)`; the others are at 0."""
        return np.asarray(self.centre + scores @ self.axes[: scores.shape[-1]], np.float32)


def pca(codes: Floats) -> Pca:
    """The principal axes of `codes` `(images, latent)`, by the eigenvectors of their covariance (n − 1).

    Raises `ValueError` where there are no codes.
    """
    if len(codes) == 0:
        raise ValueError("there are no codes to find axes of")
    centre = codes.mean(0, dtype=np.float64)
    apart = codes - centre  # (images, latent), float64
    variance, vectors = np.linalg.eigh(apart.T @ apart / max(len(codes) - 1, 1))
    axes = vectors.T[::-1]
    largest = np.abs(axes).argmax(1)
    signs = np.sign(
        axes[np.arange(len(axes)), largest]
    )  # the largest part points up: the same on every machine
    found = (centre, axes * signs[:, None], variance[::-1].clip(0))
    return Pca(*(np.ascontiguousarray(part, np.float32) for part in found))


def quantiles(count: int) -> Floats:
    """The standard normal's quantiles `(count,)` in the middle of `count` slices of equal probability."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((place + 0.5) / count) for place in range(count)], np.float32)


def sheet(across: Floats, up: Floats) -> Floats:
    """The points `(len(up) · len(across), 2)` of a plane, row by row, the largest of `up` first."""
    x, y = np.meshgrid(across, up[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
