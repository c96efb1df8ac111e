"""Labels of a figure do not cover each other, and stay near what they name."""

import numpy as np
import pytest

from vaetui.report.label_places import Doubles, move_apart

SIZE = (100.0, 80.0)


def least_distance(places: Doubles) -> float:
    """The smallest distance between two of `places`."""
    distance = np.linalg.norm(places[:, None] - places[None], axis=-1)
    return float(distance[~np.eye(len(places), dtype=bool)].min())


@pytest.mark.parametrize("seed", range(20))
def test_labels_do_not_overlap_nor_leave_the_figure(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.normal((50, 40), (3, 3) if seed % 2 else (30, 30), (10, 2))
    moved = move_apart(places, 10.0, SIZE)
    assert least_distance(moved) > 9.9
    assert (moved >= 5 - 1e-6).all()
    assert (moved <= np.array(SIZE) - 5 + 1e-6).all()
    assert np.linalg.norm(moved - places.clip(5, np.array(SIZE) - 5), axis=1).max() < 40
    np.testing.assert_array_equal(moved, move_apart(places, 10.0, SIZE))


@pytest.mark.parametrize("place", [(50.0, 40.0), (0.0, 0.0), (100.0, 80.0), (-50.0, 40.0)])
def test_labels_at_one_place_get_places_of_their_own(place: tuple[float, float]) -> None:
    assert least_distance(move_apart(np.array([place] * 10), 10.0, SIZE)) > 9.9


def test_labels_that_are_apart_stay() -> None:
    places = np.array([(10.0, 10.0), (30.0, 10.0), (10.0, 25.0)])
    np.testing.assert_allclose(move_apart(places, 10.0, SIZE), places, atol=1e-4)


def test_one_label_and_none() -> None:
    assert move_apart(np.zeros((1, 2)), 10.0, SIZE).shape == (1, 2)
    assert move_apart(np.zeros((0, 2)), 10.0, SIZE).shape == (0, 2)


def test_without_room_the_labels_stay_in_the_figure() -> None:
    moved = move_apart(np.zeros((10, 2)), 10.0, (12.0, 5.0))
    assert np.isfinite(moved).all()
    assert (moved >= 0).all()
    assert (moved <= (12.0, 5.0)).all()
