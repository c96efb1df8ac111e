"""Measures of codes and decoded images for the claims; all are repeatable.

Points are `(points, latent)`, images `(images, 784)` with pixels in 0…1, labels `(points,)`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainer.contract.config import SIDE
from vaetui.arrays import Floats
from vaetui.latent import nearest, path, samplers
from vaetui.latent.samplers import SampleSources
from vaetui.models.autoencoder import Posterior, Vae

Doubles = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]

NEIGHBOURS = 10  # nearest codes of a code
VOTERS = 5  # nearest test images that vote on the class of a decoded image
INTERPOLATIONS, STEPS = 200, 11
SAMPLES = 1000
_ROWS = 500


# --- codes ----------------------------------------------------------------------------------------------


def neighbour_purity(codes: Floats, labels: Labels) -> Doubles:
    """Return for each code the share `(points,)` of its ten nearest codes that are of its class."""
    near = _nearest(codes, codes, min(NEIGHBOURS, len(codes) - 1), is_same=True)
    return np.asarray((labels[near] == labels[:, None]).mean(1))


def _nearest(points: Floats, codes: Floats, count: int, *, is_same: bool = False) -> npt.NDArray[np.intp]:
    """Return the numbers of the `count` of `codes` nearest to each of `points`, `(points, count)`.

    Where points and codes are the same, each is no neighbour of itself.
    """
    squares = np.einsum("ij,ij->i", codes, codes)
    near = np.empty((len(points), count), np.intp)
    for start in range(0, len(points), _ROWS):
        part = points[start : start + _ROWS]
        distances = squares - 2 * part @ codes.T  # (rows, codes), squared, up to a constant per row
        if is_same:
            rows = np.arange(len(part))
            distances[rows, start + rows] = np.inf
        near[start : start + len(part)] = np.argpartition(distances, count - 1, axis=1)[:, :count]
    return near


def kl_to_prior(posterior: Posterior) -> float:
    """Return KL(N(m, S) ‖ N(0, I)) in nats per dimension.

    m and S are the mean and covariance of the aggregated posterior; of an autoencoder, of its codes. The
    result is infinite if S is singular.
    """
    mean, covariance = _aggregated(posterior)
    sign, log_det = np.linalg.slogdet(covariance)
    if sign <= 0:
        return math.inf
    nats = 0.5 * (np.trace(covariance) + mean @ mean - len(mean) - log_det)
    return float(nats / len(mean))


def _aggregated(posterior: Posterior) -> tuple[Doubles, Doubles]:
    """Return mean `(latent,)` and covariance `(latent, latent)` of the aggregated posterior."""
    codes = nearest.finite(posterior.mean).astype(np.float64)
    covariance = np.cov(codes, rowvar=False, bias=True).reshape(codes.shape[1], codes.shape[1])
    if posterior.log_var is not None:
        covariance += np.diag(np.exp(posterior.log_var.astype(np.float64)).mean(0))
    return codes.mean(0), covariance


def moments(posterior: Posterior) -> tuple[float, float]:
    """Return the largest |mean| and the mean variance of dimensions of the aggregated posterior."""
    mean, covariance = _aggregated(posterior)
    return float(np.abs(mean).max()), float(np.diag(covariance).mean())


# --- images ---------------------------------------------------------------------------------------------


def reconstruction_error(vae: Vae, pixels: Floats) -> float:
    """Return the mean squared error per pixel of reconstructions through the posterior mean."""
    total = 0.0
    for start in range(0, len(pixels), _ROWS):
        part = pixels[start : start + _ROWS]
        total += float(np.square(vae.decode(vae.encode(part).mean) - part, dtype=np.float64).sum())
    return total / pixels.size


def variance(images: Floats) -> float:
    """Return the variance over images, averaged over pixels."""
    return float(images.var(0, dtype=np.float64).mean())


def sharpness(images: Floats) -> float:
    """Return the mean pixel gradient divided by the mean ink, so that thin and bold strokes compare."""
    grids = images.reshape(-1, SIDE, SIDE).astype(np.float64)
    down, across = np.diff(grids, axis=1)[:, :, :-1], np.diff(grids, axis=2)[:, :-1, :]
    ink = grids.mean()
    return float(np.hypot(down, across).mean() / ink) if ink > 0 else 0.0


def prior_samples(vae: Vae, count: int = SAMPLES) -> Floats:
    """Return decoded samples of N(0, I), with the same noise for every model."""
    return vae.decode(samplers.sample("prior", SampleSources(vae.latent), count).z)


def classify(images: Floats, pixels: Floats, labels: Labels) -> Labels:
    """Return for each of `images` the most frequent class of its five nearest test images `pixels`."""
    near = labels[_nearest(np.nan_to_num(images), pixels, min(VOTERS, len(pixels)))]
    votes = np.apply_along_axis(np.bincount, 1, near, minlength=10)
    return np.asarray(votes.argmax(1), np.uint8)


# --- interpolations -------------------------------------------------------------------------------------


def class_pairs(labels: Labels, count: int = INTERPOLATIONS) -> list[tuple[int, int]]:
    """Return pairs of images of two classes, the same for every run of a data set."""
    rng = np.random.Generator(np.random.PCG64(0))
    pairs: list[tuple[int, int]] = []
    if len(np.unique(labels)) < 2:
        return pairs
    while len(pairs) < count:
        one, other = rng.integers(0, len(labels), 2).tolist()
        if labels[one] != labels[other]:
            pairs.append((one, other))
    return pairs


def interpolations(vae: Vae, codes: Floats, pairs: Sequence[tuple[int, int]]) -> Floats:
    """Return images `(pairs, STEPS, 784)` decoded on straight lines between pairs of codes."""
    points = [path.interpolate(codes[[one, other]], STEPS, "lerp") for one, other in pairs]
    return vae.decode(np.concatenate(points)).reshape(len(pairs), STEPS, -1)


def classes_crossed(frames: Floats, pixels: Floats, labels: Labels) -> Doubles:
    """Return how many classes `(pairs,)` each interpolation passes through besides those of its ends."""
    classes = classify(frames.reshape(-1, frames.shape[-1]), pixels, labels).reshape(frames.shape[:2])
    return np.array([len(set(row.tolist()) - {int(row[0]), int(row[-1])}) for row in classes], np.float64)


def unevenness(frames: Floats) -> Doubles:
    """Return the largest step of each interpolation divided by its mean step, in pixels; 1 is even."""
    steps = np.linalg.norm(np.diff(frames.astype(np.float64), axis=1), axis=-1)  # (pairs, STEPS - 1)
    means = steps.mean(1)
    ratios: Doubles = np.divide(steps.max(1), means, out=np.ones(len(means)), where=means > 0)
    return ratios
