"""What is moved in a code, and which dimension that is in a model."""

import numpy as np
import pytest

from vaetui.latent.dimensions import RankedDimensions, rank_dimensions
from vaetui.latent.posteriors import Codes
from vaetui.latent.traversal import TraversalOffsets
from vaetui.models.autoencoder import Posterior

MEAN = np.array([[0.5, -1.0, 2.0]], np.float32)
LOG_VAR = np.zeros((1, 3), np.float32)
KL = (0.2, 0.001, 3.0)


def dims(kl: tuple[float, ...] = KL) -> RankedDimensions:
    return rank_dimensions(Posterior(MEAN, LOG_VAR), kl, None)


def test_dimensions_are_sorted_by_kl_and_the_collapsed_are_known() -> None:
    found = dims()
    assert found.number.tolist() == [2, 0, 1]
    assert found.is_dead.tolist() == [False, False, True]
    assert found.mean.tolist() == [2.0, 0.5, -1.0]
    assert found.source == "KL"


def test_without_a_measured_kl_the_digit_has_one() -> None:
    found = dims(kl=())
    assert found.source == "digit's KL"
    assert found.number.tolist() == [2, 1, 0]  # by the squared mean


def test_means_that_do_not_move_are_not_active() -> None:
    codes = Codes(np.array([[0, 1, 0], [0, 2, 0.01]], np.float32), np.zeros(2, np.uint8))
    assert rank_dimensions(Posterior(MEAN, LOG_VAR), (1.0, 1.0, 1.0), codes).is_dead.tolist() == [
        True,
        False,
        True,
    ]


def test_an_autoencoder_is_sorted_by_the_variance_of_its_codes() -> None:
    posterior = Posterior(MEAN, None)
    assert rank_dimensions(posterior, (), None).number.tolist() == [0, 1, 2]
    codes = Codes(np.array([[1, 5, 0], [1, 9, 1]], np.float32), np.zeros(2, np.uint8))
    found = rank_dimensions(posterior, (0.0, 0.0, 0.0), codes)
    assert found.number.tolist() == [1, 2, 0]
    assert found.is_dead.tolist() == [False, False, True]
    assert found.code(TraversalOffsets()).tolist() == pytest.approx(MEAN[0].tolist())
    assert found.code(TraversalOffsets(off=frozenset({0})))[1] == 7  # the middle of its codes


def test_unmoved_is_the_digits_own_code_and_a_move_changes_one_dimension() -> None:
    assert np.array_equal(dims().code(TraversalOffsets()), MEAN[0])
    assert dims().code(TraversalOffsets().with_value(0, -1.5, 2.0)).tolist() == [0.5, -1.0, -1.5]
    assert dims().code(TraversalOffsets().with_toggled(2)).tolist() == [0.5, 0.0, 2.0]
    along = dims().traversal(TraversalOffsets().with_toggled(2), 0, np.array([-3, 3], np.float32))
    assert along.tolist() == [[0.5, 0.0, -3.0], [0.5, 0.0, 3.0]]


def test_ranks_that_a_model_has_not_do_nothing_to_it() -> None:
    moves = TraversalOffsets().with_value(7, 1.0, 0.0)
    assert np.array_equal(dims().code(moves), MEAN[0])
    assert not moves.is_changed(3)
    assert moves.is_changed(8)
    assert moves.selected_rank(3) == 2
    assert moves.rank == 7


@pytest.mark.parametrize(("asked", "own", "got"), [(9, 0, 3), (-9, 0, -3), (9, 4, 4), (-9, -5, -5)])
def test_values_stay_within_the_prior_or_reach_the_code(asked: float, own: float, got: float) -> None:
    assert TraversalOffsets().with_value(0, asked, own).value(0, own) == got


def test_off_keeps_the_value_and_moving_switches_on() -> None:
    moved = TraversalOffsets().with_value(1, 2.0, 0.0)
    assert moved.with_toggled(1).value(1, 0.5) == 0
    assert moved.with_toggled(1).with_toggled(1) == moved
    assert moved.with_toggled(1).with_value(1, 0.25, 0.5).value(1, 0.5) == 0.25


def test_back_is_where_it_was() -> None:
    moved = TraversalOffsets().with_value(0, 1.0, 0.0).with_value(1, 2.0, 0.0).with_toggled(2)
    assert moved.with_reset(1).value(1, 0.5) == 0.5
    assert moved.with_reset(1).value(0, 0.5) == 1.0
    assert moved.with_all_reset() == TraversalOffsets(rank=2)


@pytest.mark.parametrize(("asked", "got"), [(-1, 0), (2, 2), (9, 4)])
def test_the_choice_stays_among_the_dimensions(asked: int, got: int) -> None:
    assert TraversalOffsets().with_selected(asked, 5).rank == got
