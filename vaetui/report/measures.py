"""Measures of codes and decoded images for the claims; all are repeatable.

Points are `(points, latent)`, images `(images, 784)` with pixels in 0…1, labels `(points,)`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainer.contract.config import SIDE
from vaetui.arrays import Floats
from vaetui.latent import path, samplers
from vaetui.latent.samplers import SampleSources
from vaetui.models.autoencoder import Vae

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


def class_distances(points: Floats, labels: Labels) -> Doubles:
    """Return the Euclidean distances between the means of every two classes, `(class pairs,)`."""
    centres = np.stack([points[labels == label].mean(0, dtype=np.float64) for label in np.unique(labels)])
    pairs = np.triu_indices(len(centres), 1)
    return np.asarray(np.linalg.norm(centres[pairs[0]] - centres[pairs[1]], axis=-1))


def rank_correlation(one: Doubles, other: Doubles) -> float:
    """Return Spearman's rank correlation of two series without ties, `(values,)` each; 0 for a constant."""
    ranks = [series.argsort().argsort().astype(np.float64) for series in (one, other)]
    if min(np.ptp(one), np.ptp(other)) == 0:
        return 0.0
    return float(np.asarray(np.corrcoef(ranks))[0, 1])


# --- images ---------------------------------------------------------------------------------------------


def reconstructions(vae: Vae, codes: Floats, count: int = SAMPLES) -> Floats:
    """Return the first `count` images `(count, 784)` decoded from `codes` (images, latent)."""
    first = codes[:count]
    return np.concatenate([vae.decode(first[start : start + _ROWS]) for start in range(0, len(first), _ROWS)])


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


def fitted_samples(vae: Vae, codes: Floats, count: int = SAMPLES) -> Floats:
    """Return decoded samples of the Gaussian with mean and covariance of `codes` (images, latent).

    It fits any scale of codes, so that VAEs and autoencoders compare.
    """
    rng = np.random.Generator(np.random.PCG64(0))
    covariance = np.cov(codes.astype(np.float64), rowvar=False).reshape(codes.shape[1], codes.shape[1])
    values, vectors = np.linalg.eigh(covariance)
    noise = rng.standard_normal((count, codes.shape[1])) * np.sqrt(values.clip(0))
    return vae.decode((codes.mean(0, dtype=np.float64) + noise @ vectors.T).astype(np.float32))


def distance_to_data(images: Floats, pixels: Floats, *, is_of_these: bool = False) -> Doubles:
    """Return the Euclidean distance of each of `images` to the nearest of the test images `pixels`.

    `is_of_these`: they are reconstructions of the first of these, each of which is no neighbour of its own.
    """
    images, found = np.nan_to_num(images), np.empty(len(images))
    squares = np.einsum("ij,ij->i", pixels, pixels)
    for start in range(0, len(images), _ROWS):
        part = images[start : start + _ROWS]
        distances = squares - 2 * part @ pixels.T  # (rows, test images), squared, up to a constant per row
        if is_of_these:
            rows = np.arange(len(part))
            distances[rows, start + rows] = np.inf
        near = distances.min(1) + np.einsum("ij,ij->i", part, part)
        found[start : start + len(part)] = np.sqrt(near.clip(0))
    return found


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


def pairs_of(labels: Labels, first: int, last: int, count: int = INTERPOLATIONS) -> list[tuple[int, int]]:
    """Return pairs of an image of class `first` and one of class `last`, the same for every run."""
    rng = np.random.Generator(np.random.PCG64(0))
    of_first, of_last = (np.flatnonzero(labels == label) for label in (first, last))
    if not len(of_first) or not len(of_last):
        return []
    return list(zip(rng.choice(of_first, count).tolist(), rng.choice(of_last, count).tolist(), strict=True))


def interpolations(vae: Vae, codes: Floats, pairs: Sequence[tuple[int, int]], steps: int = STEPS) -> Floats:
    """Return images `(pairs, steps, 784)` decoded on straight lines between pairs of codes."""
    points = [path.interpolate(codes[[one, other]], steps, "lerp") for one, other in pairs]
    return vae.decode(np.concatenate(points)).reshape(len(pairs), steps, -1)


def classes_of(frames: Floats, pixels: Floats, labels: Labels) -> Labels:
    """Return the class of each frame `(pairs, steps, 784)` of interpolations: `(pairs, steps)`."""
    return classify(frames.reshape(-1, frames.shape[-1]), pixels, labels).reshape(frames.shape[:2])


def classes_crossed(classes: Labels) -> Doubles:
    """Return how many classes `(pairs,)` each row of frames passes through besides those of its ends."""
    return np.array([len(set(row.tolist()) - {int(row[0]), int(row[-1])}) for row in classes], np.float64)


def pass_in_order(classes: Labels, wanted: Sequence[int]) -> Doubles:
    """Return 1 for each row of classes `(pairs, steps)` that has those `wanted` in this order, else 0."""
    return np.array([_contains(row.tolist(), wanted) for row in classes], np.float64)


def _contains(row: Sequence[int], wanted: Sequence[int]) -> bool:
    """Return whether `wanted` is a subsequence of `row`."""
    rest = iter(row)
    return all(label in rest for label in wanted)


def unevenness(frames: Floats) -> Doubles:
    """Return the largest step of each interpolation divided by its mean step, in pixels; 1 is even."""
    steps = np.linalg.norm(np.diff(frames.astype(np.float64), axis=1), axis=-1)  # (pairs, STEPS - 1)
    means = steps.mean(1)
    ratios: Doubles = np.divide(steps.max(1), means, out=np.ones(len(means)), where=means > 0)
    return ratios
