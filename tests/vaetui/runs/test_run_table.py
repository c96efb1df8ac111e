"""The columns of a list of runs, and which of them fit."""

from pathlib import Path

import pytest

from tests import tiny
from vaetui.runs.run_changes import change_note
from vaetui.runs.run_fields import find_field
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_table import GAP, RunTable, run_table


@pytest.fixture
def several(runs: Path) -> RunIndex:
    """Runs of two seeds × two learning rates, one of them of another dataset, one without an epoch."""
    for lr in (1e-3, 3e-4):
        for seed in (0, 1):
            tiny.make(runs, tiny.config(latent=4, lr=lr, dataset="mnist", seed=seed))
    tiny.make(runs, tiny.config(latent=4), state="stopped", done=0)
    return RunIndex(runs)


def names(table: RunTable, width: int, wanted: str = "") -> list[str]:
    """Return the names of the columns that fit."""
    columns = table.fitting(width, find_field(wanted) if wanted else None)
    assert sum(column.width + GAP for column in columns) - GAP <= width
    return [column.field.name for column in columns]


def test_there_is_a_column_for_every_setting_that_differs_and_for_every_figure(several: RunIndex) -> None:
    table = run_table(several.runs)
    names = ["name", "state", "epoch", "elbo", "dataset", "lr", "seed"]
    assert [field.name for field in table.fields] == [*names, "age", "active", "distortion", "rate", "mse"]
    change_note(several.runs[0], "look at this")
    assert several.poll()
    assert [field.name for field in run_table(several.runs).fields][-1] == "note"


def test_what_is_empty_or_the_same_has_no_column(runs: Path) -> None:
    tiny.make(runs, state="stopped", done=0)
    found = [field.name for field in run_table(RunIndex(runs).runs).fields]
    assert found == ["name", "state", "epoch", "age"]
    assert run_table(()).fitting(80, None) == ()


def test_columns_that_do_not_fit_are_reached_by_sorting(several: RunIndex) -> None:
    table = run_table(several.runs)
    every = [field.name for field in table.fields]
    assert names(table, 200) == every
    assert names(table, 78) == every[: len(names(table, 78))]
    assert len(names(table, 78)) < len(every)
    for wanted in every:
        shown = names(table, 60, wanted)
        assert "name" in shown
        assert wanted in shown
    for width in range(12):
        assert names(table, width)[:1] == ["name"] or width < 1


def test_a_note_takes_what_is_left(several: RunIndex) -> None:
    change_note(several.runs[0], "x" * 150)
    several.poll()
    wide = run_table(several.runs).fitting(200, None)
    assert wide[-1].field.name == "note"
    assert sum(column.width + GAP for column in wide) - GAP == 200
