"""The scale of the colours of a grid of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vaetui.render.ticks import inlier_range


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
