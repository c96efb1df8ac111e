"""`vaetui train`, `watch` and `stop`: start a trainer, follow it, end it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.table import Table

from trainer.contract.datasets.registry import blank, data_folder, load, needed, resolve
from trainer.contract.files import Problem, clean
from trainer.contract.images import Dataset
from trainer.contract.run_dir import is_alive
from vaetui.cli import summary
from vaetui.cli.say import complain, narrate
from vaetui.cli.table import Column, console_for, table
from vaetui.cli.watch import End, Followed, Signals, display, follow
from vaetui.commands import command
from vaetui.runs import launch
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.lookup import command_on, find_runs
from vaetui.runs.queue import PlannedRun
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run, read_run
from vaetui.runs.trainer_process import find_trainer
from vaetui.runs.training_request import plan_sentences, skipped_sentences, stop_sentence, thousands
from vaetui.settings import TrainingGrid

STOP_SECONDS = 60.0
START_PATIENCE = 30.0  # seconds that a trainer which was started just now may take to come up
INTERRUPTED = 130
ACTIONS = {"train": "new", "resume": "going on", "retrain": "anew", "keep": "finished", "leave": "left out"}


# --- train --------------------------------------------------------------------------------------------


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
    """Train what `grids` of one data set ask for and watch it; returns the exit code."""
    folder, images = checked_runs_folder(runs), data_folder(data)
    wanted = launch.requested_configs(grids, lambda name: (_foreseen if dry_run else _here)(name, images))
    tasks = launch.plan_runs(folder, wanted, force, name)
    if dry_run:
        console = console_for()
        console.print(plan(tasks, console.width))
        for sentence in skipped_sentences(tasks, folder, images):
            narrate(sentence)
        return 0
    with Signals() as signals:  # from here on there are queued runs, which a Ctrl-C stops in good order
        paths = launch.create_runs(folder, wanted, force, name)
        announce(tasks)
        if not paths:
            return _say_left_out(tasks, folder, images)
        begin = _detach if detach else partial(_train_and_watch, force=force)
        code = begin(paths, images, folder, signals)
    dataset = wanted[0].data.name
    if grids[0].dataset == "auto" and dataset != "mnist":
        narrate(f"note: this is {dataset}, not MNIST, which --dataset mnist insists on")
    left_out_code = _say_left_out(tasks, folder, images)
    return code or left_out_code


def _say_left_out(tasks: Sequence[PlannedRun], folder: Path, images: Path) -> int:
    """Say which runs were not trained and why; returns the exit code."""
    said = skipped_sentences(tasks, folder, images)
    for sentence in said:
        complain(sentence)
    return 1 if said else 0


def _here(name: str, images: Path) -> Dataset:
    """Return the data set, downloading it if it is missing."""
    return load(resolve(name, images, narrate), images, narrate)


def _foreseen(name: str, images: Path) -> Dataset:
    """Return the data set, or black images of its size if it would have to be downloaded, and say so."""
    download = needed(name, images)
    if download is None:
        return _here(name, images)
    for note in download.notes:
        narrate(f"{note}; it would be ignored")
    narrate(f"{download.sentence('training would first download')} into {clean(str(download.place))}")
    if name == "auto" and not download.is_damaged:
        narrate("a dry run does not try the download: if it fails, `digits` is trained instead")
    return blank(download.source.name)


def plan(tasks: Sequence[PlannedRun], width: int) -> Table:
    """What would be done, a row a run."""
    configurations = [task.config for task in tasks]
    columns = [
        Column("run", [clean(task.path.name) for task in tasks], left=True, shrinks=True),
        Column("", ["finished early" if task.early else ACTIONS[task.action] for task in tasks], left=True),
        Column("epochs", [f"{task.done} → {_last(task)}" for task in tasks]),
        Column("seed", _varying([str(config.seed) for config in configurations]), drop=3),
        Column("batch", _varying([str(config.optimiser.batch_size) for config in configurations]), drop=2),
        Column("lr", _varying([f"{config.optimiser.lr:g}" for config in configurations]), drop=1),
        Column("dataset", [config.data.name for config in configurations], drop=4, left=True),
        Column("train", [thousands(config.data.train) for config in configurations], drop=5),
        Column("val", [thousands(config.data.val) for config in configurations], drop=6),
        Column("test", [thousands(config.data.test) for config in configurations], drop=7),
    ]
    return table(columns, width)


def _last(task: PlannedRun) -> int:
    return task.config.optimiser.epochs if task.is_due else task.done


def _varying(texts: list[str]) -> list[str]:
    """The texts, or empty ones where all are the same."""
    return texts if len(set(texts)) > 1 else [""] * len(texts)


def announce(tasks: Sequence[PlannedRun]) -> None:
    """Say what will be done, what goes on, and what is left alone."""
    for sentence in plan_sentences(tasks):
        narrate(sentence)


def _detach(paths: Sequence[Path], images: Path, folder: Path, signals: Signals) -> int:
    process = launch.start(paths, images, is_unwaited=lambda: bool(signals.interrupts or signals.terminated))
    found = Followed(paths).runs
    if process.poll() is not None:
        return summary.close(found, console_for(), folder)
    narrate(_unwatched(found, folder))
    return signals.code if signals.interrupts or signals.terminated else 0


def _train_and_watch(
    paths: Sequence[Path], images: Path, folder: Path, signals: Signals, *, force: bool
) -> int:
    process = launch.start(paths, images, is_unwaited=lambda: bool(signals.terminated))
    followed = Followed(paths)
    end = follow(followed, display(as_json=False), signals, process, process.terminate)
    again = f"the same command {'without --force ' if force else ''}goes on from there"
    if end == "left":
        narrate(f"it ends by itself when it has saved: {again}")
        return INTERRUPTED
    code = _close(followed.runs, end, folder, signals)
    if any(run.state == "stopped" for run in followed.runs):
        narrate(again)
    return code


# --- watch --------------------------------------------------------------------------------------------


def watch(texts: Sequence[str], runs: Path | None, *, as_json: bool) -> int:
    """Follow the named runs, or all that are training; returns the exit code."""
    folder = checked_runs_folder(runs)
    chosen = find_runs(folder, texts) or training(RunIndex(folder).runs)
    if not chosen:
        lists, trains = command("ls", runs=folder), command("train", runs=folder)
        narrate(f"nothing is training in {clean(str(folder))}: `{lists}` lists the runs, `{trains}` trains")
        return 0
    followed = Followed([run.path for run in chosen])
    with Signals() as signals:
        end = follow(followed, display(as_json=as_json), signals)
    if as_json and end == "ended":
        return summary.exit_code(followed.runs)
    return _close(followed.runs, end, folder, signals)


def training(runs: Sequence[Run]) -> list[Run]:
    """Those of `runs` that are training, or about to."""
    return [run for run in runs if run.alive or run.waiting]


def _close(found: Sequence[Run], end: End, folder: Path, signals: Signals) -> int:
    going_on = training(found)
    if end == "ended" or not going_on:
        return summary.close(found, console_for(), folder)
    narrate(_unwatched(going_on, folder))
    return signals.code


def _unwatched(found: Sequence[Run], folder: Path) -> str:
    watch_it, stop_it = command("watch", runs=folder), command_on("stop", [found[0].path])
    return f"the training goes on by itself: `{watch_it}` follows it, `{stop_it}` stops it"


# --- stop ---------------------------------------------------------------------------------------------


def stop(texts: Sequence[str], runs: Path | None) -> int:
    """Ask the named runs to stop and wait until they have; returns the exit code."""
    folder = checked_runs_folder(runs)
    chosen = find_runs(folder, texts)
    for run in chosen:
        find_trainer(run, START_PATIENCE)  # all or nothing
    everyone = RunIndex(folder).runs
    asked: dict[Path, Run] = {}
    for run in chosen:
        if run.path.resolve() not in asked:
            launch.ask_to_stop(read_run(run.path))
            together = (run, *launch.companions(run, everyone))
            asked |= {one.path.resolve(): one for one in together}
    narrate(f"{stop_sentence(list(asked.values()), len(chosen))}; waiting until all is saved …")
    _wait_until_free(list(asked))
    ended = [read_run(path) for path in asked]
    for run in ended:
        narrate(f"{run.name} {run.state} {summary.position(run)}")
    if any(run.state == "stopped" for run in ended):
        narrate("training with the same options continues from there")
    failed = [run for run in ended if run.state == "failed"]
    for run in failed:
        complain(f"{run.name} failed: {run.status.error}")
    return 1 if failed else 0


def _wait_until_free(paths: Sequence[Path]) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while busy := [path for path in paths if is_alive(path)]:
        if time.monotonic() > deadline:
            watch = command_on("watch", busy[:1])
            name = clean(busy[0].name)
            raise Problem(f"{name} still saves after {STOP_SECONDS:.0f} s: `{watch}` shows when it is done")
        time.sleep(0.1)
