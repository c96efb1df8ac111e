"""Ticks of axes: few, round and different."""

import math

import pytest

from vaetui.render.ticks import inlier_range, labels, limits, log_ticks, settled, ticks, whole_ticks

SPANS = [(0, 1), (80.1, 190.4), (-3, 7), (0.00012, 0.00019), (1e-9, 1e12), (99.99, 100.01), (-1e300, 1e300)]


@pytest.mark.parametrize(("low", "high"), SPANS)
@pytest.mark.parametrize("most", [2, 5, 12])
def test_ticks_lie_inside_and_can_be_distinguished(low: float, high: float, most: int) -> None:
    found = ticks(low, high, most)
    assert 2 <= len(found) <= most + 1
    assert all(low - 1e-9 <= tick <= high * (1 + 1e-9) for tick in found)
    assert len(set(labels(found))) == len(found)
    assert len({len(label) for label in labels(found)}) == 1


def test_ticks_are_round() -> None:
    assert labels([-10.0, 0.0, 10.0]) == ["−10", "  0", " 10"]
    assert labels([-1e-5, 1e-5, 2e12])[0] == "−1.00e-05"
    assert labels(ticks(80, 190, 6)) == [" 80", "100", "120", "140", "160", "180"]
    assert whole_ticks(1, 50, 5) == [10, 20, 30, 40, 50]
    assert whole_ticks(1, 3, 5) == [1, 2, 3]


def test_logarithmic_ticks_are_numbers_of_the_axis() -> None:
    assert log_ticks(0, 3, 5) == [1, 10, 100, 1000]
    found = log_ticks(math.log10(105), math.log10(170), 5)
    assert all(105 <= tick <= 170.0001 for tick in found)


def test_limits_are_never_the_same_and_costs_not_below_nothing() -> None:
    for values in ([0.0], [5.0], [-5.0], [1.0, 2.0]):
        low, high = limits(values)
        assert low < high
        assert low >= 0 or min(values) < 0


def test_what_is_far_out_does_not_stretch_a_scale() -> None:
    usual = [105.0, 107.0, 110.0, 122.0, 126.0, 132.0, 150.0, 155.0]
    assert inlier_range(usual) == (105.0, 155.0)
    assert inlier_range([*usual, 800.0]) == (105.0, 155.0)
    assert inlier_range([-900.0, *usual]) == (105.0, 155.0)
    assert inlier_range([*usual, float("nan"), float("inf")]) == (105.0, 155.0)
    assert inlier_range([1.0, 2.0, 900.0]) == (1.0, 900.0), "among few nothing is far out"
    assert inlier_range([3.0]) == (3.0, 3.0)
    assert inlier_range([5.0] * 9) == (5.0, 5.0)


def test_first_epochs_that_are_far_out_are_left_out_and_later_ones_never() -> None:
    falling = [540.0, 190.0, *(100 + 50 / n for n in range(2, 40))]
    assert settled(falling)[0] < 130
    assert settled(falling)[-1] == falling[-1]
    rising = [-value for value in falling]
    assert settled(rising) == [-value for value in settled(falling)]
    spike = [100.0] * 20 + [900.0] + [100.0] * 20
    assert settled(spike) == spike
    assert settled([540.0, 190.0, 150.0]) == [540.0, 190.0, 150.0], "among few nothing is far out"
