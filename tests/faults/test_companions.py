"""What is wrong with one run of a grid ends that run alone; its companions are bit for bit the same."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.numpy

from tests.faults.forks import Forks
from tests.faults.outcome import LONG, check_said, errors, queued, results
from trainer.contract.config import CONFIG, Config, read_config, write_config
from trainer.contract.evaluation import EVALUATION
from trainer.contract.metrics import METRICS
from trainer.contract.position import read_position
from trainer.contract.run_dir import LATENTS, MODEL, STATE, STATUS, TIMELINE, read_status
from trainer.contract.tensors import HEADER_CHECKSUM, read_metadata, read_tensors

FILES = (CONFIG, STATUS, METRICS, STATE, MODEL, TIMELINE, LATENTS, EVALUATION)


@pytest.fixture(scope="session")
def halfway(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The runs of `LONG` after one of their two epochs."""
    runs = queued(tmp_path_factory.mktemp("halfway"), [optimised(one, epochs=1) for one in LONG])
    assert forks.call("train", *runs).code == 0
    return runs


def copies(halfway: list[Path], folder: Path) -> list[Path]:
    """The same runs in `folder`, and what they are to be: those of `LONG`."""
    runs = [folder / run.name for run in halfway]
    for run, copy, one in zip(halfway, runs, LONG, strict=True):
        shutil.copytree(run, copy)
        write_config(copy, one)
    return runs


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def replaced_by(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "flipped bit": flipped,
    "directory": replaced_by(Path.mkdir),
    "FIFO": replaced_by(os.mkfifo),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.fault(
    "one file of one run is missing, empty, half, zeros, a directory or a FIFO, or has a flipped bit, when "
    "its grid goes on",
    "that run fails with its own file as the cause, or goes on where the file is only read; its "
    "companion goes on bit for bit; both say how many epochs they have",
)
def test_a_damaged_file(
    forks: Forks, quick: Path, halfway: list[Path], long: list[dict[str, Any]], name: str
) -> None:
    for kind, damage in DAMAGES.items():
        folder = quick / kind
        runs = copies(halfway, folder)
        damage(runs[0] / name)
        ended = forks.call("train", *runs)
        assert results(runs[1]) == long[1], kind
        assert read_status(runs[1]).state == "finished"
        check_said(ended.said, runs[1:])
        if name == CONFIG or (name == STATUS and kind == "directory"):
            continue
        assert ended.code == int(read_status(runs[0]).state == "failed")
        assert read_status(runs[0]).epoch >= read_status(halfway[0]).epoch > 0, kind
        for error in errors(runs[:1]):
            assert str(runs[0] / name) in error, error
            assert runs[1].name not in error
            assert name in (STATE, METRICS) or kind == "directory"
        if not ended.code:
            assert (runs[0] / STATE).read_bytes() == long[0][STATE]
            assert (runs[0] / MODEL).read_bytes() == long[0][MODEL]


@pytest.mark.parametrize("torn", [b'{"epoch":2,"tra', b'{"epoch":2,"tra{"epoch":3}\n', b"\0" * 40 + b"\n"])
@pytest.mark.fault(
    "a crash or a full disk has torn the row after the last saved epoch",
    "it is dropped, and the epoch is trained and written again",
)
def test_a_torn_row(
    forks: Forks, quick: Path, halfway: list[Path], long: list[dict[str, Any]], torn: bytes
) -> None:
    runs = copies(halfway, quick)
    with (runs[0] / METRICS).open("ab") as file:
        file.write(torn)
    assert forks.call("train", *runs).code == 0
    assert [results(run) for run in runs] == long


EDITS: dict[str, Callable[[Config], Config]] = {
    "seed 7": lambda one: dataclasses.replace(one, seed=7),
    "optimiser.batch_size 32": lambda one: optimised(one, batch_size=32),
    "optimiser.lr 0.5": lambda one: optimised(one, lr=0.5),
    "objective.beta 3.0": lambda one: dataclasses.replace(
        one, objective=dataclasses.replace(one.objective, beta=3.0)
    ),
}


def optimised(one: Config, **settings: Any) -> Config:
    return dataclasses.replace(one, optimiser=dataclasses.replace(one.optimiser, **settings))


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.fault(
    "seed, batch size, learning rate or β in config.json is edited by hand after a part of the training",
    "that run is refused, with both values; what is saved stays; its companion goes on bit for bit",
)
def test_an_edited_configuration(
    forks: Forks, quick: Path, halfway: list[Path], long: list[dict[str, Any]], edit: str
) -> None:
    runs = copies(halfway, quick)
    write_config(runs[0], EDITS[edit](LONG[0]))
    before = (runs[0] / STATE).read_bytes()
    assert forks.call("train", *runs).code == 1
    (error,) = errors(runs)
    assert f"config.json says {edit}, and what is saved was trained with" in error
    assert "--force" in error
    assert (runs[0] / STATE).read_bytes() == before
    assert results(runs[1]) == long[1]


@pytest.mark.fault(
    "the same grid is trained twice",
    "all of its files but status, log and times are the same, byte for byte",
)
def test_the_same_training_twice(forks: Forks, quick: Path, long: list[dict[str, Any]]) -> None:
    runs = queued(quick, LONG)
    assert forks.call("train", *runs).code == 0
    assert [results(run) for run in runs] == long
    assert read_metadata(runs[0] / STATE)["epoch"] == "2"
    assert read_tensors(runs[0] / STATE).arrays


@pytest.mark.fault(
    "a run goes on with another version of PyTorch, on another device and for more epochs",
    "it goes on: only what it was trained with has to be the same",
)
def test_what_may_change(forks: Forks, quick: Path, halfway: list[Path]) -> None:
    (run, _) = copies(halfway, quick)
    changed = dataclasses.replace(read_config(run), versions={"torch": "1.0"}, device="auto", created=7.0)
    write_config(run, optimised(changed, epochs=3))
    assert forks.call("train", run).code == 0
    assert read_status(run).epoch == 3


@pytest.mark.fault(
    "a state of an older version: no checksum of its header, none of the settings that it was trained with",
    "it goes on bit for bit",
)
def test_a_state_of_an_older_version(
    forks: Forks, quick: Path, halfway: list[Path], long: list[dict[str, Any]]
) -> None:
    runs = copies(halfway, quick)
    for run in runs:
        state = read_tensors(run / STATE)
        old = ("epoch", "step", "seconds", "adam_step", "tally_images", "crc32")
        metadata = {key: state.metadata[key] for key in old}
        (run / STATE).write_bytes(safetensors.numpy.save(state.arrays, metadata=metadata))
        assert read_position(run).epoch == 1
    assert forks.call("train", *runs).code == 0
    assert [results(run) for run in runs] == long


COUNTS = {"epoch": "2", "step": "3", "adam_step": "9", "tally_images": "64", "seconds": "nan"}


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.fault(
    "epoch, step, seconds or a count in a state of an older version is wrong",
    "that run is refused, since they do not follow from each other; its companion goes on bit for bit",
)
def test_counts_that_contradict_each_other(
    forks: Forks, quick: Path, halfway: list[Path], long: list[dict[str, Any]], name: str
) -> None:
    runs = copies(halfway, quick)
    state = read_tensors(runs[0] / STATE)
    metadata = {key: value for key, value in state.metadata.items() if key != HEADER_CHECKSUM}
    (runs[0] / STATE).write_bytes(
        safetensors.numpy.save(state.arrays, metadata=metadata | {name: COUNTS[name]})
    )
    assert forks.call("train", *runs).code == 1
    assert "state.safetensors is damaged" in errors(runs[:1])[0]
    assert "--force" in errors(runs[:1])[0]
    assert results(runs[1]) == long[1]
