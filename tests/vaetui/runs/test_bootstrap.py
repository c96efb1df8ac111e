"""Bootstrap intervals: where they lie, how wide they are, what pairing brings."""

import numpy as np
import pytest

from vaetui.runs.bootstrap import Interval, bootstrap_intervals


def draws(seed: int, images: int = 2000) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).standard_normal(images)


def test_the_interval_is_as_wide_as_the_normal_theory_says() -> None:
    values = 3 + 2 * draws(0)
    (found,) = bootstrap_intervals(values[:, None])
    error = 2 / np.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert found.low < found.mean < found.high


def test_it_holds_the_truth_as_often_as_it_says() -> None:
    held = sum(
        found.low <= 0 <= found.high
        for found in bootstrap_intervals(
            np.stack([draws(seed, 400) for seed in range(200)], axis=1), resamples=500
        )
    )
    assert 180 <= held <= 198


def test_pairs_are_compared_image_by_image() -> None:
    """What is hard for both runs drops out of the difference."""
    hard = 10 * draws(1)
    one, other = hard + 0.1 * draws(2), hard + 0.1 + 0.1 * draws(3)
    paired, alone = bootstrap_intervals(np.stack([other - one, other], axis=1))
    assert paired.is_clear
    assert paired.mean == pytest.approx(0.1, abs=0.02)
    assert not alone.is_clear


def test_the_same_seed_gives_the_same_and_columns_do_not_depend_on_each_other() -> None:
    values = np.stack([draws(4), draws(5)], axis=1)
    assert bootstrap_intervals(values) == bootstrap_intervals(values)
    together, alone = bootstrap_intervals(values)[1], bootstrap_intervals(values[:, 1:])[0]
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high), rel=1e-12)
    assert bootstrap_intervals(values) != bootstrap_intervals(values, seed=1)


def test_zero_inside_is_not_clear() -> None:
    assert not Interval(0.1, -0.1, 0.3).is_clear
    assert Interval(-0.2, -0.3, -0.1).is_clear


def test_no_images_are_refused() -> None:
    with pytest.raises(ValueError, match="no images"):
        bootstrap_intervals(np.zeros((0, 1)))
