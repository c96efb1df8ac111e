"""Create run directories and mark them as queued, before a trainer is started on them."""

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
    measured_speed,
    write_status,
)

Action = Literal["train", "resume", "retrain", "keep", "skip"]

# Removed, in this order, before a run is retrained: without its state it starts from epoch 1.
RESULTS = (STATE, MODEL, LATENTS, TIMELINE, EVALUATION, METRICS, LOG)


@dataclass(frozen=True)
class PlannedRun:
    """What `queue_runs` does with one run: its directory, new configuration and epochs `done` before.

    `why` is a sentence on why a run is skipped; `is_blocked` if `force` would not change that.
    """

    path: Path
    config: Config
    action: Action
    done: int
    why: str = ""
    is_blocked: bool = False

    @property
    def is_due(self) -> bool:
        """Whether it is trained."""
        return self.action not in ("keep", "skip")

    @property
    def early(self) -> bool:
        """Whether early stopping finished it, so that more epochs would change nothing."""
        return self.action == "keep" and self.done < self.config.optimiser.epochs

    def queued(self) -> Status:
        """Return its status until a trainer holds it; a resumed run keeps its speed."""
        speed = measured_speed(self.path) if self.action == "resume" else 0.0
        epochs = self.config.optimiser.epochs
        return Status("queued", self.done, epochs, images_per_second=speed, starting=True)


def queue_runs(planned: Sequence[PlannedRun]) -> list[Path]:
    """Create the run directories that are due and mark them as queued: all of them, or none; return them.

    Old results are removed after that. However this ends, each run is as it was before, or the same command
    trains it. Raises `Problem` where something cannot be written.
    """
    due = [run for run in planned if run.is_due]
    with ExitStack() as undo:
        for run in due:
            try:
                _make_folder(run.path, undo)
                _mark(run, undo)
            except OSError as error:
                raise unwritable(run.path, f"{error.strerror or error}, so nothing was started") from None
        undo.pop_all()
    for run in due:
        if run.action == "retrain":
            try:
                _remove_results(run)
            except OSError as error:
                raise unwritable(run.path, error.strerror or str(error)) from None
    return [run.path for run in due]


def obstacle(path: Path, *, force: bool) -> str:
    """Return in one sentence what keeps a trainer from writing the run `path`, "" if nothing does.

    Files are replaced as a whole, whatever they are, except directories; the lock and the log are written in
    place, so they must be regular files.
    """
    is_folder = os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where the path is too long
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


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:  # most often: no such file
        return 0


def unwritable(path: Path, cause: str) -> Problem:
    """Return the error on a folder of runs that cannot be written."""
    return Problem(f"{clean(str(path))} cannot be written ({cause}): choose another folder with --runs")


def _mark(run: PlannedRun, undo: ExitStack) -> None:
    for name in (LOCK, CONFIG, STATUS):
        _restore_later(run.path / name, undo)
    with hold(run.path):
        if run.action != "retrain":
            write_config(run.path, run.config)
        write_status(run.path, run.queued())


def _remove_results(run: PlannedRun) -> None:
    """Remove the results of a queued run and write its new configuration."""
    with hold(run.path):
        for name in RESULTS:
            (run.path / name).unlink(missing_ok=True)
        write_config(run.path, run.config)
        write_status(run.path, run.queued())


def _make_folder(path: Path, undo: ExitStack) -> None:
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        undo.callback(_quietly, folder.rmdir)


def _restore_later(path: Path, undo: ExitStack) -> None:
    """Restore `path` as it is now when `undo` is closed."""
    if not path.exists():
        undo.callback(_quietly, path.unlink)
    elif path.name != LOCK:
        with contextlib.suppress(Problem):  # a damaged file is not restored
            undo.callback(_restore, path, read_bounded(path, MAX_JSON_BYTES))


def _restore(path: Path, before: bytes) -> None:
    try:
        write_bytes(path, before)
    except OSError:  # even a full disk can be overwritten in place
        _quietly(overwrite, path, before)


def _quietly(act: Callable[..., None], *arguments: object) -> None:
    """Ignore an `OSError` while undoing: the error that caused it is the one to report."""
    with contextlib.suppress(OSError):
        act(*arguments)
