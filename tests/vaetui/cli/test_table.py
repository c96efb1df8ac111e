"""Tables that fit."""

import pytest
from rich.cells import cell_len

from vaetui.cli.table import Column, fit
from vaetui.render.cut_text import shorten


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
