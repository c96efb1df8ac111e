"""Tables that fit, and how numbers are written in them."""

import pytest
from rich.cells import cell_len

from vaetui.cli.table import Column, age, duration, fit, shorten
from vaetui.runs.training_request import thousands


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


def test_names_are_shortened_before_columns_leave_and_further_where_none_is_left() -> None:
    names = ["a" * 90, "vae-z2"]
    columns = [
        Column("run", names, left=True, shrinks=True),
        Column("−ELBO", ["105.30", ""]),
        Column("age", ["2 min", ""], drop=1),
    ]
    for width in (200, 105, 80, 55, 54, 40, 30, 20):
        kept = fit(columns, width)
        assert sum(column.width + 2 for column in kept) - 2 <= width
        assert kept[0].cells[1] == "vae-z2"
        assert ("age" in [column.heading for column in kept]) == (width >= 55)
    assert fit(columns, 200)[0].cells == names
    assert fit(columns, 5)[0].width == 12


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("vae-z10-b1-bce-s0", 17, "vae-z10-b1-bce-s0"),
        ("vae-z10-b1-bce-s0", 16, "vae-z10-b1…ce-s0"),
        ("vae-z10-b1-bce-s0", 3, "va…"),
        ("vae-z10-b1-bce-s0", 1, "…"),
        ("数据集名称很长", 9, "数据集…长"),
        ("e\u0301" * 10, 4, "e\u0301e\u0301…e\u0301"),
    ],
)
def test_names_in_fewer_cells(text: str, width: int, short: str) -> None:
    assert shorten(text, width) == short
    assert cell_len(short) <= width


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
