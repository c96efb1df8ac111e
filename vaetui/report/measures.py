"""Measures of codes and decoded images for the claims; all are repeatable.

Points are `(points, latent)`, images `(images, 784)` with pixels in 0…1, labels `(points,)`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

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
    count = min(NEIGHBOURS, len(codes) - 1)
    shares = np.empty(len(codes))
    squares = np.einsum("ij,ij->i", codes, codes)
    for start in range(0, len(codes), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(codes)))
        distances = squares - 2 * codes[rows] @ codes.T  # (rows, points), squared, up to a constant per row
        distances[np.arange(len(rows)), rows] = np.inf
        near = np.argpartition(distances, count - 1, axis=1)[:, :count]
        shares[rows] = (labels[near] == labels[rows, None]).mean(1)
    return shares


def kl_to_prior(posterior: Posterior) -> float:
    """Return KL(N(m, S) ‖ N(0, I)) in nats per dimension.

    m and S are the mean and covariance of the aggregated posterior; of an autoencoder, of its codes. The
    result is infinite if S is singular.
    """
    mean = nearest.finite(posterior.mean).astype(np.float64)
    centre = mean.mean(0)
    spread = np.cov(mean, rowvar=False, bias=True).reshape(mean.shape[1], mean.shape[1])
    if posterior.log_var is not None:
        spread += np.diag(np.exp(posterior.log_var.astype(np.float64)).mean(0))
    sign, log_det = np.linalg.slogdet(spread)
    if sign <= 0:
        return math.inf
    nats = 0.5 * (np.trace(spread) + centre @ centre - len(centre) - log_det)
    return float(nats / len(centre))


def moments(posterior: Posterior) -> tuple[float, float]:
    """Return the largest |mean| and the mean variance of dimensions of the aggregated posterior."""
    mean = nearest.finite(posterior.mean).astype(np.float64)
    variance = mean.var(0)
    if posterior.log_var is not None:
        variance = variance + np.exp(posterior.log_var.astype(np.float64)).mean(0)
    return float(np.abs(mean.mean(0)).max()), float(variance.mean())


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
    grids = images.reshape(-1, 28, 28).astype(np.float64)
    down, across = np.diff(grids, axis=1)[:, :, :-1], np.diff(grids, axis=2)[:, :-1, :]
    ink = grids.mean()
    return float(np.hypot(down, across).mean() / ink) if ink > 0 else 0.0


def prior_samples(vae: Vae, count: int = SAMPLES) -> Floats:
    """Return decoded samples of N(0, I), with the same noise for every model."""
    return vae.decode(samplers.sample("prior", SampleSources(vae.latent), count).z)


def classify(images: Floats, pixels: Floats, labels: Labels) -> Labels:
    """Return for each of `images` the most frequent class of its five nearest test images `pixels`."""
    count = min(VOTERS, len(pixels))
    squares = np.einsum("ij,ij->i", pixels, pixels)
    found = np.empty(len(images), np.uint8)
    for start in range(0, len(images), _ROWS):
        part = np.nan_to_num(images[start : start + _ROWS])
        apart = squares - 2 * part @ pixels.T
        near = labels[np.argpartition(apart, count - 1, axis=1)[:, :count]]
        votes = np.apply_along_axis(np.bincount, 1, near, minlength=10)
        found[start : start + len(part)] = votes.argmax(1)
    return found


# --- interpolations -------------------------------------------------------------------------------------


def class_pairs(labels: Labels, count: int = INTERPOLATIONS) -> list[tuple[int, int]]:
    """Return pairs of images of two classes, the same for every run of a data set."""
    rng = np.random.Generator(np.random.PCG64(0))
    found: list[tuple[int, int]] = []
    if len(np.unique(labels)) < 2:
        return found
    while len(found) < count:
        one, other = rng.integers(0, len(labels), 2).tolist()
        if labels[one] != labels[other]:
            found.append((one, other))
    return found


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
    found: Doubles = np.divide(steps.max(1), means, out=np.ones(len(means)), where=means > 0)
    return found
