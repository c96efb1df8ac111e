"""The numbers that decide a claim: their values by seed, their limits, and the verdict.

A check measures the same statistics on the runs of every seed. Over seeds each has a mean, a standard
deviation and a 95% interval; a limit inside that interval decides nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from vaetui.format import fixed, plural, signed
from vaetui.runs.intervals import Interval, mean_intervals, seed_interval

Relation = Literal["at least", "above", "at most", "below"]


@dataclass(frozen=True)
class Style:
    """How a number is written: `scale` times as large with `digits` decimals, a sign if asked, and a unit."""

    unit: str = ""
    digits: int = 2
    scale: float = 1.0
    is_signed: bool = False

    def number(self, value: float) -> str:
        """Format `value` without its unit."""
        write = signed if self.is_signed else fixed
        return write(self.scale * value, self.digits)

    def text(self, value: float) -> str:
        """Format `value` with its unit."""
        return f"{self.number(value)}{self.unit}"


SHARE = Style("%", 1, 100.0)
RELATIVE = Style("%", 1, 100.0, is_signed=True)
POINTS = Style(" points", 1, 100.0, is_signed=True)
NATS = Style(" nats", 2)
NATS_MORE = Style(" nats", 2, is_signed=True)
NUMBER = Style("", 2)
MORE = Style("", 2, is_signed=True)
COUNT = Style("", 0)
ERROR = Style("", 5)  # of MSE per pixel


@dataclass(frozen=True)
class Limit:
    """The values of a statistic for which a claim holds: at least, above, at most or below `value`.

    `others` are limits that could have been chosen as well; their verdicts are shown beside.
    """

    relation: Relation
    value: float
    others: tuple[float, ...] = ()

    def verdict(self, found: Interval, value: float | None = None) -> bool | None:
        """Return whether all of an interval is on the right side of a limit, None if it contains it."""
        limit = self.value if value is None else value
        return _RELATIONS[self.relation](found.low, found.high, limit)


def _decide(is_inside: bool, is_outside: bool) -> bool | None:
    return True if is_inside else False if is_outside else None


_RELATIONS: Mapping[Relation, Callable[[float, float, float], bool | None]] = {
    "at least": lambda low, high, limit: _decide(low >= limit, high < limit),
    "above": lambda low, high, limit: _decide(low > limit, high < limit),
    "at most": lambda low, high, limit: _decide(high <= limit, low > limit),
    "below": lambda low, high, limit: _decide(high < limit, low > limit),
}


@dataclass(frozen=True)
class Statistic:
    """One number measured on the runs of one seed; without `limits` it is shown and decides nothing.

    `over_images` is the interval of the number over test images, or samples, where it is a mean over them.
    `needs_seeds`: it is a difference of trainings, which chance makes too, so that one seed decides nothing.
    """

    name: str
    value: float
    style: Style = NUMBER
    limits: tuple[Limit, ...] = ()
    over_images: Interval | None = None
    needs_seeds: bool = False

    @staticmethod
    def mean(name: str, values: npt.NDArray[np.floating], style: Style) -> Statistic:
        """Return the mean of `values`, one an image, sample or interpolation, with its interval over them."""
        found = mean_intervals(values[:, None])[0] if len(values) > 1 else None
        return Statistic(name, float(values.mean(dtype=np.float64)), style, over_images=found)

    def at_least(self, limit: float, others: Sequence[float] = ()) -> Statistic:
        """Return the statistic with the limit that the claim holds from `limit` on."""
        return self._limited(Limit("at least", limit, tuple(others)))

    def at_most(self, limit: float, others: Sequence[float] = ()) -> Statistic:
        """Return the statistic with the limit that the claim holds up to `limit`."""
        return self._limited(Limit("at most", limit, tuple(others)))

    def above(self, limit: float = 0.0, others: Sequence[float] = ()) -> Statistic:
        """Return the statistic with the limit that the claim holds above `limit`."""
        return self._limited(Limit("above", limit, tuple(others)))

    def below(self, limit: float = 0.0, others: Sequence[float] = ()) -> Statistic:
        """Return the statistic with the limit that the claim holds below `limit`."""
        return self._limited(Limit("below", limit, tuple(others)))

    def _limited(self, limit: Limit) -> Statistic:
        return replace(self, limits=(*self.limits, limit))


@dataclass(frozen=True)
class SeedStatistic:
    """The same statistic on the runs of every seed."""

    by_seed: tuple[Statistic, ...]

    @property
    def interval(self) -> Interval:
        """Return mean and interval: over seeds, with one seed over test images, else the value itself."""
        values = [one.value for one in self.by_seed]
        if len(values) > 1:
            return seed_interval(values)
        return self.by_seed[0].over_images or Interval(values[0], values[0], values[0])

    @property
    def verdict(self) -> bool | None:
        """Return whether it is as its limits say; None where one of them is inside the interval."""
        return combined([self._verdict_at(limit, limit.value) for limit in self.by_seed[0].limits])

    def _verdict_at(self, limit: Limit, value: float) -> bool | None:
        if len(self.by_seed) == 1 and self.by_seed[0].needs_seeds:
            return None
        return limit.verdict(self.interval, value)

    @property
    def text(self) -> str:
        """Return name, mean with its spread, and the verdict at its limits and at the other limits."""
        first = self.by_seed[0]
        verdicts = [self._verdicts(limit, first.style) for limit in first.limits]
        return "; ".join([f"{first.name} {self._figure()}", *verdicts])

    def _figure(self) -> str:
        style, found = self.by_seed[0].style, self.interval
        figure = style.number(found.mean)
        if len(self.by_seed) > 1:
            spread = statistics.stdev(one.value for one in self.by_seed)
            figure += f" ± {fixed(style.scale * spread, style.digits)}"
        low, high = style.number(found.low), style.number(found.high)
        return f"{figure}{style.unit}" if low == high else f"{figure}{style.unit} ({low} to {high})"

    def _verdicts(self, limit: Limit, style: Style) -> str:
        own = f"{limit.relation} {style.text(limit.value)}: {answer(self._verdict_at(limit, limit.value))}"
        others = [f"{style.text(other)}: {answer(self._verdict_at(limit, other))}" for other in limit.others]
        return f"{own} ({', '.join(others)})" if others else own


def answer(verdict: bool | None) -> str:
    """Return a verdict in words."""
    return {True: "holds", False: "does not hold", None: "not decided"}[verdict]


def combined(verdicts: Sequence[bool | None]) -> bool | None:
    """Return whether a claim holds that needs all of `verdicts`: one that does not hold decides it."""
    if False in verdicts:
        return False
    return None if None in verdicts else True


def spread_text(seeds: int) -> str:
    """Return over what the intervals of a claim are taken, such as "3 seeds" or "one seed"."""
    return plural(seeds, "seed") if seeds > 1 else "one seed"
