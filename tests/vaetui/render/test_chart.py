"""Curves as points, and as rows of characters with axes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaetui.render.chart import FOOT, Axes, Chart, Curve, draw
from vaetui.render.colours import Colour
from vaetui.render.spans import Row, part

RED, GREEN, BLUE, INK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 9, 9)


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


def test_the_value_at_an_epoch_is_known_where_there_is_a_point_and_beyond_the_last() -> None:
    curve = Curve(RED, (1.0, 3.0), (10.0, 30.0))
    assert [curve.read(x) for x in (0, 1, 2, 3, 4)] == [None, (1, 10), None, (3, 30), (3, 30)]
    assert Curve(RED, (), ()).read(1) is None


@pytest.mark.parametrize("is_log", [False, True])
def test_a_chart_has_the_size_of_its_axes_and_says_where_the_first_epoch_is(is_log: bool) -> None:
    curve = Curve(RED, (1.0, 2.0, 3.0), (30.0, 20.0, 10.0))
    chart = draw((curve,), Axes(40, 12, 1, 3, is_log), INK)
    assert chart is not None
    assert [len(line) for line in text(chart.rows)] == [40] * 12
    assert {line[chart.margin - 1] for line in text(chart.rows)[:-FOOT]} <= set("│┤")
    assert text(chart.rows)[-1].split() == ["1", "2", "3"]


def test_curves_are_drawn_in_their_colour_and_the_first_on_top() -> None:
    one, other = (Curve(colour, (1.0, 2.0), (5.0, 5.0), mark) for colour, mark in ((RED, "a"), (BLUE, "b")))
    above = Curve(GREEN, (1.0, 2.0), (9.0, 9.0), "c")
    chart = draw((one, other, above), Axes(30, 10, 1, 2), INK)
    assert chart is not None
    spans = [span for row in chart.rows for span in row]
    for colour, mark in ((RED, "a"), (BLUE, "b"), (GREEN, "c")):
        assert {span.fg for span in spans if mark in span.text} == {colour}
    (line,) = ["".join(span.text for span in row) for row in chart.rows if any("a" in s.text for s in row)]
    assert line.count("a") > 2 * line.count("b") > 0


def colours_of(chart: Chart) -> set[Colour | None]:
    """The colours of what is drawn inside the axes."""
    rows = [part(row, chart.margin, 999) for row in chart.rows[:-FOOT]]
    return {span.fg for row in rows for span in row if span.text.strip()}


@st.composite
def falling(draw_: st.DrawFn) -> tuple[float, ...]:
    """The metrics of a training: they fall to where they stay, with noise, or are flat."""
    epochs = draw_(st.integers(2, 200))
    end, drop = draw_(st.floats(0.1, 300)), draw_(st.sampled_from((0.0, 0.01, 1.0, 50.0, 1000.0)))
    noise, speed = draw_(st.sampled_from((0.0, 0.001, 0.1, 2.0))), draw_(st.floats(0.3, 2))
    rng = np.random.default_rng(draw_(st.integers(0, 99)))
    steps = np.arange(1, epochs + 1)
    return tuple((end + drop * steps**-speed + noise * rng.random(epochs)).tolist())


@pytest.mark.parametrize("size", [(54, 16), (53, 28), (20, 6)])
@given(data=st.data())
@settings(max_examples=50)
def test_any_two_curves_are_both_found_in_their_colours(size: tuple[int, int], data: st.DataObject) -> None:
    upper = data.draw(falling())
    offset = data.draw(st.sampled_from((0.0, 0.01, 0.3)) | st.floats(-20, 20))
    beside = tuple(max(value + offset, 0.01) for value in upper)
    begun = st.integers(1, len(upper)).map(lambda epochs: beside[:epochs])
    lower = data.draw(st.just(beside) | begun | falling())
    marker = data.draw(st.sampled_from(("", "#")))
    axes = Axes(*size, 1, max(len(upper), len(lower)), data.draw(st.booleans()), data.draw(st.booleans()))
    curves = tuple(
        Curve(colour, tuple(map(float, range(1, len(ys) + 1))), ys, marker)
        for colour, ys in ((RED, upper), (BLUE, lower))
    )
    for order in (curves, curves[::-1]):
        chart = draw(order, axes, INK)
        assert chart is not None
        assert colours_of(chart) == {RED, BLUE}


def test_where_curves_share_cells_is_told_and_a_crossing_is_none() -> None:
    xs = tuple(map(float, range(1, 41)))
    one, other = Curve(RED, xs, tuple(xs)), Curve(BLUE, xs, tuple(41 - x for x in xs))
    axes = Axes(44, 20, 1, 40)
    crossing = draw((one, other), axes, INK)
    assert crossing is not None
    assert crossing.overlaps == ()
    joined = Curve(BLUE, xs, tuple(x if x > 20 else 41 - x for x in xs))
    chart = draw((one, joined), axes, INK)
    assert chart is not None
    ((start, end),) = chart.overlaps
    width = 44 - chart.margin
    assert (start, end) == pytest.approx((width * 19 / 39, width - 1), abs=2)


def test_first_epochs_are_beyond_a_robust_axis_and_marked_at_its_edge() -> None:
    xs = tuple(map(float, range(1, 41)))
    ys = tuple(100 + 400 / x**3 for x in xs)
    curves = (Curve(RED, xs, ys),)
    every, robust = (draw(curves, Axes(50, 16, 1, 40, is_robust=flag), INK) for flag in (False, True))
    assert every is not None
    assert robust is not None
    assert every.beyond == {}
    assert not any("▲" in line for line in text(every.rows))
    first, last = robust.beyond["▲"]
    assert first == 1
    assert 2 <= last <= 10
    top = text(robust.rows)[0]
    assert top[robust.margin] == "▲"
    assert top.count("▲") >= last - 1
    assert {len(line.split("▲")) for line in text(robust.rows)[1:]} == {1}
    rising = draw((Curve(RED, xs, tuple(-y for y in ys)),), Axes(50, 16, 1, 40, is_robust=True), INK)
    assert rising is not None
    assert rising.beyond == {"▼": (first, last)}
    assert text(rising.rows)[-FOOT - 1][rising.margin] == "▼"


def test_a_short_curve_beside_a_long_one_does_not_set_a_robust_axis_and_is_seen() -> None:
    long = Curve(RED, tuple(map(float, range(1, 41))), tuple(100 + 10 / x for x in range(1, 41)))
    short = Curve(BLUE, (1.0, 2.0), (900.0, 112.0))
    chart = draw((long, short), Axes(50, 16, 1, 40, is_robust=True), INK)
    assert chart is not None
    assert chart.beyond["▲"] == (1, 1)
    assert colours_of(chart) == {RED, BLUE}
    numbers = [float(line.split("┤")[0]) for line in text(chart.rows) if "┤" in line]
    assert max(numbers) <= 115
    assert "●" in "".join(text(chart.rows)[1:4]), "the row at the edge is that of the marks"
    alone = draw((short,), Axes(50, 16, 1, 2, is_robust=True), INK)
    assert alone is not None
    assert alone.beyond == {}


def test_values_of_any_size_beyond_the_axis_cost_no_time() -> None:
    ys = (1e30, *(100 + 1 / x for x in range(1, 40)))
    chart = draw((Curve(RED, tuple(map(float, range(1, 41))), ys),), Axes(50, 16, 1, 40, is_robust=True), INK)
    assert chart is not None
    assert chart.beyond["▲"][0] == 1


def test_a_curve_that_ends_before_the_axis_has_a_mark_there_and_one_point_is_one() -> None:
    xs = tuple(map(float, range(1, 41)))
    long, short = Curve(RED, xs, xs), Curve(BLUE, xs[:20], xs[:20])
    chart = draw((long, short), Axes(44, 20, 1, 40), INK)
    assert chart is not None
    marks = [span for row in chart.rows for span in row if "●" in span.text]
    assert [span.fg for span in marks] == [BLUE]
    alone = draw((Curve(RED, (3.0,), (5.0,)),), Axes(30, 10, 1, 3), INK)
    assert alone is not None
    assert sum(line.count("●") for line in text(alone.rows)) == 1


def test_an_axis_of_whole_numbers_ends_at_its_top() -> None:
    chart = draw((Curve(RED, (1.0, 2.0), (2.0, 3.0)),), Axes(30, 12, 1, 2, top=4), INK)
    assert chart is not None
    numbers = [line.split("┤")[0].strip() for line in text(chart.rows) if "┤" in line]
    assert numbers == ["4", "3", "2", "1", "0"]
    assert "4┤" in text(chart.rows)[0]


def test_without_a_point_there_is_no_chart() -> None:
    assert draw((Curve(RED, (1.0,), (math.nan,)), Curve(RED, (), ())), Axes(30, 10, 1, 2), INK) is None


@pytest.mark.parametrize("is_log", [False, True])
def test_a_band_is_dotted_below_its_curve_and_hides_none(is_log: bool) -> None:
    xs = tuple(map(float, range(1, 31)))
    ys = tuple(100.0 + x for x in xs)
    axes = Axes(60, 20, 1, 30, is_log)
    bare, banded = (
        draw((Curve(RED, xs, ys, spread=spread), Curve(GREEN, xs, (100.0,) * 30)), axes, INK)
        for spread in ((), (8.0,) * 30)
    )
    assert bare is not None
    assert banded is not None
    assert banded.overlaps == bare.overlaps, "a band shares cells with every curve inside of it"
    colours = {span.fg for row in banded.rows for span in row} - {
        span.fg for row in bare.rows for span in row
    }
    assert len(colours) == 1

    def cells(chart: Chart, colour: Colour) -> int:
        return sum(len(span.text.strip()) for row in chart.rows for span in row if span.fg == colour)

    assert cells(banded, RED) == cells(bare, RED)
    assert cells(banded, GREEN) == cells(bare, GREEN)
    assert cells(banded, colours.pop() or INK) > 30


def test_what_is_not_finite_has_no_band() -> None:
    curve = Curve(RED, (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), spread=(0.1, math.nan, math.inf))
    assert draw((curve,), Axes(40, 12, 1, 3), INK) is not None
    assert (curve.spread_at(1), curve.spread_at(0)) == (0.1, None)
