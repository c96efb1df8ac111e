"""Tables that fit, and how numbers are written in them."""

import pytest

from vaetui.cli.table import Column, age, duration, fit
from vaetui.order import thousands


def test_columns_that_matter_less_leave_first_and_the_order_stays() -> None:
    columns = [
        Column("run", ["vae-z2"]),
        Column("kind", ["vae"], drop=2),
        Column("−ELBO", ["105.30"]),
        Column("age", ["2 min"], drop=1),
    ]
    widths = {80: "run kind −ELBO age", 27: "run kind −ELBO age", 26: "run −ELBO age", 20: "run −ELBO"}
    for width, headings in widths.items():
        assert " ".join(column.heading for column in fit(columns, width)) == headings
    assert [column.heading for column in fit(columns, 3)] == ["run", "−ELBO"]


def test_empty_columns_are_left_out() -> None:
    assert [column.heading for column in fit([Column("run", ["a"]), Column("β", [""])], 80)] == ["run"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (754, "12:34"), (3600, "1:00:00"), (-1, "0:00")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-3, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (100_000, "1 d")]
)
def test_ages(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_thousands() -> None:
    assert [thousands(n) for n in (0, 999, 1797, 60_000, 1_234_567.8)] == [
        *("0", "999", "1 797", "60 000", "1 234 568")
    ]
