"""Statistics of 200 samples of one source: distances from codes, and how many codes they are near to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Integers
from vaetui.latent.code_distances import CodeDistances
from vaetui.latent.samplers import NO_ORIGIN, Samples, SampleSources, sample
from vaetui.latent.sources import Source

COUNT = 200
BINS = 48


@dataclass(frozen=True)
class SampleStatistics:
    """Statistics of samples by the distance of each from the nearest code.

    `far_share` is the share of samples far from any code, `distance` the median distance, `codes` the number
    of different codes among the nearest. `bins` are shares of samples by distance, in equal steps from 0 to
    twice the limit; the last holds all that are farther.
    """

    far_share: float
    distance: float
    codes: int
    bins: tuple[float, ...]


def excluded_images(source: Source, samples: Samples, image: int) -> Integers:
    """Return the images whose codes `samples` were drawn around, so that they do not count."""
    if source == "aggregate":
        return samples.origin
    return np.full(len(samples.z), image if source == "posterior" else NO_ORIGIN, np.int64)


def sample_statistics(
    source: Source, known: SampleSources, nearness: CodeDistances, image: int, seed: int, temperature: float
) -> SampleStatistics:
    """Compute the figures of `COUNT` samples; `image` is that of posterior samples, or `NO_ORIGIN`."""
    samples = sample(source, known, COUNT, seed, temperature)
    near = nearness.nearest(samples.z, excluded_images(source, samples, image))
    with np.errstate(invalid="ignore", divide="ignore"):
        places = np.nan_to_num(near.distance / nearness.limit * (BINS // 2))
    counts = np.bincount(places.clip(0, BINS - 1).astype(np.int64), minlength=BINS)
    return SampleStatistics(
        far_share=float(nearness.is_far(near).mean()),
        distance=float(np.median(near.distance)),
        codes=len(np.unique(near.index)),
        bins=tuple((counts / COUNT).tolist()),
    )
