"""The ends of axes, round numbers for their ticks, and labels."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

from vaetui.format import MINUS

MIN_FOR_OUTLIERS = 6  # values among which none is far out


def limits(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis around `values`: two different numbers, with a little room."""
    low, high = min(values), max(values)
    room = (high - low) * 0.04 or abs(high) * 0.05 or 1.0
    return max(low - room, 0.0) if low >= 0 else low - room, high + room


def inlier_range(values: Sequence[float]) -> tuple[float, float]:
    """Return the lowest and highest of `values` without outliers, so that one does not squeeze the rest.

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


def settled(values: Sequence[float]) -> list[float]:
    """Return `values` from the first on that is no outlier: those of a training after its first epochs."""
    low, high = inlier_range(values)
    return list(itertools.dropwhile(lambda value: not low <= value <= high, values))


def _step(span: float, most: int) -> float:
    """Return the smallest 1, 2 or 5 times a power of ten that divides `span` into at most `most` parts."""
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough), 10 * power)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return about `most` round numbers between `low` and `high`, or these two."""
    step = _step(high - low, most)
    first, last = math.ceil(low / step), math.floor(high / step)
    values = [number * step for number in range(first, last + 1)]
    return values if len(values) > 1 else [low, high]


def whole_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round whole numbers between the whole numbers `low` and `high`."""
    step = max(_step(high - low, most), 1)
    inner = [value for value in ticks(low, high, most) if value == round(value)] if step > 1 else []
    if not inner:
        return [float(value) for value in range(int(low), int(high) + 1)]
    return inner


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers between 10^`low` and 10^`high`, for a logarithmic axis."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    fine = [factor * 10.0**decade for decade in decades for factor in (1, 2, 5)]
    coarse = [10.0**decade for decade in decades[:: math.ceil(len(decades) / max(most, 3))]]
    for candidates in (fine, coarse):
        inside = [value for value in candidates if low <= math.log10(value) <= high]
        if 3 <= len(inside) <= max(most, 3):
            return inside
    return ticks(10.0**low, 10.0**high, most)


def labels(values: Sequence[float]) -> list[str]:
    """Format the numbers in one width, with the fewest decimals that tell them apart."""
    for digits in range(9):
        texts = [f"{value:.{digits}f}" for value in values]
        if len(set(texts)) == len(texts):
            break
    if max(map(len, texts)) > 8:
        texts = [f"{value:.2e}" for value in values]
    width = max(map(len, texts))
    return [text.replace("-", MINUS, text.startswith("-")).rjust(width) for text in texts]
