"""Identify the process that trains a run, and stop it."""

import contextlib
import os
import signal
import threading
from pathlib import Path

import pytest

from tests import tiny
from trainer.contract.files import Problem
from trainer.contract.run_dir import (
    LOCK,
    STATUS,
    Status,
    hold,
    is_alive,
    read_status,
    write_status,
)
from vaetui.runs import launch
from vaetui.runs.run_watcher import read_run


def test_asking_to_stop_reaches_the_trainer(runs: Path) -> None:
    with tiny.trainer(runs) as (path, _):
        launch.ask_to_stop(read_run(path))
        tiny.wait_until(lambda: not is_alive(path))
        assert read_status(path).state == "stopped"


def test_a_trainer_that_comes_up_only_now_is_waited_for(runs: Path) -> None:
    def train() -> None:
        with tiny.trainer(runs) as (run, _):
            tiny.wait_until(lambda: not is_alive(run), 60)

    thread = threading.Thread(target=train)
    thread.start()
    path = runs / "digits" / tiny.config().name
    tiny.wait_until((path / STATUS).exists)
    launch.ask_to_stop(read_run(path), patience=60)
    thread.join()
    assert read_status(path).state == "stopped"


def test_asking_a_run_that_is_not_trained_is_refused(run: Path) -> None:
    with pytest.raises(Problem, match="is not being trained now, it is finished"):
        launch.ask_to_stop(read_run(run))


def test_asking_a_trainer_on_another_host_is_refused(runs: Path) -> None:
    with tiny.live(runs, sign=True) as path:
        tiny.signature(path, host="elsewhere")
        with pytest.raises(
            Problem,
            match=rf"trained on elsewhere: run `vaetui stop {path.name} --runs {path.parents[1]}` there",
        ):
            launch.ask_to_stop(read_run(path))


def test_nobody_is_signalled_before_the_trainer_has_said_who_it_is(runs: Path) -> None:
    with tiny.trainer(runs) as (path, pid):
        (path / LOCK).write_bytes(b"")
        with pytest.raises(Problem, match="only just starting"):
            launch.ask_to_stop(read_run(path))
        os.kill(pid, 0)
        assert is_alive(path)


def test_a_trainer_that_has_ended_is_one_sentence(runs: Path) -> None:
    with tiny.trainer(runs) as (path, pid):
        run = read_run(path)
        os.kill(pid, signal.SIGKILL)
        tiny.wait_until(lambda: not is_alive(path))
        with pytest.raises(Problem, match="is not being trained now, it is"):
            launch.ask_to_stop(read_run(path))
        assert run.alive
        with pytest.raises(Problem, match="is not being trained now, it is interrupted"):
            launch.ask_to_stop(run)


def test_what_is_not_the_trainer_is_not_stopped_whatever_is_reported(runs: Path) -> None:
    """Neither the process whose id is in status.json nor one that the lock names falsely."""
    with tiny.trainer(runs, tiny.config(latent=2)) as (other, victim):
        with tiny.live(runs, tiny.config(latent=3)) as path:
            write_status(path, Status("running", 1, 3, pid=victim, host=os.uname().nodename))
            with pytest.raises(Problem, match="only just starting"):
                launch.ask_to_stop(read_run(path))
        with tiny.live(runs, tiny.config(latent=4), sign=True) as path:
            tiny.signature(path, pid=victim, started=tiny.signature(other)["started"])
            with pytest.raises(Problem, match=rf"names process {victim}, which does not hold it"):
                launch.ask_to_stop(read_run(path))
        assert is_alive(other)


def test_companions_are_those_of_one_process(runs: Path) -> None:
    ours = [tiny.make(runs, tiny.config(latent=latent), state="running") for latent in (3, 4, 5)]
    with contextlib.ExitStack() as stack:
        for run in ours[:2]:
            stack.enter_context(hold(run, sign=True))
        stack.enter_context(hold(ours[2]))
        other, _ = stack.enter_context(tiny.trainer(runs, tiny.config(latent=6)))
        everyone = [read_run(run) for run in (*ours, other)]
        assert [len(launch.companions(run, everyone)) for run in everyone] == [1, 1, 0, 0]
        assert launch.companions(everyone[0], everyone) == [everyone[1]]
