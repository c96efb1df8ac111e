"""The trainer as its own process: locks, signals, a hard death, and going on."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.small import config, directories
from trainer.contract.config import Config, Data, write_config
from trainer.contract.datasets import registry
from trainer.contract.evaluation import read_evaluation
from trainer.contract.images import split
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import MODEL, STATE, is_alive, read_status
from trainer.contract.tensors import read_tensors


def digits(latent: int, epochs: int, batch_size: int = 128) -> Config:
    images = registry.load("digits", Path())
    train, val = split(len(images.train.labels), 0.1, 0)
    sizes = (len(train), len(val), len(images.test.labels))
    shape = config(latent, epochs=epochs, hidden=(32,), batch_size=batch_size)
    return replace(shape, data=Data("digits", *sizes, 0.1, "none", images.checksum))


def start(*runs: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "trainer", "--data", ".", *map(str, runs)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.01)


def end(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=120)
    return process.returncode, errors.decode()


def same_weights(one: Path, other: Path) -> bool:
    ours, its = (read_tensors(run / MODEL).arrays for run in (one, other))
    return ours.keys() == its.keys() and all(np.array_equal(ours[name], its[name]) for name in ours)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (run,) = directories(tmp_path_factory.mktemp("whole"), [digits(3, 20, batch_size=8)])
    assert end(start(run)) == (0, "")
    return run


def test_a_run_trains_to_its_end_and_says_so(uninterrupted: Path) -> None:
    assert read_status(uninterrupted).state == "finished"
    assert not is_alive(uninterrupted)
    assert len(read_epochs(uninterrupted)) == 20
    assert -read_evaluation(uninterrupted).figures.elbo < 250
    assert "epoch 20/20" in (uninterrupted / "train.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_by_a_signal_it_goes_on_bit_for_bit(
    tmp_path: Path, uninterrupted: Path, number: signal.Signals
) -> None:
    (run,) = directories(tmp_path, [digits(3, 20, batch_size=8)])
    process = start(run)
    wait_for(lambda: len(read_epochs(run)) >= 2, process)
    assert is_alive(run)
    os.kill(process.pid, number)
    code, _ = end(process)
    assert not is_alive(run)
    if number == signal.SIGTERM:
        assert code == 0
        assert read_status(run).state == "stopped"
    assert len(read_epochs(run)) < 20
    assert end(start(run)) == (0, "")
    assert same_weights(run, uninterrupted)
    assert [e.train for e in read_epochs(run)] == [e.train for e in read_epochs(uninterrupted)]


def test_a_second_trainer_of_the_same_run_is_refused(tmp_path: Path) -> None:
    (run,) = directories(tmp_path, [digits(3, 10_000)])
    first = start(run)
    wait_for(lambda: is_alive(run), first)
    code, errors = end(start(run))
    assert code == 1
    assert "being trained already" in errors
    assert len(errors.splitlines()) == 1
    first.terminate()
    assert end(first)[0] == 0
    assert read_status(run).state == "stopped"


def test_epochs_raised_on_a_finished_run_go_on(tmp_path: Path) -> None:
    (run,) = directories(tmp_path, [digits(2, 1)])
    assert end(start(run)) == (0, "")
    write_config(run, digits(2, 3))
    assert end(start(run)) == (0, "")
    assert [epoch.epoch for epoch in read_epochs(run)] == [1, 2, 3]


def test_a_directory_that_is_no_run_is_one_sentence(tmp_path: Path) -> None:
    code, errors = end(start(tmp_path))
    assert code == 1
    assert errors.startswith("trainer: ")
    assert "config.json does not exist" in errors


EAGER = """
import sys, trainer.recorder
trainer.recorder.SAVE_SECONDS = trainer.recorder.SAVE_SHARE = 0
from trainer.__main__ import main
sys.exit(main())
"""


def start_eager(*runs: Path) -> subprocess.Popen[bytes]:
    """A trainer that saves whenever it could, so that a kill hits every kind of moment."""
    command = [sys.executable, "-c", EAGER, "--data", ".", *map(str, runs)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def saved_at(run: Path) -> int:
    return (run / STATE).stat().st_mtime_ns if (run / STATE).exists() else 0


def have_saved(runs: list[Path], before: list[int]) -> bool:
    return [saved_at(run) for run in runs] != before


def test_killed_again_and_again_at_random_moments_it_is_bit_for_bit_the_same(tmp_path: Path) -> None:
    """Also between the saves of two members: they go on apart, each from where it stands."""
    rng = random.Random(0)
    grid = [digits(3, 8, batch_size=4), digits(5, 8, batch_size=4)]
    grid = [replace(one, optimiser=replace(one.optimiser, keep="best")) for one in grid]
    whole = directories(tmp_path / "whole", grid)
    assert end(start(*whole)) == (0, "")
    runs = directories(tmp_path / "killed", grid)
    for _ in range(3):
        process = start_eager(*runs)
        before = [saved_at(run) for run in runs]
        wait_for(partial(have_saved, runs, before), process)
        time.sleep(rng.uniform(0, 0.4))
        process.kill()
        assert end(process)[0] == -signal.SIGKILL
    assert end(start(*runs)) == (0, "")
    for run, expected in zip(runs, whole, strict=True):
        assert same_weights(run, expected)
        assert [e.train for e in read_epochs(run)] == [e.train for e in read_epochs(expected)]
        assert read_evaluation(run) == read_evaluation(expected)


def test_an_example_is_not_trained_and_not_touched(tmp_path: Path) -> None:
    (run,) = directories(tmp_path, [replace(digits(2, epochs=1), origin="example")])
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    code, errors = end(start(run))
    assert (code, errors) == (1, f"trainer: {run.name} is an example and is never trained\n")
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
