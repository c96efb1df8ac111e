"""`vaetui evaluate`: let runs be measured on the test images, and print what came of it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import textwrap
import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column as Cell
from rich.text import Text

from trainer.contract.datasets.registry import data_folder
from trainer.contract.evaluation import Evaluation, read_evaluation
from trainer.contract.files import clean
from vaetui.cli import verdict
from vaetui.cli.listing import settings
from vaetui.cli.say import Usage, complain, narrate
from vaetui.cli.summary import alike, protocol_of
from vaetui.cli.table import console_for
from vaetui.cli.watch import LINE_SECONDS, Signals
from vaetui.runs import launch
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.lookup import find_runs
from vaetui.runs.run_watcher import Run
from vaetui.settings import parse

BAR_ROOM = 45  # cells beside the text: bar, share, time left, and some that a ^C may be echoed into

Measured = tuple[Run, Evaluation]


def evaluate(
    texts: Sequence[str],
    runs: Path | None,
    data: Path | None,
    *,
    samples: int,
    quality: bool,
    device: str,
    as_json: bool,
) -> int:
    """Measure the named runs; returns the exit code."""
    try:
        device = parse({"device": device}).device
    except ValueError as error:
        raise Usage(str(error)) from None
    folder = checked_runs_folder(runs)
    chosen = find_runs(folder, texts)
    hearing, code = measure(
        chosen, data_folder(data), device=device, samples=samples, quality=quality, as_json=as_json
    )
    if hearing.measured and not as_json:
        _print(hearing, console_for())
    return told(hearing, code)


def measure(
    runs: Sequence[Run], data: Path, *, device: str, samples: int, quality: bool, as_json: bool = False
) -> tuple[Hearing, int]:
    """Let `runs` be measured, and show how far that is; what came of it, and the exit code."""
    chosen = {run.path.resolve(): run for run in runs}
    launch.check_device(device)
    with Signals() as signals:
        process = launch.evaluate(list(chosen), data, device, samples, quality=quality)
        signals.then = process.terminate  # what it has not written by then, it does not write
        with process:
            hearing = Hearing(chosen, display(len(chosen)), as_json=as_json)
            try:
                hearing.listen(process)
            except BaseException:  # such as a reader of our output that has ended: nobody waits for the rest
                process.terminate()
                raise
    if signals.interrupts or signals.terminated:
        return hearing, signals.code
    if process.returncode and not hearing.problems:
        hearing.problems.append(f"measuring ended without a word (exit code {process.returncode})")
    return hearing, 1 if process.returncode else 0


def told(hearing: Hearing, code: int) -> int:
    """Say what went wrong while runs were measured; returns the exit code."""
    if code > 128:  # by a signal
        narrate(f"interrupted: {len(hearing.measured)} of {len(hearing.chosen)} measured and kept")
        return code
    for problem in hearing.problems:
        complain(problem)
    return code


# --- what the judge tells -----------------------------------------------------------------------------


class Hearing:
    """Takes in what the judge tells, shows how far it is, and collects what it measured."""

    def __init__(self, chosen: dict[Path, Run], shown: Display, *, as_json: bool) -> None:
        self.chosen, self.shown, self.as_json = chosen, shown, as_json
        self.measured: list[Measured] = []
        self.kept: dict[Path, Path] = {}  # by run, the folder that its figures were written into
        self.problems: list[str] = []

    def listen(self, process: subprocess.Popen[str]) -> None:
        """Until it has ended."""
        with self.shown:
            for fact in _facts(process):
                getattr(self, f"_{fact.pop('event')}")(**fact)

    def _progress(self, run: str, doing: str, done: float) -> None:
        self.shown.show(self.chosen[Path(run)].name, len(self.measured) + 1, doing, done)

    def _note(self, text: str) -> None:
        narrate(text)

    def _problem(self, text: str) -> None:
        self.problems.append(text)

    def _measured(self, run: str, seconds: float, kept: str) -> None:
        path = Path(run)
        self.kept[self.chosen[path].path] = Path(kept)
        measured = (self.chosen[path], read_evaluation(Path(kept)))
        self.measured.append(measured)
        if self.as_json:
            sys.stdout.write(json.dumps(facts(*measured, seconds, kept)) + "\n")
            sys.stdout.flush()


def _facts(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """Whole lines only: the last one may be cut off when the judge is ended."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.endswith("\n"):
            yield json.loads(line)


def facts(run: Run, evaluation: Evaluation, seconds: float, kept: str) -> dict[str, Any]:
    """One measured run for a program."""
    found = dataclasses.asdict(evaluation)
    who = {"run": run.name, "path": str(run.path), "seconds": seconds, "kept": kept}
    return {**who, **found, **settings(run)}


# --- how far it is ------------------------------------------------------------------------------------


class Display(AbstractContextManager["Display"]):
    """Where the progress is shown."""

    @abstractmethod
    def show(self, name: str, number: int, doing: str, done: float) -> None:
        """Show what is done to the run `name`, and which part of that, 0…1."""

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""


class Bar(Display):
    """A bar that stays in place, on a terminal."""

    def __init__(self, console: Console, count: int) -> None:
        self.count = count
        room = max(10, console.width - BAR_ROOM)
        cell = Cell(no_wrap=True, overflow="ellipsis", max_width=room)
        text = TextColumn("{task.description}", table_column=cell)
        parts = (text, BarColumn(20), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
        self.progress = Progress(*parts, console=console, transient=True)
        self.task = self.progress.add_task("starting", total=None)
        self.doing = ""

    def __enter__(self) -> Self:
        """Hide the cursor."""
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away and show the cursor again."""
        self.progress.stop()

    def show(self, name: str, number: int, doing: str, done: float) -> None:
        """Draw the bar anew; another thing that is done begins another bar."""
        place = f"{number}/{self.count} " if self.count > 1 else ""
        description = f"{place}{name} · {doing}"
        if description != self.doing:
            self.doing = description
            self.progress.reset(self.task, total=1.0, description=description)
        self.progress.update(self.task, completed=done)


@dataclass
class Lines(Display):
    """Plain lines on stderr: one for each thing that is done, and one every five seconds."""

    count: int
    doing: tuple[str, str] = ("", "")
    told_at: float = 0.0

    def show(self, name: str, number: int, doing: str, done: float) -> None:
        """Tell what is new."""
        now = time.monotonic()
        if (name, doing) != self.doing or now - self.told_at > LINE_SECONDS:
            self.doing, self.told_at = (name, doing), now
            narrate(f"{name} run={number}/{self.count} done={done:.0%} {doing}")


def display(count: int) -> Display:
    """The display that fits where stderr goes."""
    console = console_for(stderr=True, live=True)
    return Bar(console, count) if console.is_interactive else Lines(count)


# --- the results --------------------------------------------------------------------------------------


def _print(hearing: Hearing, console: Console) -> None:
    """A group of tables for each protocol: other images or another likelihood never share a column."""
    for protocol, members in alike(hearing.measured, lambda pair: protocol_of(*pair)).items():
        console.print(Text(f"\n{protocol}\n"))
        for table in verdict.tables(members, console.width):
            console.print(table)
            console.print()
        for remark in verdict.protocols([evaluation for _, evaluation in members]):
            console.print(Text(textwrap.fill(remark, console.width, break_on_hyphens=False), style="dim"))
        places = dict.fromkeys(clean(str(hearing.kept[run.path].parent)) for run, _ in members)
        console.print(Text(f"\nkept in evaluation.json below {', '.join(places)}"), soft_wrap=True)
