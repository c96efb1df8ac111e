"""Verdicts on statistics: by intervals over seeds, over images, and by the value where there is neither."""

import numpy as np
import pytest

from vaetui.report.statistic import (
    NATS,
    POINTS,
    SHARE,
    Limit,
    SeedStatistic,
    Statistic,
    combined,
)
from vaetui.runs.intervals import Interval


def over_seeds(*values: float, limit: float = 0.0) -> SeedStatistic:
    return SeedStatistic(tuple(Statistic("more by", value, NATS).above(limit) for value in values))


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((1.0, 1.1, 0.9), True),
        ((-1.0, -1.1, -0.9), False),
        ((0.1, -0.1, 0.2), None),
        ((0.3, 0.2, 0.9), None),  # all above 0, but their spread is too large
        ((0.0, 0.0, 0.0), None),  # a tie
    ],
)
def test_the_interval_over_seeds_decides(values: tuple[float, ...], verdict: bool | None) -> None:
    assert over_seeds(*values).verdict is verdict


@pytest.mark.parametrize(
    ("relation", "inside", "outside"),
    [
        ("at least", (1.0, 2.0), (0.5, 0.9)),
        ("above", (1.1, 2.0), (0.5, 0.9)),
        ("at most", (0.5, 1.0), (1.1, 2.0)),
        ("below", (0.5, 0.9), (1.1, 2.0)),
    ],
)
def test_every_relation_holds_on_one_side_and_is_open_around_its_limit(
    relation: str, inside: tuple[float, float], outside: tuple[float, float]
) -> None:
    limit = Limit(relation, 1.0)  # type: ignore[arg-type]
    assert limit.verdict(Interval(0.0, *inside)) is True
    assert limit.verdict(Interval(0.0, *outside)) is False
    assert limit.verdict(Interval(0.0, 0.9, 1.1)) is None


def test_one_seed_is_judged_over_images_or_by_its_value() -> None:
    noise = np.random.default_rng(0).standard_normal(400)
    assert SeedStatistic((Statistic.mean("more by", noise + 1, NATS).above(),)).verdict is True
    assert SeedStatistic((Statistic.mean("more by", noise, NATS).above(),)).verdict is None
    assert over_seeds(0.01).verdict is True


def test_what_differs_between_trainings_is_not_decided_by_one() -> None:
    one = Statistic("ahead by", 5.0, NATS, needs_seeds=True).above()
    assert SeedStatistic((one,)).verdict is None
    assert SeedStatistic((one, one)).verdict is True


def test_the_text_has_mean_spread_interval_and_neighbouring_limits() -> None:
    shares = [Statistic("share", value, SHARE).at_least(0.9, (0.8, 0.95)) for value in (0.90, 0.92, 0.94)]
    assert SeedStatistic(tuple(shares)).text == (
        "share 92.0 ± 2.0% (87.0 to 97.0); at least 90.0%: not decided (80.0%: holds, 95.0%: not decided)"
    )
    alone = Statistic("difference", -0.015, POINTS).at_most(0.02)
    assert SeedStatistic((alone,)).text == "difference −1.5 points; at most +2.0 points: holds"
    assert SeedStatistic((Statistic("rate", 25.0, NATS),)).text == "rate 25.00 nats"


def test_one_statistic_that_does_not_hold_decides_a_claim() -> None:
    assert combined([True, None, False]) is False
    assert combined([True, None]) is None
    assert combined([True, True]) is True
