"""Paired bootstrap intervals of means over test images.

Images are resampled with replacement (Efron 1979), and the interval is of percentiles. Differences of
two runs on the same images are resampled together, so that what makes an image hard for both drops out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean and the ends of its interval of confidence, in the unit of what was averaged."""

    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Return whether 0 lies outside."""
        return self.low > 0 or self.high < 0


def bootstrap_intervals(
    values: npt.NDArray[np.floating], seed: int = 0, resamples: int = RESAMPLES
) -> list[Interval]:
    """Return an interval for the mean of each column of `values` `(images, columns)`, resampled together.

    The same `seed` gives the same intervals. Raises `ValueError` where there are no images.
    """
    images = len(values)
    if not images:
        raise ValueError("there are no images to resample")
    rng = np.random.Generator(np.random.PCG64(seed))
    columns = np.asarray(values, np.float64)
    means = np.empty((resamples, columns.shape[1]))
    for row in means:
        counts = np.bincount(rng.integers(0, images, images), minlength=images)
        row[:] = counts @ columns / images
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    intervals = zip(columns.mean(0).tolist(), low.tolist(), high.tolist(), strict=True)
    return [Interval(*interval) for interval in intervals]
