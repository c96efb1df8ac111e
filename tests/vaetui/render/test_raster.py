"""Points and lines as pixel classes, and these as characters."""

import numpy as np
import pytest

from vaetui.render.raster import NOTHING, OTHER, Window, polyline, scatter, to_rows
from vaetui.render.spans import Span

UNIT: Window = (0, 1, 0, 1)
BLACK, RED, BLUE = (0, 0, 0), (255, 0, 0), (0, 0, 255)


def points(*places: tuple[float, float]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array(places, np.float32).reshape(-1, 2)


def labels(*classes: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.array(classes, np.uint8)


def test_y_points_upwards_and_each_pixel_has_the_label_of_its_point() -> None:
    pixels = scatter(points((0.1, 0.9), (0.9, 0.1)), labels(3, 7), UNIT, 2, 2, None)
    assert pixels.tolist() == [[4, NOTHING], [NOTHING, 8]]


def test_the_most_frequent_label_wins_and_the_lower_of_two_equal_ones() -> None:
    same = points(*[(0.5, 0.5)] * 3)
    assert scatter(same, labels(2, 5, 5), UNIT, 1, 1, None).item() == 6
    assert scatter(same[:2], labels(5, 2), UNIT, 1, 1, None).item() == 3


def test_points_outside_the_window_are_left_out() -> None:
    outside = points((-0.1, 0.5), (1.0, 0.5), (0.5, 1.1), (0.5, 0.0))
    assert not scatter(outside, labels(1, 2, 3, 4), UNIT, 4, 4, None).any()


@pytest.mark.parametrize(
    ("side", "rows"),
    [
        (1, ["......", "......", "...3..", "......", "......"]),
        (2, ["......", "......", "...33.", "...33.", "......"]),
        (3, ["......", "..333.", "..333.", "..333.", "......"]),
        (4, ["......", "..3333", "..3333", "..3333", "..3333"]),
    ],
)
def test_a_large_point_covers_pixels_around_its_own(side: int, rows: list[str]) -> None:
    pixels = scatter(points((3.5, 2.5)), labels(2), (0, 6, 0, 5), 6, 5, None, side)
    assert ["".join(str(pixel or ".") for pixel in row) for row in pixels.tolist()] == rows


def test_a_large_point_is_cut_at_the_edge_and_its_most_frequent_label_wins() -> None:
    places = points((0.5, 0.5), (1.5, 0.5), (1.5, 0.5))
    assert scatter(places, labels(4, 7, 7), (0, 3, 0, 1), 3, 1, None, 3).tolist() == [[8, 8, 8]]
    assert scatter(places, labels(4, 7, 7), (0, 3, 0, 1), 3, 1, 4, 3).tolist() == [[5, 5, OTHER]]


def test_one_label_is_shown_over_all_others() -> None:
    places = points((0.2, 0.5), (0.2, 0.5), (0.2, 0.5), (0.8, 0.5))
    assert scatter(places, labels(1, 1, 9, 1), UNIT, 3, 1, 9).tolist() == [[10, NOTHING, OTHER]]


def test_a_line_has_no_gaps_and_goes_through_its_points() -> None:
    column, row = polyline(points((0.05, 0.05), (0.95, 0.55), (0.95, 0.95)), UNIT, 10, 10)
    assert {(0, 9), (9, 4), (9, 0)} <= set(zip(column.tolist(), row.tolist(), strict=True))
    assert np.abs(np.diff(column)).max() <= 1
    assert np.abs(np.diff(row)).max() <= 1


@pytest.mark.parametrize(("far", "columns"), [(2.0, {2, 3}), (1e30, {2, 3}), (-1e30, {0, 1, 2})])
def test_a_line_to_a_point_far_outside_reaches_the_edge(far: float, columns: set[int]) -> None:
    column, row = polyline(points((0.5, 0.5), (far, 0.5)), UNIT, 4, 4)
    assert set(column.tolist()) == columns
    assert set(row.tolist()) == {2}


def test_two_pixels_are_a_cell_in_the_colours_of_their_classes() -> None:
    pixels = np.array([[0, 1, 1, 2], [0, 1, 1, 0]])
    spans = [Span(" ", None, BLACK), Span("  ", None, RED), Span("▀", BLUE, BLACK)]
    assert to_rows(pixels, (BLACK, RED, BLUE)) == (spans,)


def test_with_letters_a_pixel_is_a_cell() -> None:
    rows = to_rows(np.array([[0, 1, 1], [2, 2, 2]]), (BLACK, RED, BLUE), " ab")
    assert rows == ([Span(" ", BLACK, None), Span("aa", RED, None)], [Span("bbb", BLUE, None)])
