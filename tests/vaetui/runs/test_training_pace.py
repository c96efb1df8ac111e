"""The pace of trainings."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from trainer.contract.run_dir import State, Status
from vaetui.runs.run_watcher import Run
from vaetui.runs.training_pace import RECENT, done, is_testing, mean_speed, seconds_left

IMAGES = tiny.config().data.train


def run(state: State = "running", epochs: int = 10, rows: int = 2, **status: Any) -> Run:
    made = tiny.config()
    figures = tuple(tiny.epoch(made, number) for number in range(1, rows + 1))  # 0.5 s each
    now = Status(state, rows, epochs, **status)
    return Run(Path("runs/digits") / made.name, made, now, state in ("queued", "running"), figures)


def test_the_mean_speed_is_that_of_recent_epochs_and_at_first_the_measured_one() -> None:
    assert mean_speed(run(images_per_second=1.0)) == pytest.approx(IMAGES / 0.5)
    assert mean_speed(run(rows=0, images_per_second=900.0)) == pytest.approx(900)
    assert mean_speed(run(rows=0)) == 0
    many = run(rows=RECENT + 3, epochs=50)
    slow = [dataclasses.replace(row, seconds=100.0) for row in many.epochs[:3]]
    assert mean_speed(dataclasses.replace(many, epochs=(*slow, *many.epochs[3:]))) == pytest.approx(
        IMAGES / 0.5
    )


def test_epochs_done_count_the_part_of_the_present_one() -> None:
    assert done(run(progress=0.25)) == pytest.approx(2.25)
    assert done(run("finished", epochs=50, early=True)) == 2
    assert is_testing(run(epochs=2))
    assert not is_testing(run(epochs=3))


def test_the_time_left_counts_what_still_waits_for_its_turn() -> None:
    running, waiting = run(epochs=10), run("queued", epochs=10)
    assert seconds_left([running]) == pytest.approx(8 * 0.5)
    assert seconds_left([running, waiting]) == pytest.approx(16 * 0.5)
    assert seconds_left([running, running]) == pytest.approx(8 * 0.5)
    assert seconds_left([waiting]) is None
