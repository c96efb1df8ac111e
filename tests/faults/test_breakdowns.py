"""A model that diverges in mid-training, memory that is too small, a GPU that fails or is not there."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import trainer.engine.train
import trainer.planner
import trainer.recorder
import trainer.train_runs
from tests.faults.forks import Forks
from tests.faults.outcome import LONG, check_files, check_said, errors, queued, results, states
from tests.trainer.small import config, dataset
from trainer.contract.config import Config
from trainer.contract.run_dir import MODEL, read_status
from trainer.contract.tensors import read_tensors
from trainer.engine.learner import Learner
from trainer.planner import train_all

Learn = Callable[..., None]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer.planner, "load", lambda name, folder, *_: dataset())
    monkeypatch.setattr(trainer.recorder, "SAVE_SECONDS", 0)
    monkeypatch.setattr(trainer.recorder, "SAVE_SHARE", 0)


def train(runs: list[Path], grid: list[Config]) -> bool:
    return train_all(list(zip(runs, grid, strict=True)), Path(), lambda: False)


def trained(folder: Path, grid: list[Config]) -> list[Path]:
    runs = queued(folder, grid)
    assert train(runs, grid)
    return runs


def meddle(monkeypatch: pytest.MonkeyPatch, one: Config, at: int, act: Callable[[Learner], None]) -> None:
    """Do `act` after the visit number `at` of the learner that has the model of `one`."""
    learn, count = Learner.train_steps, 0

    def learn_and_act(learner: Learner, *given: torch.Tensor) -> None:
        nonlocal count
        learn(learner, *given)
        if one.model in [config.model for config in learner.ensemble.configs]:
            count += 1
            if count == at:
                act(learner)

    monkeypatch.setattr(Learner, "train_steps", learn_and_act)


LAYOUTS: dict[str, Callable[[int, torch.device], list[range]]] = {
    "a network each": lambda models, device: [range(i, i + 1) for i in range(models)],
    "stacked": lambda models, device: [range(models)],
}


@pytest.mark.parametrize("value", [float("nan"), 1e30])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.fault(
    "the weights of one model of a grid become NaN, or so large that its figures are no numbers",
    "it alone ends, failed with epoch and cause, and keeps its last good weights; the others are bit for bit "
    "what they are beside a healthy one",
)
def test_diverged_in_mid_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, value: float
) -> None:
    monkeypatch.setattr(trainer.train_runs, "layout", LAYOUTS[layout])
    grid = [config(latent, epochs=3) for latent in (3, 2, 5)]
    whole = trained(tmp_path / "whole", grid)
    once = trained(tmp_path / "once", [optimised(one, epochs=1) for one in grid])

    def poison(learner: Learner) -> None:
        for weights in learner.ensemble.parameters.values():
            weights[0] *= value

    meddle(monkeypatch, grid[0], 2, poison)
    runs = queued(tmp_path / "runs", grid)
    assert not train(runs, grid)
    assert states(runs) == ["failed", "finished", "finished"]
    assert "not finite in epoch 2" in errors(runs)[0]
    assert "--lr" in errors(runs)[0]
    assert (runs[0] / MODEL).read_bytes() == (once[0] / MODEL).read_bytes()
    for run, healthy in zip(runs[1:], whole[1:], strict=True):
        if layout == "a network each":
            assert results(run) == results(healthy)
        for name, weights in read_tensors(run / MODEL).arrays.items():  # a smaller stack may round otherwise
            np.testing.assert_allclose(weights, read_tensors(healthy / MODEL).arrays[name], atol=1e-6)
    check_files(runs)


@pytest.mark.parametrize("lr", [1e10, 1e38])
@pytest.mark.parametrize("seconds", [0.0, 1e9])
@pytest.mark.fault(
    "a model of a grid diverges in its last step, without validation images",
    "it alone fails, with epoch and cause, and is not saved; the other is bit for bit what it is alone with "
    "as many threads",
)
def test_diverged_in_the_last_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lr: float, seconds: float
) -> None:
    def one(rate: float) -> Config:
        return config(2, epochs=1, lr=rate, batch_size=2000, val_fraction=0.0)

    monkeypatch.setattr(trainer.recorder, "SAVE_SECONDS", seconds)  # found by the save, or by the test
    (alone,) = trained(tmp_path / "alone", [one(1e-3)])
    grid = [one(1e-3), one(lr)]
    good, bad = queued(tmp_path / "grid", grid)
    assert not train([good, bad], grid)
    assert states([good, bad]) == ["finished", "failed"]
    assert "not finite in epoch 1" in errors([bad])[0]
    assert not (bad / MODEL).exists()
    assert results(good) == results(alone)


def optimised(one: Config, **settings: Any) -> Config:
    return dataclasses.replace(one, optimiser=dataclasses.replace(one.optimiser, **settings))


MEMORY = {
    "GPU memory": torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "memory": MemoryError(),
    "memory, reported by PyTorch": RuntimeError(
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate"
    ),
}


@pytest.mark.parametrize("kind", MEMORY)
@pytest.mark.fault(
    "memory, of a GPU or of the machine, is used up in the second epoch of a grid",
    "it goes on in parts from what was saved, bit for bit",
)
def test_out_of_memory_in_mid_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    grid = [config(latent, epochs=3) for latent in (2, 3, 4)]
    whole = trained(tmp_path / "whole", grid)

    def use_up(_: Learner) -> None:
        raise MEMORY[kind]

    meddle(monkeypatch, grid[1], 2, use_up)
    runs = queued(tmp_path / "runs", grid)
    assert train(runs, grid)
    assert "has no room for 3 models at once: training them as 1 and 2 in turn" in caplog.text
    assert [results(run) for run in runs] == [results(run) for run in whole]


@pytest.mark.fault(
    "memory of the machine is limited (ulimit -v) to less than a model needs",
    "one sentence that says so and what to do; its companion is trained",
)
def test_a_limit_on_memory(forks: Forks, quick: Path) -> None:
    grid = [config(2, epochs=1), config(2, epochs=1, hidden=(20_000, 20_000))]
    runs = queued(quick, grid)
    ended = forks.call("train", *runs, memory=200 << 20)
    assert ended.code == 1
    check_said(ended.said, runs)
    assert states(runs) == ["finished", "failed"]
    assert "memory of this machine has no room for this model" in errors(runs)[0]
    assert "--hidden" in errors(runs)[0]


LOST = (
    "CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously reported",
    "CUDA error: device-side assert triggered",
    "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
)


@pytest.mark.parametrize("message", LOST)
@pytest.mark.fault(
    "the GPU is lost in mid-training",
    "one sentence; every run keeps what it had saved, and the same command goes on bit for bit",
)
def test_a_lost_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    whole = trained(tmp_path / "whole", LONG)

    def lose(_: Learner) -> None:
        raise RuntimeError(message)

    with monkeypatch.context() as patched:
        meddle(patched, LONG[1], 2, lose)
        runs = queued(tmp_path / "runs", LONG)
        assert not train(runs, LONG)
    assert states(runs) == ["failed", "failed"]
    for error in errors(runs):
        assert error.startswith(f"the GPU failed in mid-training ({message.splitlines()[0]}): ")
        assert "\n" not in error
    assert [read_status(run).epoch for run in runs] == [1, 1]
    assert train(runs, LONG)
    assert [results(run) for run in runs] == [results(run) for run in whole]


@pytest.mark.fault(
    "an error of the program itself ends a grid of which one run had failed and one was done early",
    "these stay what they were; the others fail with the kind of error and where its traceback is",
)
def test_what_is_over_stays_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = [config(latent, epochs=9, patience=1) for latent in (2, 3, 4)]
    runs = queued(tmp_path, grid)
    end_epoch = trainer.recorder.RunRecorder.end_epoch

    def end_some(recorder: Any, epoch: int, held_out: Any) -> None:
        if epoch == 1:
            recorder.learners[0].metrics.sums.fill_(float("nan"))
        end_epoch(recorder, epoch, held_out)
        if epoch == 1:
            recorder._finish([record for record in recorder.records if record.run == runs[1]])
            recorder._regroup()
        if epoch == 2:
            raise ZeroDivisionError("a bug")

    monkeypatch.setattr(trainer.recorder.RunRecorder, "end_epoch", end_some)
    assert not train(runs, grid)
    assert states(runs) == ["failed", "finished", "failed"]
    assert "loss was not finite" in errors(runs)[0]
    assert errors(runs)[1] == "ZeroDivisionError: a bug (more in train.log)"


@pytest.mark.fault(
    "an error of the program itself ends a grid, and the folder of one run is gone by then",
    "the others are marked as failed nevertheless",
)
def test_a_folder_that_is_gone_when_all_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = queued(tmp_path, LONG)

    def break_down(*_: object) -> bool:
        shutil.rmtree(runs[0])
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(trainer.planner, "train_runs", break_down)
    assert not train(runs, LONG)
    assert states(runs[1:]) == ["failed"]


@pytest.mark.fault(
    "a GPU is asked for and there is none",
    "one sentence that names what is there; runs on the CPU that were started with it are trained",
)
def test_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    grid = [dataclasses.replace(config(2), device="cuda"), config(3, epochs=1)]
    runs = queued(tmp_path, grid)
    assert not train(runs, grid)
    assert states(runs) == ["failed", "finished"]
    assert errors(runs) == ["PyTorch sees no cuda device on this machine: use --device cpu"]
    assert read_tensors(runs[1] / MODEL).arrays
