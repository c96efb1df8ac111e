"""Interpolation between points of latent space, and traversals."""

from collections.abc import Callable

import numpy as np
import pytest

from vaetui.arrays import Floats
from vaetui.latent.path import InterpolationMethod, interpolate, lerp, slerp, traversal_points

RNG = np.random.default_rng(0)


def point(*numbers: float) -> Floats:
    return np.array(numbers, np.float32)


def points(count: int, latent: int = 10) -> Floats:
    return RNG.standard_normal((count, latent)).astype(np.float32)


def norm(point: Floats) -> float:
    return float(np.sqrt(np.sum(np.square(point, dtype=np.float64))))


@pytest.mark.parametrize("between", [lerp, slerp])
def test_both_ends_are_met_exactly(between: Callable[[Floats, Floats, float], Floats]) -> None:
    for a, b in zip(points(20), points(20), strict=True):
        assert np.array_equal(between(a, b, 0.0), a)
        assert np.array_equal(between(a, b, 1.0), b)
        assert between(a, b, 0.3).dtype == np.float32


def test_lerp_is_the_weighted_mean() -> None:
    np.testing.assert_allclose(lerp(point(0, 4), point(8, 0), 0.25), [2, 3])


def test_slerp_keeps_the_norm_between_equal_norms() -> None:
    a, b = points(2, 20)
    b *= norm(a) / norm(b)
    for t in np.linspace(0, 1, 11):
        assert norm(slerp(a, b, t)) == pytest.approx(norm(a), rel=1e-6)
    assert norm(lerp(a, b, 0.5)) < 0.95 * norm(a)


def test_slerp_moves_by_equal_angles() -> None:
    a, b = point(3, 0), point(0, 3)
    for t in (0.25, 0.5, 0.9):
        angle = t * np.pi / 2
        np.testing.assert_allclose(slerp(a, b, t), [3 * np.cos(angle), 3 * np.sin(angle)], atol=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "middle"),
    [
        ([1, 2], [2, 4], [1.5, 3]),  # parallel
        ([1, 2], [1, 2], [1, 2]),  # the same
        ([1, 2], [-1, -2], [0, 0]),  # opposite
        ([0, 0], [1, 2], [0.5, 1]),  # zero
        ([0, 0], [0, 0], [0, 0]),
        ([1, 1], [1, 1.0000001], [1, 1]),  # parallel but for rounding
        ([1e-30, 0], [0, 1e-30], [0.7071068e-30, 0.7071068e-30]),  # tiny, yet with a direction
    ],
)
def test_slerp_where_no_circle_is_defined_goes_straight(
    a: list[float], b: list[float], middle: list[float]
) -> None:
    np.testing.assert_allclose(slerp(point(*a), point(*b), 0.5), middle, rtol=1e-5)


def test_a_path_goes_through_every_stop() -> None:
    stops = points(4)
    way = interpolate(stops, 25, "slerp")
    assert way.shape == (25, 10)
    assert [np.flatnonzero((way == stop).all(1)).tolist() for stop in stops] == [[0], [8], [16], [24]]
    np.testing.assert_array_equal(way[4], slerp(stops[0], stops[1], 0.5))


@pytest.mark.parametrize("steps", [3, 4, 5, 7, 24])
@pytest.mark.parametrize("how", ["lerp", "slerp"])
def test_a_path_meets_the_stops_when_they_do_not_divide_the_steps(
    steps: int, how: InterpolationMethod
) -> None:
    stops = points(3)
    way = interpolate(stops, steps, how)
    for stop in stops:
        assert (way == stop).all(1).sum() == 1


def test_short_paths() -> None:
    stops = points(3)
    np.testing.assert_array_equal(interpolate(stops, 1), stops[:1])
    np.testing.assert_array_equal(interpolate(stops, 2), stops[[0, 2]])
    np.testing.assert_array_equal(interpolate(stops[:1], 3), stops[[0, 0, 0]])


@pytest.mark.parametrize(("stops", "steps"), [(0, 5), (2, 0)])
def test_a_path_needs_stops_and_steps(stops: int, steps: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        interpolate(points(3)[:stops], steps)


@pytest.mark.parametrize("latent", [1, 2, 100])
def test_a_traversal_moves_one_dimension_alone(latent: int) -> None:
    code = points(1, latent)[0]
    values = np.linspace(-3, 3, 7, dtype=np.float32)
    for dim in (0, latent - 1):
        along = traversal_points(code, dim, values)
        assert along.shape == (7, latent)
        assert along.dtype == np.float32
        assert np.array_equal(along[:, dim], values)
        assert np.array_equal(np.delete(along, dim, 1), np.tile(np.delete(code, dim), (7, 1)))
    assert np.array_equal(traversal_points(code, 0, code[:1])[0], code)


@pytest.mark.parametrize("dim", [-1, 2])
def test_a_traversal_of_a_dimension_that_is_not_there_is_refused(dim: int) -> None:
    with pytest.raises(ValueError, match="no dimension"):
        traversal_points(point(0, 0), dim, point(1))


def test_a_traversal_leaves_its_code_alone() -> None:
    code = point(1, 2)
    traversal_points(code, 0, point(5))
    assert np.array_equal(code, [1, 2])
