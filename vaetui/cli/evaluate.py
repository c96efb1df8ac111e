"""`vaetui evaluate`: evaluate runs on the test images and print the results."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column as Cell

from trainer.contract.datasets.registry import data_folder
from trainer.contract.evaluation import read_evaluation
from trainer.contract.files import Problem, clean
from trainer.contract.marginal_methods import MARGINAL_METHODS
from vaetui.cli import evaluation_tables
from vaetui.cli.messages import UsageError, print_error, print_status
from vaetui.cli.summary import group_by, protocol_of
from vaetui.cli.table import console_for, print_text
from vaetui.cli.watch import LINE_SECONDS, Signals
from vaetui.commands import command
from vaetui.runs import launch
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.launch import Measurements
from vaetui.runs.lookup import find_runs
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run
from vaetui.settings import json_values
from vaetui.training_grid import parse

BAR_ROOM = 45  # cells beside the text: bar, percentage, time left, and some for the echo of ^C


def evaluate(
    texts: Sequence[str],
    runs: Path | None,
    data: Path | None,
    *,
    wanted: Measurements,
    device: str,
    as_json: bool,
) -> int:
    """Evaluate the named runs, or all that are finished; return the exit code."""
    try:
        device = parse({"device": device})["device"]
    except ValueError as error:
        raise UsageError(str(error)) from None
    check_measurements(wanted)
    folder = checked_runs_folder(runs)
    chosen = find_runs(folder, texts) if texts else _finished(folder)
    events, code = measure(chosen, data_folder(data), wanted, device=device, as_json=as_json)
    if events.measured and not as_json:
        _print(events, console_for())
    return print_problems(events, code)


def check_measurements(wanted: Measurements) -> None:
    """Raises `UsageError` for options that need others."""
    if wanted.method not in ("auto", *MARGINAL_METHODS):
        known = " or ".join((", ".join(("auto", *list(MARGINAL_METHODS)[:-1])), list(MARGINAL_METHODS)[-1]))
        raise UsageError(f"--nll-method takes {known}, not {wanted.method!r}")
    if not wanted.samples and (wanted.method != "auto" or wanted.images):
        name = "--nll-images" if wanted.method == "auto" else "--nll-method"
        raise UsageError(f"{name} is for --nll K: add --nll 1000")


def _finished(folder: Path) -> list[Run]:
    """Return the finished runs in `folder`; print which others are left out."""
    index = RunIndex(folder)
    finished = [run for run in index.runs if run.state == "finished"]
    for run in index.runs:
        if run.state != "finished":
            print_status(f"{run.name} is left out: it is {run.status_text}")
    for _, problem in index.problems:
        print_error(problem)
    if not finished:
        trains = command("train", "--latent", "2,10", "--beta", "1,4", runs=folder)
        raise Problem(f"nothing to evaluate in {clean(str(folder))}: `{trains}` trains four")
    return finished


def measure(
    runs: Sequence[Run],
    data: Path,
    wanted: Measurements = Measurements(),  # noqa: B008  # frozen
    *,
    device: str,
    as_json: bool = False,
) -> tuple[EvaluatorEvents, int]:
    """Evaluate `runs` in a process and show its progress; return the results and the exit code."""
    chosen = {run.path.resolve(): run for run in runs}
    launch.check_device(device)
    with Signals() as signals:
        process = launch.evaluate(list(chosen), data, device, wanted)
        signals.then = process.terminate  # results that are not written yet are dropped
        with process:
            console = console_for(stderr=True, live=True)
            shown = Bar(console, len(chosen)) if console.is_interactive else Lines(len(chosen))
            events = EvaluatorEvents(chosen, shown, as_json=as_json)
            try:
                events.read(process)
            except BaseException:  # such as a closed stdout
                process.terminate()
                raise
    if signals.interrupts or signals.terminated:
        return events, signals.code
    if process.returncode and not events.problems:
        events.problems.append(f"the evaluation ended without a message (exit code {process.returncode})")
    return events, 1 if process.returncode else 0


def print_problems(events: EvaluatorEvents, code: int) -> int:
    """Print the problems of an evaluation and return the exit code."""
    if code > 128:  # by a signal
        print_status(f"interrupted: {len(events.measured)} of {len(events.chosen)} runs evaluated and saved")
        return code
    for problem in events.problems:
        print_error(problem)
    return code


class EvaluatorEvents:
    """Reads the events of the evaluator process, shows its progress and collects its results."""

    def __init__(self, chosen: dict[Path, Run], shown: Bar | Lines, *, as_json: bool) -> None:
        self.chosen, self.shown, self.as_json = chosen, shown, as_json
        self.measured: list[evaluation_tables.Measured] = []
        self.kept: dict[Path, Path] = {}  # by run, the folder of its evaluation.json
        self.problems: list[str] = []

    def read(self, process: subprocess.Popen[str]) -> None:
        """Read events until the process ends."""
        with self.shown:
            assert process.stdout is not None
            for line in process.stdout:
                if line.endswith("\n"):  # else the process was killed while it wrote
                    event = json.loads(line)
                    getattr(self, f"_{event.pop('event')}")(**event)

    def _progress(self, run: str, doing: str, done: float) -> None:
        self.shown.show(self.chosen[Path(run)].name, len(self.measured) + 1, doing, done)

    def _note(self, text: str) -> None:
        print_status(text)

    def _problem(self, text: str) -> None:
        self.problems.append(text)

    def _measured(self, run: str, seconds: float, kept: str) -> None:
        chosen, evaluation = self.chosen[Path(run)], read_evaluation(Path(kept))
        self.kept[chosen.path] = Path(kept)
        self.measured.append((chosen, evaluation))
        if self.as_json:
            head = {"run": chosen.name, "path": str(chosen.path), "seconds": seconds, "kept": kept}
            # Where both have a key, such as the precision, it is that of the figures.
            whole = {**head, **json_values(chosen.config), **dataclasses.asdict(evaluation)}
            if not chosen.config.model.is_vae:
                whole["figures"].update(rate=None, elbo=None)  # what an autoencoder does not have
            sys.stdout.write(json.dumps(whole) + "\n")
            sys.stdout.flush()


class Bar(Progress):
    """A bar that stays in place, on a terminal."""

    def __init__(self, console: Console, count: int) -> None:
        cell = Cell(no_wrap=True, overflow="ellipsis", max_width=max(10, console.width - BAR_ROOM))
        super().__init__(
            TextColumn("{task.description}", table_column=cell),
            BarColumn(20),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self.count = count
        self.step = self.add_task("starting", total=None)

    def show(self, name: str, number: int, doing: str, done: float) -> None:
        """Show the step `doing` of the run `name`, `done` 0…1; another step restarts the bar."""
        place = f"{number}/{self.count} " if self.count > 1 else ""
        description = f"{place}{name} · {doing}"
        if description != self.tasks[0].description:
            self.reset(self.step, total=1.0, description=description)
        self.update(self.step, completed=done)


class Lines(AbstractContextManager["Lines"]):
    """Plain lines on stderr: one for each step, and one every five seconds."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.doing = ("", "")
        self.printed_at = 0.0

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it is."""

    def show(self, name: str, number: int, doing: str, done: float) -> None:
        """Print the progress, if it is time."""
        now = time.monotonic()
        if (name, doing) != self.doing or now - self.printed_at > LINE_SECONDS:
            self.doing, self.printed_at = (name, doing), now
            print_status(f"{name} run={number}/{self.count} done={done:.0%} {doing}")


def _print(events: EvaluatorEvents, console: Console) -> None:
    """Print the tables of each protocol: different images or likelihoods never share a column."""
    for protocol, members in group_by(events.measured, lambda pair: protocol_of(*pair)).items():
        print_text(console, f"\n{protocol}\n")
        for table in evaluation_tables.tables(members, console.width):
            console.print(table)
            console.print()
        for line in evaluation_tables.rate_splits(members):
            print_text(console, line)
        for remark in evaluation_tables.protocols([evaluation for _, evaluation in members]):
            print_text(console, remark, "dim")
        folders = dict.fromkeys(clean(str(events.kept[run.path].parent)) for run, _ in members)
        print_text(console, f"\nsaved in evaluation.json below {', '.join(folders)}")
