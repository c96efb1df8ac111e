"""Curves as points, and as rows of characters with axes."""

import math

import pytest

from vaetui.render.chart import FOOT, Axes, Curve, draw
from vaetui.render.spans import Row

RED, BLUE, INK = (255, 0, 0), (0, 0, 255), (9, 9, 9)


def text(rows: list[Row]) -> list[str]:
    return ["".join(span.text for span in row) for row in rows]


def test_points_are_as_many_as_can_be_seen_with_both_ends() -> None:
    curve = Curve((0, 0, 0), tuple(map(float, range(9999))), tuple(map(float, range(9999))))
    xs, ys = curve.points(100, is_log=False)
    assert (len(xs), xs[0], xs[-1]) == (100, 0, 9998)
    assert xs == ys


def test_points_are_finite_and_on_a_logarithmic_axis_positive() -> None:
    curve = Curve(RED, (1.0, 2.0, 3.0, 4.0, 5.0), (math.nan, 100.0, -5.0, math.inf, 0.0))
    assert curve.points(9, is_log=False) == ([2, 3, 5], [100, -5, 0])
    assert curve.points(9, is_log=True) == ([2], [2])


def test_the_value_at_an_epoch_is_known_only_where_there_is_a_point() -> None:
    curve = Curve(RED, (1.0, 3.0), (10.0, 30.0))
    assert [curve.at(x) for x in (0, 1, 2, 3, 4)] == [None, 10.0, None, 30.0, None]


@pytest.mark.parametrize("is_log", [False, True])
def test_a_chart_has_the_size_of_its_axes_and_says_where_the_first_epoch_is(is_log: bool) -> None:
    curve = Curve(RED, (1.0, 2.0, 3.0), (30.0, 20.0, 10.0))
    chart = draw((curve,), Axes(40, 12, 1, 3, is_log), INK)
    assert chart is not None
    rows, margin = chart
    assert [len(line) for line in text(rows)] == [40] * 12
    assert {line[margin - 1] for line in text(rows)[:-FOOT]} <= set("│┤")
    assert text(rows)[-1].split() == ["1", "2", "3"]


def test_curves_are_drawn_in_their_colour_and_the_first_on_top() -> None:
    one, other = (Curve(colour, (1.0, 2.0), (5.0, 5.0), mark) for colour, mark in ((RED, "a"), (BLUE, "b")))
    above = Curve(BLUE, (1.0, 2.0), (9.0, 9.0), "c")
    chart = draw((one, other, above), Axes(30, 10, 1, 2), INK)
    assert chart is not None
    spans = [span for row in chart[0] for span in row]
    assert {span.fg for span in spans if "a" in span.text} == {RED}
    assert {span.fg for span in spans if "c" in span.text} == {BLUE}
    assert not any("b" in span.text for span in spans)


def test_an_axis_of_whole_numbers_ends_at_its_top() -> None:
    chart = draw((Curve(RED, (1.0, 2.0), (2.0, 3.0)),), Axes(30, 12, 1, 2, top=4), INK)
    assert chart is not None
    numbers = [line.split("┤")[0].strip() for line in text(chart[0]) if "┤" in line]
    assert numbers == ["4", "3", "2", "1", "0"]
    assert "4┤" in text(chart[0])[0]


def test_without_a_point_there_is_no_chart() -> None:
    assert draw((Curve(RED, (1.0,), (math.nan,)), Curve(RED, (), ())), Axes(30, 10, 1, 2), INK) is None
