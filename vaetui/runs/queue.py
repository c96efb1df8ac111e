"""Run directories made and marked as queued, before a trainer is started on them."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trainer.contract.config import CONFIG, Config, write_config
from trainer.contract.evaluation import EVALUATION
from trainer.contract.files import MAX_JSON_BYTES, Problem, clean, overwrite, read_bounded, write_bytes
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import (
    LATENTS,
    LOCK,
    LOG,
    MODEL,
    STATE,
    STATUS,
    TIMELINE,
    Status,
    hold,
    write_status,
)

Action = Literal["train", "resume", "retrain", "keep", "leave"]

# What is removed before a run is trained anew, in this order: without its state it begins from the beginning.
RESULTS = (STATE, MODEL, LATENTS, TIMELINE, EVALUATION, METRICS, LOG)


@dataclass(frozen=True)
class PlannedRun:
    """What `queue_runs` would do about one run: its directory, the configuration to come, epochs done before.

    `why` says in a sentence why a run is left out that cannot be trained as it is; `is_blocked` where `force`
    would not change that.
    """

    path: Path
    config: Config
    action: Action
    done: int
    why: str = ""
    is_blocked: bool = False

    @property
    def is_due(self) -> bool:
        """Whether there is something to train."""
        return self.action not in ("keep", "leave")

    @property
    def early(self) -> bool:
        """Whether it is left alone because its patience ended it: more epochs would change nothing."""
        return self.action == "keep" and self.done < self.config.optimiser.epochs

    @property
    def queued(self) -> Status:
        """Its status until a trainer takes it on."""
        return Status("queued", self.done, self.config.optimiser.epochs)


def queue_runs(tasks: Sequence[PlannedRun]) -> None:
    """Make the run directories of `tasks` and mark them as queued: all of them, or none.

    What a run has to lose is removed after that. However this ends, each run is as it was before or one that
    the same command trains. Raises `Problem` where something cannot be written.
    """
    with ExitStack() as undo:
        for task in tasks:
            try:
                _make_folder(task.path, undo)
                _mark(task, undo)
            except OSError as error:
                raise unwritable(task.path, f"{error.strerror or error}, so nothing was started") from None
        undo.pop_all()
    for task in tasks:
        if task.action == "retrain":
            try:
                _begin_anew(task)
            except OSError as error:
                raise unwritable(task.path, error.strerror or str(error)) from None


def obstacle(path: Path, *, force: bool) -> str:
    """What keeps a training from writing the run `path`, in one sentence; "" where nothing does.

    Files are replaced as a whole, whatever they are, except directories; the lock and the log are written in
    place, so they have to be regular files.
    """
    is_folder = _is_folder(path)
    if os.path.lexists(path) and not is_folder:
        return f"{clean(str(path))} is not a folder: delete it, or move it away"
    if is_folder and not os.access(path, os.W_OK | os.X_OK):
        return str(unwritable(path, "permission denied"))
    in_place = (LOCK,) if force else (LOCK, LOG)
    for name in (LOCK, CONFIG, STATUS, *RESULTS):
        mode = _mode(path / name)
        if stat.S_ISDIR(mode) or (mode and name in in_place and not stat.S_ISREG(mode)):
            return f"{clean(str(path / name))} is not a regular file: delete it, or move it away"
    return ""


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # such as a path that is too long, of which `check_writable` says so
        return False


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:  # most often there is none
        return 0


def unwritable(path: Path, cause: str) -> Problem:
    """One sentence on a folder of runs that cannot be written."""
    return Problem(f"{clean(str(path))} cannot be written ({cause}): choose another folder with --runs")


def _mark(task: PlannedRun, undo: ExitStack) -> None:
    for name in (LOCK, CONFIG, STATUS):
        _will_write(task.path / name, undo)
    with hold(task.path):
        if task.action != "retrain":
            write_config(task.path, task.config)
        write_status(task.path, task.queued)


def _begin_anew(task: PlannedRun) -> None:
    """Remove the results of a run that is queued already, and give it its new configuration."""
    with hold(task.path):
        for name in RESULTS:
            (task.path / name).unlink(missing_ok=True)
        write_config(task.path, task.config)
        write_status(task.path, task.queued)


def _make_folder(path: Path, undo: ExitStack) -> None:
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        undo.callback(_quietly, folder.rmdir)


def _will_write(path: Path, undo: ExitStack) -> None:
    """Put `path` back as it is now when all is undone."""
    if not path.exists():
        undo.callback(_quietly, path.unlink)
    elif path.name != LOCK:
        with contextlib.suppress(Problem):  # what is damaged is not put back
            undo.callback(_restore, path, read_bounded(path, MAX_JSON_BYTES))


def _restore(path: Path, before: bytes) -> None:
    try:
        write_bytes(path, before)
    except OSError:  # a full disk has room for what is there already
        _quietly(overwrite, path, before)


def _quietly(act: Callable[..., None], *arguments: object) -> None:
    """What cannot be undone is left: the error that is under way is the one to tell."""
    with contextlib.suppress(OSError):
        act(*arguments)
