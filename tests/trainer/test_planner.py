"""Grouping, devices, and what becomes of runs that cannot be trained."""

import dataclasses
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import trainer.engine.precision_trial
import trainer.planner
from tests.trainer.small import config, dataset, directories
from trainer.contract.config import Config, read_config
from trainer.contract.files import Problem
from trainer.contract.position import Position
from trainer.contract.run_dir import read_status
from trainer.engine.device import resolve_device
from trainer.engine.device_errors import exhausted_memory
from trainer.engine.memory import USABLE_SHARE, training_bytes
from trainer.engine.precision import Arithmetic
from trainer.planner import group_ensembles, train_all
from trainer.train_runs import train_runs

START = Position()


def never() -> bool:
    return False


@pytest.fixture(autouse=True)
def _bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer.planner, "load", lambda name, folder, *_: dataset())


@pytest.mark.parametrize(
    ("other", "together"),
    [
        (config(7), True),
        (config(3, 4.0), True),
        (config(3, kind="ae"), True),
        (config(3, lr=0.01), True),
        (config(3, beta_warmup=1), True),
        (config(3, beta_cycles=1), True),
        (config(3, free_bits=0.1), True),
        (config(3, bound="iwae", samples=5), False),
        (config(3, binarize="fixed"), False),
        (config(3, optimizer="adamw"), False),
        (config(3, loss="gaussian"), False),
        (config(3, patience=1), False),
        (config(3, keep="best"), False),
        (config(3, precision="bf16"), False),
        (config(3, seed=1), False),
        (config(3, hidden=(17,)), False),
        (config(3, batch_size=32), False),
        (config(3, val_fraction=0.2), False),
        (config(3, epochs=9), False),
    ],
)
def test_runs_train_together_when_they_differ_in_kind_latent_beta_and_rate_only(
    other: Config, together: bool
) -> None:
    pair = [((Path("a"), config(3)), START), ((Path("b"), other), START)]
    assert len(group_ensembles(pair)) == (1 if together else 2)


def test_runs_of_one_learning_rate_are_neighbours() -> None:
    grid = [config(latent, lr=lr) for latent in (2, 3) for lr in (0.1, 0.2)]
    (group,) = group_ensembles([((Path(one.name), one), START) for one in grid])
    assert [one.optimiser.lr for _, one in group] == [0.1, 0.1, 0.2, 0.2]
    assert {run.name for run, _ in group} == {one.name for one in grid}


def test_runs_at_different_positions_train_apart() -> None:
    pair = [((Path("a"), config(3)), START), ((Path("b"), config(7)), Position(1, 2))]
    assert len(group_ensembles(pair)) == 2


def test_what_trained_it_is_written_into_the_configuration(tmp_path: Path) -> None:
    runs = directories(tmp_path, [config(2), config(3)])
    assert train_all([(run, read_config(run)) for run in runs], tmp_path, never)
    for run in runs:
        assert read_config(run).versions["torch"] == str(torch.__version__)
        assert read_status(run).state == "finished"


def test_a_run_that_waits_for_an_earlier_ensemble_says_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = [config(2), config(3, seed=1)]
    runs = directories(tmp_path, grid)
    seen: list[tuple[str, int]] = []

    def spy(*_: Any) -> bool:
        status = read_status(runs[1])
        seen.append((status.state, status.pid))
        return True

    monkeypatch.setattr(trainer.planner, "train_runs", spy)
    train_all(list(zip(runs, grid, strict=True)), tmp_path, never)
    assert seen[0] == ("queued", os.getpid())


def test_only_the_ensemble_whose_turn_it_is_is_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = [config(2), config(3, seed=1)]
    runs = directories(tmp_path, grid)
    seen: list[list[bool]] = []

    def spy(*_: Any) -> bool:
        seen.append([read_status(run).starting for run in runs])
        return True

    monkeypatch.setattr(trainer.planner, "train_runs", spy)
    train_all(list(zip(runs, grid, strict=True)), tmp_path, never)
    assert seen == [[True, False], [True, True]]  # the spy leaves the first one as it was


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_fails_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="--device cpu"):
        resolve_device("cuda")
    wanted = dataclasses.replace(config(), device="cuda")
    (run,) = directories(tmp_path, [wanted])
    assert not train_all([(run, wanted)], tmp_path, never)
    assert read_status(run).state == "failed"
    assert "sees no cuda device" in read_status(run).error


def test_other_images_than_the_run_was_begun_on_are_refused(tmp_path: Path) -> None:
    other = dataclasses.replace(config(), data=dataclasses.replace(config().data, checksum="other"))
    (run,) = directories(tmp_path, [other])
    assert not train_all([(run, other)], tmp_path, never)
    assert "other bars images" in read_status(run).error


def test_a_damaged_state_fails_its_run_and_no_other(tmp_path: Path) -> None:
    runs = directories(tmp_path, [config(2), config(3)])
    (runs[0] / "state.safetensors").write_bytes(b"nonsense")
    assert not train_all([(run, read_config(run)) for run in runs], tmp_path, never)
    assert "state.safetensors is damaged" in read_status(runs[0]).error
    assert read_status(runs[1]).state == "finished"


def test_a_bug_is_logged_with_its_traceback_and_the_next_ensemble_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = train_runs

    def broken(runs: list[Path], *rest: Any) -> bool:
        if "z2" in runs[0].name:
            raise RuntimeError("a bug")
        return whole(runs, *rest)

    monkeypatch.setattr(trainer.planner, "train_runs", broken)
    grid = [config(2), config(3, seed=1)]
    runs = directories(tmp_path, grid)
    assert not train_all(list(zip(runs, grid, strict=True)), tmp_path, never)
    assert read_status(runs[0]).error == "RuntimeError: a bug (more in train.log)"
    assert "Traceback" in caplog.text
    assert read_status(runs[1]).state == "finished"


def test_asked_to_stop_before_it_began_it_stops_everything(tmp_path: Path) -> None:
    runs = directories(tmp_path, [config(2), config(3, seed=1)])
    assert train_all([(run, read_config(run)) for run in runs], tmp_path, lambda: True)
    assert [read_status(run).state for run in runs] == ["stopped", "stopped"]


def out_of_memory_above(most: int, tried: list[int]) -> Callable[..., bool]:
    """A training for which GPU memory has room for `most` models."""
    whole = train_runs

    def cramped(runs: list[Path], *rest: Any) -> bool:
        tried.append(len(runs))
        if len(runs) > most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return whole(runs, *rest)

    return cramped


def test_a_grid_too_large_for_the_gpu_trains_in_parts_that_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    grid = [config(latent) for latent in (2, 3, 4, 5, 6)]
    runs = directories(tmp_path, grid)
    tried: list[int] = []
    monkeypatch.setattr(trainer.planner, "train_runs", out_of_memory_above(2, tried))
    caplog.set_level("INFO")
    assert train_all(list(zip(runs, grid, strict=True)), tmp_path, never)
    assert tried == [5, 2, 3, 1, 2]
    assert {read_status(run).state for run in runs} == {"finished"}
    assert "no room for 5 models at once: training them as 2 and 3 in turn" in caplog.text


def test_a_grid_that_memory_has_no_room_for_trains_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    grid = [config(latent, epochs=1) for latent in (2, 3, 4, 5)]
    runs = directories(tmp_path, grid)
    room = training_bytes(grid[:2], Arithmetic("fp32"), 2) * 1.02
    monkeypatch.setattr(trainer.planner, "free_bytes", lambda: room / USABLE_SHARE)
    assert train_all(list(zip(runs, grid, strict=True)), tmp_path, never)
    assert {read_status(run).state for run in runs} == {"finished"}
    assert (
        "the memory of this machine has no room for 4 models at once: training them as 2 and 2" in caplog.text
    )


def test_one_model_has_its_chance_however_little_memory_seems_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer.planner, "free_bytes", lambda: 0.0)
    grid = [config(2, epochs=1), config(3, epochs=1)]
    runs = directories(tmp_path, grid)
    assert train_all(list(zip(runs, grid, strict=True)), tmp_path, never)


def test_a_model_too_large_for_the_gpu_fails_in_one_sentence_and_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = [config(2), config(3, seed=1)]
    runs = directories(tmp_path, grid)
    monkeypatch.setattr(trainer.planner, "train_runs", out_of_memory_above(0, []))
    assert not train_all(list(zip(runs, grid, strict=True)), tmp_path, never)
    for run in runs:
        assert (read_status(run).state, "--hidden" in read_status(run).error) == ("failed", True)


def test_measured_and_chosen_arithmetic_is_saved_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = Arithmetic("fp32", "onednn")
    monkeypatch.setattr(
        trainer.engine.precision_trial, "measure", lambda *_: {Arithmetic("fp32"): 2.0, chosen: 1.0}
    )
    (run,) = directories(tmp_path, [config(epochs=1, precision="auto")])
    caplog.set_level("INFO")
    assert train_all([(run, read_config(run))], tmp_path, never)
    first = read_config(run)
    figures = "fp32 2.00 ms, fp32 by oneDNN 1.00 ms a step"
    expected = {"precision": "fp32", "library": "onednn", "measured": figures}
    assert first.precision == "auto"
    assert {key: first.versions[key] for key in expected} == expected
    assert figures in caplog.text

    monkeypatch.setattr(
        trainer.engine.precision_trial, "measure", lambda *_: pytest.fail("it was measured again")
    )
    allowed: list[str] = []

    def spy(*given: Any) -> bool:
        allowed.append(given[4].name)
        return train_runs(*given)

    monkeypatch.setattr(trainer.planner, "train_runs", spy)
    longer = replace(first, optimiser=replace(first.optimiser, epochs=2))
    assert train_all([(run, longer)], tmp_path, never)
    assert {key: read_config(run).versions[key] for key in expected} == expected
    assert allowed == ["fp32 by oneDNN"]


def test_figures_that_were_measured_stay_with_their_run(tmp_path: Path) -> None:
    before = {"precision": "fp32", "library": "onednn", "threads": "1"}
    grid = [
        replace(config(2, epochs=1, precision="auto"), versions=before | {"measured": "fp32 2.00 ms a step"}),
        replace(config(3, epochs=1, precision="auto"), versions=before | {"measured": "fp32 3.00 ms a step"}),
        replace(config(4, epochs=1, precision="auto"), versions=before),
    ]
    runs = directories(tmp_path, grid)
    assert train_all(list(zip(runs, grid, strict=True)), tmp_path, never)
    found = [read_config(run).versions.get("measured") for run in runs]
    assert found == ["fp32 2.00 ms a step", "fp32 3.00 ms a step", None]


@pytest.mark.parametrize(("precision", "expected"), [("fp32", "blas"), ("bf16", None)])
def test_a_library_is_named_where_there_is_a_choice(
    tmp_path: Path, precision: Any, expected: str | None
) -> None:
    (run,) = directories(tmp_path, [config(epochs=1, precision=precision)])
    assert train_all([(run, read_config(run))], tmp_path, never)
    assert read_config(run).versions.get("library") == expected


def test_halves_of_a_grid_and_other_seeds_get_the_same_arithmetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is measured changes from time to time: measured anew, models might not compare."""
    fp32, bf16 = Arithmetic("fp32"), Arithmetic("bf16")
    found = iter([{fp32: 2.0, bf16: 1.0}, *[{fp32: 1.0, bf16: 2.0}] * 9])
    monkeypatch.setattr(trainer.engine.precision_trial, "measure", lambda *_: next(found))
    monkeypatch.setattr(trainer.planner, "free_bytes", lambda: 0.0)
    grid = [config(latent, epochs=1, precision="auto") for latent in (2, 3)]
    grid.append(config(2, epochs=1, seed=1, precision="auto"))
    runs = directories(tmp_path, grid)
    assert train_all(list(zip(runs, grid, strict=True)), tmp_path, never)
    assert [read_config(run).versions["precision"] for run in runs] == ["bf16"] * 3


def test_runs_of_another_arithmetic_train_apart(tmp_path: Path) -> None:
    grid = [
        replace(config(latent), versions={"precision": "fp32", "library": library})
        for latent, library in ((2, "blas"), (3, "onednn"), (4, "blas"))
    ]
    standing = [((tmp_path / str(one.model.latent), one), Position()) for one in grid]
    names = [[run.name for run, _ in group] for group in group_ensembles(standing)]
    assert names == [["2", "4"], ["3"]]


@pytest.mark.parametrize(("before", "expected"), [(None, 2), ("3", 3), ("0", 2), ("many", 2)])
def test_a_run_keeps_its_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str | None, expected: int
) -> None:
    """The last bit of a sum may depend on it."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    seen: list[int] = []

    def spy(*given: Any) -> bool:
        seen.append(given[-1])
        return True

    monkeypatch.setattr(trainer.planner, "train_runs", spy)
    grid = [replace(config(latent), versions={"threads": before} if before else {}) for latent in (2, 3)]
    runs = directories(tmp_path, grid)
    assert train_all(list(zip(runs, grid, strict=True)), tmp_path, never)
    assert seen == [expected]
    assert read_config(runs[0]).versions["threads"] == str(expected)


def test_tf32_without_a_gpu_fails_in_one_sentence(tmp_path: Path) -> None:
    (run,) = directories(tmp_path, [config(precision="tf32")])
    assert not train_all([(run, read_config(run))], tmp_path, never)
    assert "--precision fp32" in read_status(run).error


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "GPU memory"),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be"), "GPU memory"),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            "GPU memory",
        ),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), ""),
        (MemoryError(), "the memory of this machine"),
    ],
)
def test_which_memory_had_no_room(error: Exception, memory: str) -> None:
    assert exhausted_memory(error) == memory
