"""Confidence intervals: how wide they are, how often they hold the truth, what pairing brings."""

import math

import numpy as np
import pytest

from vaetui.runs.intervals import (
    Interval,
    mean_intervals,
    paired_seed_interval,
    seed_interval,
    t_quantile,
)

ROUNDS = 2000  # a coverage of 95 % is then known to 1 point (two standard errors)


def draws(seed: int, *shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.random.default_rng(seed).standard_normal(shape)


def share_that_holds(intervals: list[Interval], truth: float) -> float:
    return float(np.mean([found.low <= truth <= found.high for found in intervals]))


@pytest.mark.parametrize(
    ("freedom", "quantile"),  # of the tables in textbooks
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (120, 1.980), (1e9, 1.960)],
)
def test_the_quantiles_are_those_of_students_t(freedom: float, quantile: float) -> None:
    assert t_quantile(freedom) == pytest.approx(quantile, abs=6e-4)


# --- over images --------------------------------------------------------------------------------------


def test_the_interval_is_as_wide_as_the_normal_theory_says() -> None:
    values = 3 + 2 * draws(0, 2000, 3)
    for column, found in zip(values.T, mean_intervals(values), strict=True):
        error = column.std(ddof=1) / math.sqrt(len(column))
        assert found.mean == pytest.approx(column.mean())
        assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.01)
        assert found.low < found.mean < found.high


@pytest.mark.parametrize("images", [100, 400])
def test_it_holds_the_mean_of_normal_figures_as_often_as_it_says(images: int) -> None:
    held = share_that_holds(mean_intervals(draws(1, images, ROUNDS)), 0.0)
    assert 0.93 <= held <= 0.97


@pytest.mark.parametrize(("images", "sigma"), [(100, 1.0), (200, 1.0), (1000, 1.0)])
def test_it_holds_the_mean_of_skewed_figures_as_often_as_it_says(images: int, sigma: float) -> None:
    """Percentiles of the bootstrap hold the mean of 100 lognormal figures in 91 of 100 cases."""
    values = np.exp(sigma * draws(2, images, ROUNDS))
    assert 0.93 <= share_that_holds(mean_intervals(values), math.exp(sigma**2 / 2)) <= 0.97
    assert 0.93 <= share_that_holds(mean_intervals(-values), -math.exp(sigma**2 / 2)) <= 0.97


def test_a_skewed_interval_reaches_farther_to_the_side_of_the_tail() -> None:
    (found,) = mean_intervals(np.exp(draws(3, 200, 1)))
    assert found.high - found.mean > 1.1 * (found.mean - found.low)


def test_pairs_are_compared_image_by_image() -> None:
    """What is hard for both runs drops out of the difference."""
    hard = 10 * draws(1, 2000)
    one, other = hard + 0.1 * draws(2, 2000), hard + 0.1 + 0.1 * draws(3, 2000)
    paired, alone = mean_intervals(np.stack([other - one, other], axis=1))
    assert paired.is_clear
    assert paired.mean == pytest.approx(0.1, abs=0.02)
    assert not alone.is_clear


def test_columns_do_not_depend_on_each_other_and_follow_shift_and_scale() -> None:
    values = np.exp(draws(4, 300, 2))
    together, alone = mean_intervals(values)[1], mean_intervals(values[:, 1:])[0]
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high))
    (moved,) = mean_intervals(5 - 2 * values[:, 1:])
    assert (moved.low, moved.high) == pytest.approx((5 - 2 * alone.high, 5 - 2 * alone.low))


def test_figures_without_spread_have_an_interval_without_width() -> None:
    (found,) = mean_intervals(np.full((50, 1), 0.25, np.float32))
    assert found == Interval(0.25, 0.25, 0.25)


def test_rare_events_have_a_finite_interval() -> None:
    """One image in a hundred: resampling would draw none at all in a third of its rounds."""
    values = np.zeros((100, 1))
    values[7] = 1.0
    (found,) = mean_intervals(values)
    assert -0.01 < found.low < 0.01 < found.high < 0.1


def test_zero_inside_is_not_clear() -> None:
    assert not Interval(0.1, -0.1, 0.3).is_clear
    assert Interval(-0.2, -0.3, -0.1).is_clear


@pytest.mark.parametrize("images", [0, 1])
def test_too_few_images_are_refused(images: int) -> None:
    with pytest.raises(ValueError, match="two images"):
        mean_intervals(np.zeros((images, 1)))


# --- over seeds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_an_interval_over_seeds_holds_the_mean_as_often_as_it_says(seeds: int) -> None:
    intervals = [seed_interval(values) for values in draws(5, ROUNDS, seeds).tolist()]
    assert 0.93 <= share_that_holds(intervals, 0.0) <= 0.97


def test_an_interval_over_seeds_is_that_of_the_standard_error() -> None:
    values = [101.2, 100.4, 102.1]
    found = seed_interval(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.high - found.mean == pytest.approx(4.303 * np.std(values, ddof=1) / math.sqrt(3), rel=1e-3)


@pytest.mark.parametrize(("seeds", "others"), [(3, 3), (3, 5), (5, 5)])
def test_two_halves_of_the_seeds_of_one_model_do_not_differ(seeds: int, others: int) -> None:
    """A null comparison: the same configuration, other seeds."""
    figures = 100 + 0.4 * draws(6, 200, seeds + others)
    same = 0
    for row in figures.tolist():
        one, other = dict(enumerate(row[:seeds])), dict(enumerate(row[seeds:], seeds))
        same += not paired_seed_interval(one, other).is_clear
    assert same >= 0.93 * 200


def test_equal_seeds_are_paired() -> None:
    """What a seed does to both models drops out of their difference."""
    hard = 5 * draws(7, 4)
    one = dict(enumerate((hard + np.array([0.5, 0.52, 0.48, 0.5])).tolist()))
    other = dict(enumerate(hard.tolist()))
    assert paired_seed_interval(one, other).is_clear
    assert paired_seed_interval(one, other).mean == pytest.approx(0.5)
    assert not paired_seed_interval(one, {seed + 4: value for seed, value in other.items()}).is_clear


def test_other_seeds_are_compared_by_welchs_t() -> None:
    """The figures are a worked example: means 20.5 and 15.5, variances 4 and 9 of 4 and 3 seeds."""
    one, other = {0: 18.0, 1: 20.0, 2: 22.0, 3: 22.0}, {4: 12.5, 5: 15.5, 6: 18.5}
    a, b = np.var(list(one.values()), ddof=1) / 4, 9.0 / 3
    freedom = (a + b) ** 2 / (a**2 / 3 + b**2 / 2)
    found = paired_seed_interval(one, other)
    assert found.mean == pytest.approx(5.0)
    assert found.high - found.mean == pytest.approx(t_quantile(float(freedom)) * math.sqrt(a + b))


def test_a_single_seed_borrows_the_spread_of_the_other_model() -> None:
    found = paired_seed_interval({0: 11.0}, {0: 9.0, 1: 10.0, 2: 11.0})
    assert found.mean == pytest.approx(1.0)
    assert found.high - found.mean == pytest.approx(t_quantile(2.0) * math.sqrt(1 + 1 / 3))


def test_seeds_without_spread_have_an_interval_without_width() -> None:
    assert paired_seed_interval({0: 2.0, 1: 2.0}, {2: 1.0, 3: 1.0}) == Interval(1.0, 1.0, 1.0)


def test_too_few_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="two seeds"):
        seed_interval([1.0])
    with pytest.raises(ValueError, match="two seeds"):
        paired_seed_interval({0: 1.0}, {0: 2.0})
    with pytest.raises(ValueError, match="two seeds"):
        paired_seed_interval({}, {0: 2.0, 1: 3.0})
