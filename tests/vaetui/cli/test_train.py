"""`vaetui train` from end to end, with the real trainer: watched, detached, hung up on, stopped, resumed."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.cli.shell import call, complaint, terminal, vaetui
from trainer.contract.config import read_config
from trainer.contract.evaluation import read_evaluation
from trainer.contract.files import Problem
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import is_alive, read_status
from vaetui.runs.launch import ask_to_stop
from vaetui.runs.run_watcher import read_run

CTRL_C = b"\x03"
SMALL = ("--dataset", "digits", "--hidden", "16", "--batch-size", "256", "--device", "cpu")


def test_train_trains_says_so_and_does_it_once(runs: Path) -> None:
    command = ("train", *SMALL, "--latent", "2,3", "--epochs", 2, "--name", "t", "--runs", runs)
    result = vaetui(*command)
    assert result.returncode == 0, result.stderr
    trained = [runs / "digits" / name for name in ("t-z2-b1", "t-z3-b1")]
    figures = [read_evaluation(run).figures for run in trained]
    rows = [line.split() for line in result.stdout.splitlines() if line.startswith("t-z")]
    for row, run, found in zip(rows, trained, figures, strict=True):
        assert read_status(run).state == "finished"
        assert row[:2] == [run.name, "2/2"]
        assert row[2:5] == [f"{value:.2f}" for value in (-found.elbo, found.distortion, found.rate)]
    said = result.stderr.splitlines()
    assert said[0] == "training 2 models on digits: 1 350 images, 150 for validation"
    assert {line.split()[0] for line in said if "epoch=2/2" in line} == {"t-z2-b1", "t-z3-b1"}

    again = call(*command)
    assert (again.returncode, again.stdout) == (0, "")
    sentence = "finished already: 2 runs; raise --epochs to continue, or --force to retrain\n"
    assert again.stderr == sentence

    more = call(*command, "--latent", "2,3,4", "--epochs", 5, "--dry-run")
    assert [line.split()[:5] for line in more.stdout.splitlines()[1:]] == [
        ["t-z2-b1", "resume", "2", "→", "5"],
        ["t-z3-b1", "resume", "2", "→", "5"],
        ["t-z4-b1", "new", "0", "→", "5"],
    ]
    assert read_config(trained[0]).optimiser.epochs == 2

    other = call(*command, "--lr", "0.5")
    assert "t-z2-b1 was trained with learning rate 0.001, not 0.5" in complaint(other)
    assert other.returncode == 1


def test_a_closed_terminal_ends_the_watching_and_the_training_goes_on_to_its_end(runs: Path) -> None:
    command = ("train", *SMALL, "--latent", "2", "--epochs", 150, "--runs", runs)
    with terminal(*command) as screen:
        screen.wait_for("/150")
        (run,) = (runs / "digits").iterdir()
        screen.hang_up()
        screen.process.wait(timeout=60)
        assert is_alive(run)
    refused = call(*command)
    assert f"{run.name} is being trained now: `vaetui watch" in complaint(refused)
    watched = vaetui("watch", "--runs", runs, "--json")
    assert watched.returncode == 0, watched.stderr
    last = json.loads(watched.stdout.splitlines()[-1])
    assert (last["event"], last["run"], last["state"]) == ("end", run.name, "finished")
    assert len(read_epochs(run)) == 150


def test_ctrl_c_saves_and_the_same_command_goes_on(runs: Path) -> None:
    command = ("train", *SMALL, "--latent", "2", "--epochs", 100_000, "--runs", runs)
    with terminal(*command) as screen:
        screen.wait_for("training vae-z2")
        (run,) = (runs / "digits").iterdir()
        tiny.wait_until(lambda: bool(read_epochs(run)), 60)
        screen.press(CTRL_C)
        screen.wait_for("stopping: saving …")
        assert screen.end() == 130
        assert "the same command resumes the training" in screen.text()
    assert not is_alive(run)
    status = read_status(run)
    assert (status.state, status.epochs) == ("stopped", 100_000)
    done = read_epochs(run)
    assert len(done) == status.epoch > 0

    detached = vaetui(*command, "--detach")
    assert detached.returncode == 0
    assert f"continuing with epoch {status.epoch + 1}\n" in detached.stderr
    tiny.wait_until(lambda: len(read_epochs(run)) > len(done), 60)
    stopped = vaetui("stop", run.name, "--runs", runs)
    assert stopped.returncode == 0
    assert read_status(run).state == "stopped"
    numbers = [epoch.epoch for epoch in read_epochs(run)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert read_epochs(run)[: len(done)] == done


@pytest.fixture(autouse=True)
def _nothing_left_training(runs: Path) -> Iterator[None]:
    yield
    for run in runs.glob("*/*"):
        with contextlib.suppress(Problem):  # it may end by itself just now
            ask_to_stop(read_run(run))
            tiny.wait_until(lambda run=run: not is_alive(run), 30)
