"""Confidence intervals of means: over thousands of test images, and over a few seeds.

Figures of images are many and skewed: a few images are far worse than the rest. The t statistic is therefore
corrected for skewness (Hall 1992, "On the removal of skewness by transformation"). Figures of seeds are few,
and close to normal, since each is a mean over all images: Student's t.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean and the ends of its confidence interval, in the unit of what was averaged."""

    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Return whether 0 lies outside."""
        return self.low > 0 or self.high < 0


def mean_intervals(values: npt.NDArray[np.floating]) -> list[Interval]:
    """Return an interval for the mean of each column of `values` `(images, columns)`, one image a row.

    For the difference of two models, pass the differences image by image: what makes an image hard for both
    drops out. Raises `ValueError` for fewer than two images.
    """
    images = len(values)
    if images < 2:
        raise ValueError("an interval needs at least two images")
    columns = np.asarray(values, np.float64)
    means = columns.mean(0)
    errors = columns.std(0, ddof=1) / math.sqrt(images)  # (columns,)
    skewness = _skewness(columns - means)
    quantile = t_quantile(images - 1)
    low = means - errors * _inverse(quantile, skewness, images)
    high = means - errors * _inverse(-quantile, skewness, images)
    return [Interval(*ends) for ends in zip(means.tolist(), low.tolist(), high.tolist(), strict=True)]


def _skewness(centred: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the third standardised moment of each column `(columns,)`, 0 where a column is constant."""
    spread = np.sqrt((centred**2).mean(0))
    scaled = centred / np.where(spread > 0, spread, 1.0)
    return np.asarray((scaled**3).mean(0))


def _inverse(quantile: float, skewness: npt.NDArray[np.float64], images: int) -> npt.NDArray[np.float64]:
    """Return the t statistic whose transformation, which is close to Student's t, equals `quantile`.

    Hall 1992: g(T) = T + γ T² / (3 √n) + γ² T³ / (27 n) + γ / (6 √n), with the skewness γ; g is monotone, and
    its inverse is a cube root. Without skewness it is T itself.
    """
    slope = skewness / (3 * math.sqrt(images))
    is_skewed = np.abs(slope) > 1e-9  # below, the difference of the cube root and 1 is lost to rounding
    bent = np.where(is_skewed, slope, 1.0)
    shifted = quantile - skewness / (6 * math.sqrt(images))
    return np.where(is_skewed, (np.cbrt(1 + 3 * bent * shifted) - 1) / bent, shifted)


def seed_interval(values: Sequence[float]) -> Interval:
    """Return the interval of the mean of `values` `(seeds,)` by Student's t.

    Raises `ValueError` for fewer than two seeds.
    """
    seeds = len(values)
    if seeds < 2:
        raise ValueError("an interval over seeds needs at least two seeds")
    found = np.asarray(values, np.float64)
    return _around(float(found.mean()), float(found.var(ddof=1)) / seeds, seeds - 1)


def paired_seed_interval(one: Mapping[int, float], other: Mapping[int, float]) -> Interval:
    """Return the interval of the mean of `one` minus that of `other`; each has a figure a seed.

    Paired by seed where both have the same seeds, else by Welch's t (1947), which takes the spread of each by
    itself. A single seed has no spread of its own: then that of the other is taken for both. Raises
    `ValueError` where both have a single seed, or one has none.
    """
    if not one or not other or len(one) + len(other) < 3:
        raise ValueError("an interval over seeds needs at least two seeds")
    if one.keys() == other.keys():
        return seed_interval([one[seed] - other[seed] for seed in sorted(one)])
    samples = [np.asarray(list(each.values()), np.float64) for each in (one, other)]
    spreads = [float(each.var(ddof=1)) for each in samples if len(each) > 1]
    variances = [(float(each.var(ddof=1)) if len(each) > 1 else spreads[0]) / len(each) for each in samples]
    mean, variance = float(samples[0].mean() - samples[1].mean()), sum(variances)
    if len(spreads) == 1:
        return _around(mean, variance, max(map(len, samples)) - 1)
    parts = [own**2 / (len(each) - 1) for own, each in zip(variances, samples, strict=True)]
    return _around(mean, variance, variance**2 / sum(parts) if variance else 1.0)  # Welch–Satterthwaite


def _around(mean: float, variance: float, freedom: float) -> Interval:
    """Return the interval around `mean`, whose error has `variance` and degrees of `freedom`."""
    width = t_quantile(freedom) * math.sqrt(variance)
    return Interval(mean, mean - width, mean + width)


@lru_cache(maxsize=1024)
def t_quantile(freedom: float, level: float = LEVEL) -> float:
    """Return how many standard errors the two-sided interval of `level` reaches, by Student's t.

    With T = √ν tan θ the density is that of cos^(ν − 1) θ, which is integrated over a grid. `freedom` ν is
    1 or more; at 10 000 it is the normal quantile to 0.0003, and is taken as that for more.
    """
    freedom = min(freedom, 10_000.0)
    angles = np.linspace(0.0, math.pi / 2, 10_001)
    with np.errstate(under="ignore"):
        density = np.maximum(np.cos(angles), 0.0) ** (freedom - 1)
    heights = np.cumsum((density[1:] + density[:-1]) / 2)
    angle = float(np.interp(level, np.concatenate(([0.0], heights)) / heights[-1], angles))
    return math.sqrt(freedom) * math.tan(angle)
