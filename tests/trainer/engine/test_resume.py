"""A stopped run that goes on is bit for bit the run that was never stopped."""

import gc
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trainer.checkpoint
import trainer.engine.train
from tests.trainer.engine.training import after, go, same, trained, weights
from tests.trainer.small import config
from trainer.contract.config import Config, Precision
from trainer.contract.evaluation import read_evaluation
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import TIMELINE, read_status
from trainer.contract.tensors import read_tensors
from trainer.engine.learner import Learner

RESUMABLE = {
    "vae and ae": [config(2, 1.0, epochs=3), config(5, kind="ae", epochs=3)],
    "warm-up": [config(2, 4.0, epochs=3, beta_warmup=2)],
    "adamw, odd batches": [config(3, epochs=3, optimizer="adamw", batch_size=37)],
    "dynamic": [config(2, epochs=3, binarize="dynamic")],
    "the best kept": [config(2, epochs=3, keep="best", lr=0.05)],
}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("grid", RESUMABLE.values(), ids=RESUMABLE)
@pytest.mark.parametrize(("asked", "block"), [(1, 64), (3, 64), (2, 128), (4, 200), (7, 64), (11, 64)])
def test_stopped_and_resumed_is_bit_for_bit_the_uninterrupted_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: int,
    block: int,
    grid: list[Config],
    precision: Precision,
) -> None:
    whole = trained(tmp_path / "whole", grid, precision=precision)
    monkeypatch.setattr(trainer.engine.train, "BLOCK_IMAGES", block)
    runs = trained(tmp_path / "halves", grid, after(asked), precision)
    assert {read_status(run).state for run in runs} == {"stopped"}
    monkeypatch.undo()
    go(runs, grid, precision=precision)
    for run, expected in zip(runs, whole, strict=True):
        assert same(run, expected)
        assert [e.train for e in read_epochs(run)] == [e.train for e in read_epochs(expected)]
        assert [e.val for e in read_epochs(run)] == [e.val for e in read_epochs(expected)]
        assert read_evaluation(run) == read_evaluation(expected)
        ours, its = (read_tensors(r / TIMELINE).arrays for r in (run, expected))
        assert np.array_equal(ours["probes"], its["probes"])


def test_what_was_read_of_a_run_that_goes_on_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is as large as the models themselves, and a training may take days."""
    grid = [config(2, epochs=1), config(3, epochs=1)]
    runs = trained(tmp_path, grid)
    read: list[weakref.ref[object]] = []
    resume = trainer.checkpoint.resume

    def spy(saved: list[trainer.checkpoint.SavedRun], *rest: Any) -> Learner:
        assert all(one() is None for one in read)  # not even until the next model has its own
        learner = resume(saved, *rest)
        read.extend(weakref.ref(array) for one in saved for array in one.arrays.values())
        return learner

    monkeypatch.setattr(trainer.checkpoint, "resume", spy)

    def alive_at_a_stop() -> bool:
        gc.collect()
        alive.append(sum(one() is not None for one in read))
        return False

    alive: list[int] = []
    longer = [replace(one, optimiser=replace(one.optimiser, epochs=2)) for one in grid]
    go(runs, longer, alive_at_a_stop)
    assert read
    assert set(alive) == {0}


def test_a_finished_run_goes_on_when_its_epochs_are_raised(tmp_path: Path) -> None:
    (whole,) = trained(tmp_path / "whole", [config(epochs=4)])
    (run,) = trained(tmp_path / "raised", [config(epochs=2)])
    go([run], [config(epochs=4)])
    assert same(run, whole)
    assert read_evaluation(run).epoch == 4


def test_a_finished_run_is_left_alone(tmp_path: Path) -> None:
    (run,) = trained(tmp_path, [config()])
    before = weights(run)
    assert go([run], [config()])
    assert all(np.array_equal(value, before[name]) for name, value in weights(run).items())
    assert len(read_epochs(run)) == 2
