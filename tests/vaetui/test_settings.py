"""The table of training settings."""

import dataclasses
import inspect
from typing import Any, get_type_hints

from tests import tiny
from trainer.contract.config import NAME_MARKS, Config
from trainer.contract.datasets import registry
from trainer.contract.datasets.sources import SOURCES
from vaetui.cli import commands_training
from vaetui.runs.training_request import REQUEST_SETTINGS
from vaetui.settings import PROVENANCE, ROWS, SETTINGS
from vaetui.training_grid import parse


def test_the_datasets_are_those_of_the_trainer() -> None:
    assert ("auto", *registry.DATASETS) == SETTINGS["dataset"].choices
    assert set(SOURCES) < set(registry.DATASETS)


def paths(kind: Any, prefix: str = "") -> list[str]:
    """Return the paths of all values of a configuration."""
    found = []
    for name, field in get_type_hints(kind).items():
        is_part = dataclasses.is_dataclass(field) and isinstance(field, type)
        found += paths(field, f"{prefix}{name}.") if is_part else [f"{prefix}{name}"]
    return found


def test_every_value_of_a_configuration_has_one_row_or_says_where_a_run_came_from() -> None:
    assert sorted([*PROVENANCE, *(row.path for row in ROWS if row.path)]) == sorted(paths(Config))


def test_every_setting_is_in_the_name_of_a_run_or_does_not_tell_runs_apart() -> None:
    named = {mark.path for mark in NAME_MARKS}
    assert named <= {row.path for row in ROWS}
    assert {row.option for row in SETTINGS.values() if row.path not in named} == {
        *("epochs", "device", "dataset", "name"),
    }


def test_every_setting_is_in_help_dialog_command_and_report() -> None:
    assert [row.option for row in ROWS if row.option] == list(SETTINGS)
    captioned = {"dataset", "binarize", "epochs", "device", "name"}  # or of the machine
    assert all(row.in_report or row.hides_default for key, row in SETTINGS.items() if key not in captioned)
    assert all(row.help and row.accepted and row.panel for row in SETTINGS.values())
    assert list(inspect.signature(commands_training.train).parameters)[: len(SETTINGS)] == [
        key.replace("-", "_") for key in SETTINGS
    ]
    assert list(REQUEST_SETTINGS)[: len(SETTINGS)] == list(SETTINGS)


def test_every_setting_can_be_shown_and_written_as_an_option() -> None:
    config = tiny.config(hidden=(64, 32), beta_warmup=3, patience=2, keep="best", batch_size=64)
    shown = {row.label: row.text(config) for row in ROWS if row.path}
    assert (shown["hidden widths"], shown["β warm-up"], shown["batch size"]) == ("64×32", "3 epochs", "64")
    assert SETTINGS["batch-size"].tag(config) == "batch 64"
    assert SETTINGS["beta"].tag(config) == "β 1"
    assert parse({key: row.command_text(config) for key, row in SETTINGS.items() if row.path})["hidden"] == (
        *(64, 32),
    )
