"""The scale of the colours of a grid of metrics."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

MIN_FOR_OUTLIERS = 6  # values among which none is far out


@dataclass(frozen=True)
class MetricScale:
    """The values of the darkest and the lightest colour, and whether some lie beyond at each end."""

    low: float
    high: float
    has_lower: bool = False
    has_higher: bool = False

    @classmethod
    def of(cls, values: Sequence[float]) -> MetricScale | None:
        """Return the scale of a grid's values, None where there are none."""
        if not values:
            return None
        low, high = inlier_range(values)
        return cls(low, high, min(values) < low, max(values) > high)

    def place(self, value: float) -> float:
        """Return where a value lies on it, 0 to 1."""
        if self.high <= self.low:
            return 0.5
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def inlier_range(values: Sequence[float]) -> tuple[float, float]:
    """Return the lowest and highest of `values` without outliers, so that one run does not squeeze the plot.

    Far out is beyond the fences of Tukey (1977, "Exploratory data analysis"): 1.5 interquartile ranges
    beside the middle half; among few values nothing is. Raises `ValueError` where there are none.
    """
    finite = sorted(value for value in values if math.isfinite(value)) or sorted(values)
    if len(finite) < MIN_FOR_OUTLIERS:
        return min(finite), max(finite)
    first, _, third = statistics.quantiles(finite, n=4, method="inclusive")
    room = 1.5 * (third - first)
    inside = [value for value in finite if first - room <= value <= third + room]
    return inside[0], inside[-1]
