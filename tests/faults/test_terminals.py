"""Terminals that close, streams that are closed, and signals of job control."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT, tiny
from tests.vaetui.cli.shell import COMMAND, Terminal, call, terminal, vaetui
from trainer.contract.files import Problem
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import is_alive, read_status
from vaetui.runs.launch import ask_to_stop
from vaetui.runs.run_watcher import read_run

IGNORED: dict[str, Any] = {"through": ("sh", "-c", 'trap "" HUP; exec "$@"', "sh")}
# Whether a command gets a SIGHUP from the terminal that it writes to.
STARTED: dict[str, dict[str, Any]] = {
    "SIGHUP as usual": {},
    "SIGHUP ignored": IGNORED,
    "no SIGHUP": {"is_controlling": False},
}
SMALL = ("--dataset", "digits", "--hidden", "16", "--batch-size", "256", "--device", "cpu", "--latent", 2)
ENDED = (-signal.SIGHUP, 128 + signal.SIGHUP)
SECONDS = 20.0  # a busy machine is no failure; an orderly end has 1.5 s


@contextlib.contextmanager
def nothing_left_training(runs: Path) -> Iterator[None]:
    try:
        yield
    finally:
        for run in runs.glob("*/*"):
            with contextlib.suppress(Problem):  # it may end by itself just now
                ask_to_stop(read_run(run), patience=30)
                tiny.wait_until(lambda run=run: not is_alive(run), 60)


def ends_when_the_terminal_closes(screen: Terminal) -> int:
    screen.hang_up()
    return screen.process.wait(timeout=SECONDS)


@pytest.mark.fault(
    "the terminal of `watch` closes, with SIGHUP as usual, ignored or never sent, stdin at its end or not",
    "it ends within 2 s, the training goes on",
)
@pytest.mark.parametrize("settings", STARTED.values(), ids=STARTED)
@pytest.mark.parametrize("stdin", [None, subprocess.DEVNULL], ids=["terminal", "at its end"])
def test_a_closed_terminal_ends_watch(runs: Path, settings: dict[str, Any], stdin: int | None) -> None:
    with (
        tiny.live(runs) as run,
        terminal("watch", "--runs", runs, **settings, stdin=stdin) as screen,
    ):
        screen.wait_for("1/3")
        assert ends_when_the_terminal_closes(screen) in ENDED
        assert is_alive(run)


@pytest.mark.fault("the terminal of `stop` closes while it waits, SIGHUP ignored", "it ends within 2 s")
def test_a_closed_terminal_ends_the_waiting_of_stop(runs: Path) -> None:
    with tiny.trainer(runs) as (run, pid):
        os.kill(pid, signal.SIGSTOP)  # it is asked and does not answer
        try:
            with terminal("stop", run, **IGNORED) as screen:
                screen.wait_for("waiting until all are saved")
                assert ends_when_the_terminal_closes(screen) in ENDED
        finally:
            os.kill(pid, signal.SIGCONT)
        tiny.wait_until(lambda: read_status(run).state == "stopped")


@pytest.mark.fault(
    "the terminal of `evaluate` closes, SIGHUP ignored", "it ends within 2 s, and the measuring with it"
)
def test_a_closed_terminal_ends_evaluate(run: Path) -> None:
    with terminal("evaluate", run, "--no-quality", "--device", "cpu", **IGNORED) as screen:
        screen.wait_for("starting")
        (judge,) = children(screen.process.pid)
        assert ends_when_the_terminal_closes(screen) in ENDED
        tiny.wait_until(lambda: not Path(f"/proc/{judge}").exists(), 30)


def children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


@pytest.mark.fault(
    "the terminal of `explore` closes, SIGHUP as usual, ignored or never sent", "it ends within 2 s"
)
@pytest.mark.parametrize("settings", STARTED.values(), ids=STARTED)
def test_a_closed_terminal_ends_explore(run: Path, runs: Path, settings: dict[str, Any]) -> None:
    with terminal("explore", "--runs", runs, **settings) as screen:
        screen.wait_for("1Loss")
        assert ends_when_the_terminal_closes(screen) in ENDED


@pytest.mark.fault(
    "the terminal of `train` closes, SIGHUP ignored", "it ends within 2 s, the training goes on"
)
def test_a_closed_terminal_ends_the_watching_of_train_alone(runs: Path) -> None:
    command = ("train", *SMALL, "--epochs", 3, "--name", "t", "--runs", runs)
    with nothing_left_training(runs), terminal(*command, **IGNORED) as screen:
        screen.wait_for("training t")
        run = runs / "digits" / "t"
        tiny.wait_until(lambda: is_alive(run), 60)
        assert ends_when_the_terminal_closes(screen) in ENDED
        tiny.wait_until(lambda: read_status(run).state == "finished", 60)
    assert len(read_epochs(run)) == 3


@pytest.mark.fault(
    "`train` under nohup, with its standard input closed", "it watches to the end and reports as usual"
)
def test_train_under_nohup_with_its_input_closed_reports_the_end(runs: Path) -> None:
    words = [*COMMAND, "train", *SMALL, "--epochs", 2, "--name", "t", "--runs", runs]
    done = subprocess.run(
        ["sh", "-c", 'exec nohup "$@" <&-', "sh", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "t epoch=2/2" in done.stderr
    assert "2/2" in done.stdout
    assert "Traceback" not in done.stderr
    assert read_status(runs / "digits" / "t").state == "finished"


@pytest.mark.fault(
    "SIGHUP reaches `watch` whose terminal stays", "it ends with 129, the cursor is shown again"
)
def test_a_hangup_signal_gives_the_terminal_back(runs: Path) -> None:
    with tiny.live(runs) as run, terminal("watch", run) as screen:
        screen.wait_for("1/3")
        screen.process.send_signal(signal.SIGHUP)
        assert screen.end() == 129
        assert not screen.screen.cursor.hidden
        assert "the training continues" in screen.text()
        assert is_alive(run)


@pytest.mark.fault("`watch` gets SIGSTOP and SIGCONT five times", "it goes on and shows what is new")
def test_a_watch_that_was_suspended_goes_on(runs: Path) -> None:
    config = tiny.config()
    with tiny.live(runs, config) as run, terminal("watch", run) as screen:
        screen.wait_for("1/3")
        for _ in range(5):
            screen.process.send_signal(signal.SIGSTOP)
            screen.process.send_signal(signal.SIGCONT)
        tiny.grow(run, config, 2)
        screen.wait_for("2/3")


@pytest.mark.fault("every standard stream is closed", "`ls` and `watch` end as usual")
@pytest.mark.parametrize("command", ["ls", "watch"])
def test_closed_streams_are_no_failure(run: Path, runs: Path, command: str) -> None:
    result = vaetui(command, "--runs", runs, through=("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert call(command, "--runs", runs).returncode == 0
