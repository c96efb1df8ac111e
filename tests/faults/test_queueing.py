"""Runs are queued, or trained anew, while the disk fills up or the command is killed."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import tiny
from tests.faults.forks import Forks
from tests.faults.injection import KILL, failing
from tests.faults.outcome import queued, results
from tests.trainer.small import config
from trainer.contract import disk_space
from trainer.contract.config import CONFIG, read_config
from trainer.contract.files import Problem
from trainer.contract.run_dir import LOCK, LOG, MODEL, STATE, STATUS, Status, read_status, write_status
from vaetui.runs import launch

GRID = [tiny.config(latent=2), tiny.config(latent=5)]


def refused(runs: Path, *, force: bool = False) -> str:
    """Why `GRID` cannot be queued, "" where it is."""
    try:
        tiny.create_runs(runs, GRID, force, None)
    except Problem as problem:
        return str(problem)
    return ""


def content(folder: Path) -> dict[str, bytes]:
    """All files below `folder`."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.fault(
    "the disk is full from the n-th write on while a grid is queued, for every n",
    "one sentence; nothing is left behind, not even a folder",
)
def test_full_while_new_runs_are_queued(tmp_path: Path) -> None:
    number = 0
    while True:
        number += 1
        with failing(tmp_path, errno.ENOSPC, number, lasting=True) as injector:
            sentence = refused(tmp_path / "runs")
        if not sentence:
            break
        assert "No space left" in sentence
        assert list(tmp_path.iterdir()) == [], injector.seen
    assert number > 5


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.fault(
    "the disk is full from the n-th write on while old runs and a new one are queued, for every n",
    "one sentence; the old runs are as they were, or queued anew; the new one leaves nothing behind",
)
def test_full_while_old_runs_are_queued(tmp_path: Path, force: bool) -> None:
    number = 0
    while True:
        number += 1
        runs = tmp_path / str(number)
        old = tiny.make(runs, GRID[0], state="stopped", done=2)
        (old / STATE).write_bytes(b"state")
        (old / "run.lock").touch()
        before = content(runs)
        with failing(runs, errno.ENOSPC, number, lasting=True):
            sentence = refused(runs, force=force)
        if not sentence:
            break
        assert "No space left" in sentence
        if content(runs) != before:  # all were queued, and the old results are removed
            assert force
            assert not (old / STATE).exists()
            assert read_status(old).state == "queued"
    assert number > 5


@pytest.mark.fault(
    "`train --force` is killed at any of its operations on files",
    "the run is as it was, or one that the same command without --force trains",
)
def test_force_is_killed(forks: Forks, quick: Path) -> None:
    wanted = config(2)
    (fresh,) = queued(quick / "fresh", [wanted])
    assert forks.call("train", fresh).code == 0
    number = 0
    while True:
        number += 1
        folder = quick / str(number)
        (run,) = queued(folder, [wanted])
        for path in fresh.iterdir():
            (run / path.name).write_bytes(path.read_bytes())
        ended = forks.call("queue", folder, "2", "--force", root=folder, error=KILL, at=number)
        (task,) = launch.plan_runs(folder, [wanted], False, None)
        if task.action == "keep":  # nothing was done yet
            assert (run / MODEL).exists()
            assert read_status(run).state == "finished"
        if ended.code == 0:
            assert (task.action, task.done) == ("train", 0)
            break
    assert number > 10
    assert forks.call("train", run).code == 0
    assert results(run) == results(fresh)


@pytest.mark.fault(
    "a run's first save was cut short by an older version, which wrote the model before its state",
    "the same command trains the run from its beginning",
)
def test_a_model_without_a_state(runs: Path) -> None:
    run = tiny.make(runs, tiny.config(), state="failed", done=1)
    assert tiny.create_runs(runs, [tiny.config()], False, None) == [run]
    write_status(run, Status("finished", 1, 1))  # but a finished one has something to lose
    with pytest.raises(Problem, match="cannot resume"):
        tiny.create_runs(runs, [tiny.config(epochs=9)], False, None)


@pytest.mark.fault(
    "a run that says it is finished has no model, as after a `train --force` of an older version was killed",
    "the same command trains it",
)
def test_finished_without_a_model(runs: Path) -> None:
    run = tiny.make(runs, tiny.config())
    (run / MODEL).unlink()
    assert tiny.create_runs(runs, [tiny.config()], False, None) == [run]


@pytest.mark.fault(
    "too little room on the disk for a grid, or too low a limit on file sizes (ulimit -f)",
    "refused before it starts: the folder, the space needed, and what to do",
)
def test_room_is_looked_at_first(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_space, "free_bytes", lambda folder: 200_000)
    sentence = (
        r"runs has no room: these 2 runs need about \d\.\d MB there and 0\.2 MB are free, so free some or"
    )
    with pytest.raises(Problem, match=sentence):
        tiny.create_runs(runs, GRID, False, None)
    assert list(runs.iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setattr(resource, "getrlimit", lambda which: (100_000, 100_000))
    with pytest.raises(Problem, match=r"limited to 0\.1 MB \(ulimit -f\)"):
        tiny.create_runs(runs, GRID, False, None)


@pytest.mark.fault(
    "as much room on the disk as is asked for, and no byte more",
    "the training ends well: what is asked for is enough, and not many times too much",
)
def test_the_room_that_is_asked_for_is_enough(forks: Forks, quick: Path) -> None:
    grid = [config(latent, epochs=3, keep="best") for latent in (2, 9)]
    runs = queued(quick, grid)
    assert forks.call("train", *runs).code == 0
    for run in runs:
        needed = disk_space.need(read_config(run))
        written = sum(path.stat().st_size for path in run.iterdir())
        assert written < needed.total < 2 * written
        assert needed.save < written


@pytest.mark.fault(
    "one run of a grid cannot be locked when its trainer starts",
    "the command waits for the others only, not for a minute",
)
def test_a_run_that_cannot_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "START_SECONDS", 1e9)  # longer than a test may last
    runs = tiny.create_runs(tmp_path / "runs", GRID, False, None)
    write_status(runs[0], Status("failed", 0, 3, error="cannot be locked: no space left"))
    holds = (
        "import sys, time\nfrom pathlib import Path\nfrom trainer.contract.lock import hold\n"
        "with hold(Path(sys.argv[-1])): time.sleep(60)"
    )
    with launch.start(runs, tmp_path, (sys.executable, "-c", holds)) as process:
        process.kill()


@pytest.mark.fault(
    "the disk has no room for the log of a training",
    "it starts without one and tells in its status how it ended",
)
def test_no_room_for_a_log(tmp_path: Path) -> None:
    runs = tiny.create_runs(tmp_path / "runs", GRID, False, None)
    with (
        failing(tmp_path, errno.ENOSPC, 1, lasting=True),
        launch.start(runs, tmp_path, (sys.executable, "-c", "")) as process,
    ):
        assert process.wait() == 0


def emptied(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def a_loop(path: Path) -> None:
    path.symlink_to(path.name)


# What is put in the place of what; "." is the folder of the run.
IN_THE_WAY: list[tuple[str, Callable[[Path], object], bool]] = [
    *((name, Path.mkdir, force) for name in (LOCK, CONFIG, STATUS, LOG, STATE) for force in (False, True)),
    *((name, make, False) for name in (LOCK, LOG, CONFIG) for make in (os.mkfifo, a_loop)),
    *((".", make, force) for make in (Path.touch, a_loop) for force in (False, True)),
]


@pytest.mark.fault(
    "a directory, a FIFO or a link that leads nowhere is in the place of a file of one run of a "
    "grid, or the folder of that run",
    "that run is left out and named with what is in the way, and is as it was; the others are queued",
)
def test_something_is_in_the_way_of_one_run(tmp_path: Path) -> None:
    for number, (name, make, force) in enumerate(IN_THE_WAY):
        case, runs = (name, make.__name__, force), tmp_path / str(number)
        first, second = (tiny.make(runs, one, state="stopped", done=1) for one in GRID)
        for run in (first, second):
            (run / STATE).touch()
        place = first / name
        emptied(place)
        make(place)
        before = content(runs / "digits") if first.is_dir() else {}
        tasks = launch.plan_runs(runs, GRID, force, None)
        assert [task.is_due for task in tasks] == [False, True], case
        assert tasks[0].why.startswith(f"{place} "), case
        assert tiny.create_runs(runs, GRID, force, None) == [second], case
        assert read_status(second).state == "queued", case
        after = content(runs / "digits") if first.is_dir() else {}
        assert all(after[path] == before[path] for path in before if path.startswith(first.name)), case
        with pytest.raises(Problem) as refusal:
            launch.plan_runs(runs, GRID[:1], force, None)
        assert str(place) in str(refusal.value)
