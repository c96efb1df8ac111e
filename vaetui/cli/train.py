"""`vaetui train`, `watch` and `stop`: start a trainer, watch it, stop it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from trainer.contract.datasets.registry import blank, data_folder, load, needed, resolve
from trainer.contract.files import Problem, clean
from trainer.contract.images import Dataset
from trainer.contract.run_dir import is_alive
from vaetui.cli import summary
from vaetui.cli.messages import print_error, print_status
from vaetui.cli.table import Column, console_for, table
from vaetui.cli.watch import End, Signals, WatchedRuns, display, follow
from vaetui.commands import command
from vaetui.format import thousands
from vaetui.runs import launch
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.lookup import command_on, find_runs
from vaetui.runs.queue import PlannedRun, queue_runs
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run, read_run
from vaetui.runs.trainer_process import find_trainer
from vaetui.runs.training_request import plan_sentences, skipped_sentences, stop_sentence
from vaetui.settings import SETTINGS
from vaetui.training_grid import TrainingGrid

STOP_SECONDS = 60.0
START_PATIENCE = 30.0  # seconds within which a new trainer takes the locks of its runs
INTERRUPTED = 130
ACTIONS = {"train": "new", "resume": "resume", "retrain": "retrain", "keep": "finished", "skip": "skip"}


def train(
    grids: Sequence[TrainingGrid],
    name: str,
    runs: Path | None,
    data: Path | None,
    *,
    detach: bool,
    force: bool,
    dry_run: bool,
) -> int:
    """Train the `grids` of one data set and watch the training; return the exit code."""
    folder, images = checked_runs_folder(runs), data_folder(data)
    configs = launch.requested_configs(
        grids, lambda name: (_planned_dataset if dry_run else _dataset)(name, images)
    )
    tasks = launch.plan_runs(folder, configs, force, name)
    if dry_run:
        console = console_for()
        console.print(plan(tasks, console.width))
        for sentence in skipped_sentences(tasks, folder, images):
            print_status(sentence)
        return 0
    with Signals() as signals:  # a Ctrl-C now stops the queued runs properly
        paths = queue_runs(tasks)
        for sentence in plan_sentences(tasks):
            print_status(sentence)
        if not paths:
            return _print_left_out(tasks, folder, images)
        if detach:
            code = _detached(paths, images, folder, signals)
        else:
            code = _train_and_watch(paths, images, folder, signals, force=force)
    if configs[0].instead_of:
        dataset, wanted = configs[0].data.name, configs[0].instead_of
        print_status(f"note: this is {dataset}, not {wanted}, which --dataset {wanted} insists on")
    left_out_code = _print_left_out(tasks, folder, images)
    return code or left_out_code


def _print_left_out(tasks: Sequence[PlannedRun], folder: Path, images: Path) -> int:
    """Print which runs were not trained and why; return the exit code."""
    messages = skipped_sentences(tasks, folder, images)
    for sentence in messages:
        print_error(sentence)
    return 1 if messages else 0


def _dataset(name: str, images: Path) -> Dataset:
    """Load the data set, downloading it if it is missing."""
    return load(resolve(name, images, print_status), images, print_status)


def _planned_dataset(name: str, images: Path) -> Dataset:
    """Load the data set; if it would be downloaded, print so and return black images of its size."""
    download = needed(name, images)
    if download is None:
        return _dataset(name, images)
    for note in download.notes:
        print_status(f"{note}; it would be ignored")
    print_status(f"{download.sentence('training would first download')} into {clean(str(download.place))}")
    if name == "auto" and not download.is_damaged:
        print_status("a dry run does not try the download: if it fails, `digits` is trained instead")
    return blank(download.source.name)


def plan(tasks: Sequence[PlannedRun], width: int) -> Table:
    """Return what would be done, a row per run."""
    configs = [task.config for task in tasks]
    last_epochs = [task.config.optimiser.epochs if task.is_due else task.done for task in tasks]
    loops = [row for row in SETTINGS.values() if row.loop and not row.ls_drop]
    columns = [
        Column("run", [clean(task.path.name) for task in tasks], left=True, shrinks=True),
        Column("", ["finished early" if task.early else ACTIONS[task.action] for task in tasks], left=True),
        Column("epochs", [f"{task.done} → {last}" for task, last in zip(tasks, last_epochs, strict=True)]),
        *(
            Column(row.head, [row.text(config) for config in configs], drop=drop)
            for drop, row in reversed(list(enumerate(loops, 1)))
            if len({row.text(config) for config in configs}) > 1
        ),
        Column("dataset", [config.data.name for config in configs], drop=4, left=True),
        Column("train", [thousands(config.data.train) for config in configs], drop=5),
        Column("val", [thousands(config.data.val) for config in configs], drop=6),
        Column("test", [thousands(config.data.test) for config in configs], drop=7),
    ]
    return table(columns, width)


def _detached(paths: Sequence[Path], images: Path, folder: Path, signals: Signals) -> int:
    process = launch.start(paths, images, is_cancelled=lambda: bool(signals.interrupts or signals.terminated))
    started = WatchedRuns(paths).runs
    if process.poll() is not None:
        return summary.close(started, console_for(), folder)
    _print_detached(started[0], folder)
    return signals.code if signals.interrupts or signals.terminated else 0


def _train_and_watch(
    paths: Sequence[Path], images: Path, folder: Path, signals: Signals, *, force: bool
) -> int:
    process = launch.start(paths, images, is_cancelled=lambda: bool(signals.terminated))
    watched = WatchedRuns(paths)
    end = follow(watched, display(as_json=False), signals, process, process.terminate)
    again = f"the same command {'without --force ' if force else ''}resumes the training"
    if end == "detached":
        print_status(f"the training ends when it has saved: {again}")
        return INTERRUPTED
    code = _close(watched.runs, end, folder, signals)
    if any(run.state == "stopped" for run in watched.runs):
        print_status(again)
    return code


def watch(texts: Sequence[str], runs: Path | None, *, as_json: bool) -> int:
    """Watch the named runs, or all that are training; return the exit code."""
    folder = checked_runs_folder(runs)
    chosen = find_runs(folder, texts) or training(RunIndex(folder).runs)
    if not chosen:
        if as_json:
            sys.stdout.write("[]\n")
        lists, trains = command("ls", runs=folder), command("train", runs=folder)
        print_status(
            f"nothing is training in {clean(str(folder))}: `{lists}` lists the runs, `{trains}` trains"
        )
        return 0
    watched = WatchedRuns([run.path for run in chosen])
    with Signals() as signals:
        end = follow(watched, display(as_json=as_json), signals)
    if as_json and end == "ended":
        return summary.exit_code(watched.runs)
    return _close(watched.runs, end, folder, signals)


def training(runs: Sequence[Run]) -> list[Run]:
    """Return the runs that are training or queued."""
    return [run for run in runs if run.alive or run.waiting]


def _close(watched: Sequence[Run], end: End, folder: Path, signals: Signals) -> int:
    active = training(watched)
    if end == "ended" or not active:
        return summary.close(watched, console_for(), folder)
    _print_detached(active[0], folder)
    return signals.code


def _print_detached(run: Run, folder: Path) -> None:
    watch_it, stop_it = command("watch", runs=folder), command_on("stop", [run.path])
    print_status(f"the training continues: `{watch_it}` follows it, `{stop_it}` stops it")


def stop(texts: Sequence[str], runs: Path | None) -> int:
    """Ask the named runs to stop and wait until they have; return the exit code."""
    folder = checked_runs_folder(runs)
    chosen = find_runs(folder, texts)
    for run in chosen:
        find_trainer(run, START_PATIENCE)  # raises before any run is asked
    everyone = RunIndex(folder).runs
    asked: dict[Path, Run] = {}
    for run in chosen:
        if run.path.resolve() not in asked:
            launch.ask_to_stop(read_run(run.path))
            together = (run, *launch.companions(run, everyone))
            asked |= {one.path.resolve(): one for one in together}
    print_status(f"{stop_sentence(list(asked.values()), len(chosen))}; waiting until all are saved …")
    deadline = time.monotonic() + STOP_SECONDS
    while busy := next(filter(is_alive, asked), None):
        if time.monotonic() > deadline:
            raise Problem(
                f"{clean(busy.name)} is still saving after {STOP_SECONDS:.0f} s: "
                f"`{command_on('watch', [busy])}` shows when it has stopped"
            )
        time.sleep(0.1)
    ended = [read_run(path) for path in asked]
    for run in ended:
        print_status(f"{run.name} {run.state} {run.position_text}")
    if any(run.state == "stopped" for run in ended):
        print_status("training with the same options resumes them")
    failed = [run for run in ended if run.state == "failed"]
    for run in failed:
        print_error(f"{run.name} failed: {run.status.error}")
    return 1 if failed else 0
