"""Watch runs while they train: bars on a terminal, else lines, or JSON.

Everything is read from the run directories, so that it does not matter who started the training, and from
which terminal.
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

from trainer.contract.files import Problem
from trainer.contract.metrics import Epoch, Figures, stored_figures
from vaetui.cli.hangup import silence
from vaetui.cli.messages import print_status
from vaetui.cli.progress import doing, picture
from vaetui.cli.table import console_for
from vaetui.format import fixed
from vaetui.runs.run_watcher import Run, RunWatcher
from vaetui.runs.training_pace import mean_speed

TICK = 0.25  # seconds between reads
LINE_SECONDS = 5.0  # least time between plain lines of a run

End = Literal["ended", "detached", "terminated"]


class WatchedRuns:
    """The runs that are watched, in a fixed order."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._followers = [RunWatcher(path) for path in paths]
        self.runs: list[Run] = []
        self.poll()

    def poll(self) -> None:
        """Read all runs again; a deleted one is failed. Raises `Problem` if the first read fails."""
        seen = {run.path: run for run in self.runs}
        self.runs = []
        for follower in self._followers:
            follower.poll()
            self.runs.append(follower.run or _deleted(follower, seen.get(follower.path)))


def _deleted(follower: RunWatcher, before: Run | None) -> Run:
    if before is None:
        raise Problem(follower.problem)
    error = follower.problem if follower.path.exists() else "its folder was moved or deleted"
    status = dataclasses.replace(before.status, state="failed", error=error)
    return dataclasses.replace(before, status=status, alive=False, waiting=False, evaluation=None)


class Signals:
    """Records Ctrl-C, SIGTERM and SIGHUP, so that none interrupts output.

    `then` is called at each of them. `terminated` is the signal that ends the command at once, else 0.
    """

    def __init__(self) -> None:
        self.interrupts = 0
        self.terminated = 0
        self.then: Callable[[], object] = lambda: None

    def __enter__(self) -> Self:
        """Install the handlers."""
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
            numbers.append(signal.SIGHUP)
        self._before = {number: signal.signal(number, self._handle) for number in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            self.interrupts += 1
        else:
            silence()
            self.terminated = number
        self.then()

    @property
    def code(self) -> int:
        """Return the exit code of a command that a signal ended."""
        return 128 + (self.terminated or signal.SIGINT)


class Display(AbstractContextManager["Display"]):
    """Where the progress is shown."""

    @abstractmethod
    def show(self, runs: Sequence[Run]) -> None:
        """Show the progress of the runs."""

    def notify(self, text: str) -> None:
        """Show a message besides."""
        print_status(text)

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""


class Bars(Display):
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
        """Remove the bars and show the cursor again."""
        self.live.stop()

    def show(self, runs: Sequence[Run]) -> None:
        """Update the bars."""
        size = self.console.size
        self.live.update(picture(runs, size.width, size.height, self.note), refresh=True)

    def notify(self, text: str) -> None:
        """Show a message below the bars."""
        self.note = text


def new_epochs(run: Run, printed: dict[Path, int]) -> list[Epoch]:
    """Return the epochs of `run` after those `printed`, at first only the last one; they count as printed."""
    last = printed.setdefault(run.path, run.epochs[-1].epoch - 1 if run.epochs else 0)
    new = [epoch for epoch in run.epochs if epoch.epoch > last]
    printed[run.path] = new[-1].epoch if new else last
    return new


class Lines(Display):
    """Plain lines on stderr: at most one a run every five seconds, and one for its last epoch."""

    def __init__(self) -> None:
        self.printed: dict[Path, int] = {}
        self.waiting: dict[Path, Epoch] = {}
        self.printed_at: dict[Path, float] = {}

    def show(self, runs: Sequence[Run]) -> None:
        """Print the new epochs that are due."""
        now = time.monotonic()
        for run in runs:
            if new := new_epochs(run, self.printed):
                self.waiting[run.path] = new[-1]
            is_due = now - self.printed_at.get(run.path, 0.0) > LINE_SECONDS or not run.alive
            if is_due and (epoch := self.waiting.pop(run.path, None)):
                print_status(line(run, epoch))
                self.printed_at[run.path] = now


def line(run: Run, epoch: Epoch) -> str:
    """Return an epoch as a line of key=value fields."""
    held_out, split = epoch.held_out, "val" if epoch.val else "train"
    fields = {
        "epoch": f"{epoch.epoch}/{run.status.epochs}",
        "train": fixed(-epoch.train.elbo),
        "val": fixed(-epoch.val.elbo) if epoch.val else "none",
        f"{split}_distortion": fixed(held_out.distortion),
        f"{split}_rate": fixed(held_out.rate),
        "images/s": f"{mean_speed(run):.0f}",
        "left": doing(run) or "?",
    }
    return f"{run.name} " + " ".join(f"{key}={value}" for key, value in fields.items())


class JsonLines(Display):
    """JSON objects on stdout, one per line."""

    def __init__(self) -> None:
        self.printed: dict[Path, int] = {}
        self.ended: set[Path] = set()

    def show(self, runs: Sequence[Run]) -> None:
        """Print new epochs and ended runs."""
        for run in runs:
            for epoch in new_epochs(run, self.printed):
                self._print(
                    run,
                    "epoch",
                    epoch=epoch.epoch,
                    epochs=run.status.epochs,
                    train=figures(run, epoch.train),
                    val=figures(run, epoch.val),
                    active_units=epoch.active_units,
                    seconds=epoch.seconds,
                )
            if not (run.alive or run.waiting) and run.path not in self.ended:
                self.ended.add(run.path)
                self._print(
                    run,
                    "end",
                    state=run.state,
                    early=run.status.early,
                    error=run.status.error or None,
                    test=figures(run, run.evaluation.figures if run.evaluation else None),
                    kept=run.evaluation.epoch if run.evaluation else None,
                )

    def _print(self, run: Run, event: str, **facts: Any) -> None:
        print(json.dumps({"event": event, "run": run.name, "path": str(run.path), **facts}), flush=True)  # noqa: T201


def figures(run: Run, measured: Figures | None) -> dict[str, float | None] | None:
    """Return figures of a run for JSON: nats per image, and the squared error per pixel."""
    return stored_figures(measured, is_vae=run.config.model.is_vae) if measured else None


def display(*, as_json: bool) -> Display:
    """Return the display for JSON, a terminal, or other output."""
    if as_json:
        return JsonLines()
    console = console_for(stderr=True, live=True)
    return Bars(console) if console.is_interactive else Lines()


def follow(
    watched: WatchedRuns,
    shown: Display,
    signals: Signals,
    trainer: subprocess.Popen[bytes] | None = None,
    ask: Callable[[], None] | None = None,
) -> End:
    """Show the runs until all have ended or the user detaches; return which.

    The first Ctrl-C calls `ask`, if given, to stop the training; the next one detaches.
    """
    handled = 0
    with shown:
        while True:
            trains = trainer is not None and trainer.poll() is None
            watched.poll()
            shown.show(watched.runs)
            if not (trains or any(run.alive or (run.waiting and not trainer) for run in watched.runs)):
                return "ended"
            if signals.terminated:
                return "terminated"
            if signals.interrupts > handled:
                if ask is None or handled:
                    return "detached"
                ask()
                handled = 1
                shown.notify("stopping: saving … (Ctrl-C again detaches at once)")
            time.sleep(TICK)
