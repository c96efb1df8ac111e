"""Two hundred draws from one source, told in a few figures: how near they are to codes, and to how many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vaetui.latent.code_distances import CodeDistances
from vaetui.latent.samplers import NO_ORIGIN, Indices, Samples, SampleSources, Source, sample

COUNT = 200
BINS = 48


@dataclass(frozen=True)
class SampleStatistics:
    """`far_share` is the share of draws that lie far from any code, `distance` the median one.

    `codes` counts different codes among the nearest of each draw. `bins` are shares of draws by distance, in
    equal steps from 0 to twice the limit; what is farther is in the last.
    """

    far_share: float
    distance: float
    codes: int
    bins: tuple[float, ...]


def excluded_images(source: Source, draws: Samples, image: int) -> Indices:
    """The images whose codes do not count for `draws`, since they were drawn around them; `image` if one."""
    if source == "aggregate":
        return draws.origin
    return np.full(len(draws.z), image if source == "posterior" else NO_ORIGIN, np.int64)


def sample_statistics(
    source: Source, known: SampleSources, nearness: CodeDistances, image: int, seed: int, temperature: float
) -> SampleStatistics:
    """The figures of `COUNT` draws; `image` is the one that posterior draws are around, or `NOWHERE`."""
    draws = sample(source, known, COUNT, seed, temperature)
    near = nearness.nearest(draws.z, excluded_images(source, draws, image))
    with np.errstate(invalid="ignore", divide="ignore"):
        places = np.nan_to_num(near.distance / nearness.limit * (BINS // 2))
    counts = np.bincount(places.clip(0, BINS - 1).astype(np.int64), minlength=BINS)
    return SampleStatistics(
        far_share=float(nearness.is_far(near).mean()),
        distance=float(np.median(near.distance)),
        codes=len(np.unique(near.index)),
        bins=tuple((counts / COUNT).tolist()),
    )
