"""Watching runs while they train: on a terminal as a picture, elsewhere as lines, for programs as JSON.

Everything comes from the run directories, so it is the same for a training that was just started here, for
one that somebody started elsewhere, and for one whose terminal was closed.
"""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import Any, Literal, Self

from rich.console import Console
from rich.live import Live

from trainer.contract.evaluation import Evaluation, read_evaluation
from trainer.contract.files import Problem
from trainer.contract.metrics import Epoch, Figures
from vaetui.cli.hangup import silence
from vaetui.cli.progress import doing, picture, speed
from vaetui.cli.say import narrate
from vaetui.cli.table import console_for, nats
from vaetui.runs.run_watcher import Run, RunWatcher

TICK = 0.25  # seconds between looks
LINE_SECONDS = 5.0  # plain lines of one run are at least this far apart

End = Literal["ended", "left", "terminated"]


class Followed:
    """The runs that are watched, in a fixed order."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._followers = [RunWatcher(path) for path in paths]
        self.runs: list[Run] = []
        self.poll()

    def poll(self) -> None:
        """Read all runs again; one that has vanished is failed. Raises `Problem` if the first read fails."""
        seen = {run.path: run for run in self.runs}
        self.runs = []
        for follower in self._followers:
            follower.poll()
            run = follower.run or _vanished(follower, seen.get(follower.path))
            self.runs.append(run)


def _vanished(follower: RunWatcher, before: Run | None) -> Run:
    if before is None:
        raise Problem(follower.problem)
    error = follower.problem if follower.path.exists() else "its folder was moved or deleted"
    status = dataclasses.replace(before.status, state="failed", error=error)
    return dataclasses.replace(before, status=status, alive=False, waiting=False)


class Signals:
    """Record Ctrl-C, SIGTERM and SIGHUP, so that none interrupts drawing.

    `then` is called at each of them. `terminated` is the signal that ends the command at once, 0 if none has.
    """

    def __init__(self) -> None:
        self.interrupts = 0
        self.terminated = 0
        self.then: Callable[[], object] = lambda: None

    def __enter__(self) -> Self:
        """Listen."""
        handlers = {signal.SIGINT: self._interrupt, signal.SIGTERM: self._terminate}
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
            handlers[signal.SIGHUP] = self._terminate
        self._before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        return self

    def __exit__(self, *_: object) -> None:
        """Let signals do what they did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.interrupts += 1
        self.then()

    def _terminate(self, number: int, _frame: FrameType | None) -> None:
        silence()
        self.terminated = number
        self.then()

    @property
    def code(self) -> int:
        """Return the exit code of a command that a signal ended."""
        return 128 + (self.terminated or signal.SIGINT)


# --- three ways to show it ----------------------------------------------------------------------------


class Display(AbstractContextManager["Display"]):
    """Where the progress is shown."""

    @abstractmethod
    def show(self, runs: Sequence[Run]) -> None:
        """Show how the runs stand now."""

    def say(self, text: str) -> None:
        """Show a sentence besides."""
        narrate(text)

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""


class Picture(Display):
    """Bars and figures that stay in place, on a terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = Live(console=console, auto_refresh=False, transient=True)
        self.note = ""

    def __enter__(self) -> Self:
        """Hide the cursor."""
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the picture away and show the cursor again."""
        self.live.stop()

    def show(self, runs: Sequence[Run]) -> None:
        """Draw the picture anew."""
        size = self.console.size
        self.live.update(picture(runs, size.width, size.height, self.note), refresh=True)

    def say(self, text: str) -> None:
        """Show a sentence below the picture."""
        self.note = text


class News:
    """Which epochs of each run have not been told yet; of those before the watching, the last is news."""

    def __init__(self) -> None:
        self._told: dict[Path, int] = {}

    def of(self, run: Run) -> list[Epoch]:
        """The new epochs of `run`, which then count as told."""
        first = self._told.get(run.path)
        if first is None:
            first = run.epochs[-1].epoch - 1 if run.epochs else 0
        fresh = [epoch for epoch in run.epochs if epoch.epoch > first]
        self._told[run.path] = fresh[-1].epoch if fresh else first
        return fresh


class Lines(Display):
    """Plain lines on stderr: at most one a run every five seconds, and one for its last epoch."""

    def __init__(self) -> None:
        self.news = News()
        self.waiting: dict[Path, Epoch] = {}
        self.told_at: dict[Path, float] = {}

    def show(self, runs: Sequence[Run]) -> None:
        """Tell what is new."""
        now = time.monotonic()
        for run in runs:
            if fresh := self.news.of(run):
                self.waiting[run.path] = fresh[-1]
            epoch = self.waiting.get(run.path)
            due = now - self.told_at.get(run.path, 0.0) > LINE_SECONDS or not run.alive
            if epoch and due:
                narrate(line(run, epoch))
                self.told_at[run.path] = now
                del self.waiting[run.path]


def line(run: Run, epoch: Epoch) -> str:
    """One epoch as a line of words that are easy to grep and to cut."""
    held_out = epoch.held_out
    fields = {
        "epoch": f"{epoch.epoch}/{run.status.epochs}",
        "train": nats(-epoch.train.elbo),
        "val": nats(-epoch.val.elbo) if epoch.val else "none",
        "distortion": nats(held_out.distortion),
        "rate": nats(held_out.rate),
        "images/s": f"{speed(run):.0f}",
        "left": doing(run) or "?",
    }
    return f"{run.name} " + " ".join(f"{key}={value}" for key, value in fields.items())


class Objects(Display):
    """An object a line on stdout, for programs."""

    def __init__(self) -> None:
        self.news = News()
        self.ended: set[Path] = set()

    def show(self, runs: Sequence[Run]) -> None:
        """Print what is new."""
        for run in runs:
            for epoch in self.news.of(run):
                self._print(run, "epoch", epoch_facts(run, epoch))
            if not (run.alive or run.waiting) and run.path not in self.ended:
                self.ended.add(run.path)
                self._print(run, "end", end_facts(run))

    def _print(self, run: Run, event: str, facts: dict[str, Any]) -> None:
        print(json.dumps({"event": event, "run": run.name, "path": str(run.path), **facts}), flush=True)  # noqa: T201


def epoch_facts(run: Run, epoch: Epoch) -> dict[str, Any]:
    """One epoch for a program."""
    return {
        "epoch": epoch.epoch,
        "epochs": run.status.epochs,
        "train": figures(epoch.train),
        "val": figures(epoch.val),
        "active_units": epoch.active_units,
        "seconds": epoch.seconds,
    }


def end_facts(run: Run) -> dict[str, Any]:
    """How a run ended, for a program."""
    evaluation = evaluation_of(run)
    return {
        "state": run.state,
        "early": run.status.early,
        "error": run.status.error or None,
        "test": figures(evaluation.figures if evaluation else None),
        "kept": evaluation.epoch if evaluation else None,
    }


def figures(found: Figures | None) -> dict[str, float] | None:
    """Figures for a program: nats per image, and the squared error per pixel."""
    return dataclasses.asdict(found) if found else None


def evaluation_of(run: Run) -> Evaluation | None:
    """The test figures of a finished run; those of an unfinished one would be of an earlier training."""
    if run.state != "finished":
        return None
    try:
        return read_evaluation(run.path)
    except Problem:
        return None


def display(*, as_json: bool) -> Display:
    """The display that fits where the output goes."""
    if as_json:
        return Objects()
    console = console_for(stderr=True, live=True)
    return Picture(console) if console.is_interactive else Lines()


# --- the loop -----------------------------------------------------------------------------------------


def follow(
    followed: Followed,
    shown: Display,
    signals: Signals,
    trainer: subprocess.Popen[bytes] | None = None,
    ask: Callable[[], None] | None = None,
) -> End:
    """Show the runs until none goes on, or until the user leaves.

    The first Ctrl-C calls `ask`, if there is one, to stop the training; the next one leaves.
    """
    handled = 0
    with shown:
        while True:
            trains = trainer is not None and trainer.poll() is None
            followed.poll()
            shown.show(followed.runs)
            waiting = trainer is None and any(run.waiting for run in followed.runs)
            if not (trains or waiting or any(run.alive for run in followed.runs)):
                return "ended"
            if signals.terminated:
                return "terminated"
            if signals.interrupts > handled:
                if ask is None or handled:
                    return "left"
                ask()
                handled = 1
                shown.say("stopping: saving … (Ctrl-C again leaves at once)")
            time.sleep(TICK)
