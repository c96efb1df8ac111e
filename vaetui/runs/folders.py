"""List folders of runs and check that --runs is such a folder."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path

from trainer.contract.files import Problem, clean
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import MODEL, STATUS, is_run
from vaetui.commands import quote, runs_folder

Problems = tuple[tuple[Path, str], ...]

_OF_RUNS = (STATUS, METRICS, MODEL)
_SETTLED = 2.0  # seconds after which a changed folder surely shows a changed time, even on coarse clocks


def subfolders(folder: Path) -> tuple[tuple[Path, ...], Problems]:
    """Return the subfolders of `folder`, sorted, and the entries that cannot be read.

    Nothing where there is no such folder. Raises `Problem` where it cannot be listed.
    """
    folders, problems = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = folder / entry.name
                try:
                    if not entry.name.startswith(".") and entry.is_dir():
                        folders.append(path)
                except OSError as error:  # such as a symbolic link to itself
                    problems.append((path, _unreadable(path, error)))
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        raise Problem(_unreadable(folder, error)) from None
    return tuple(folders), tuple(problems)


def _unreadable(path: Path, error: OSError) -> str:
    return f"{clean(str(path))} cannot be read: {error.strerror}"


class FolderListing:
    """The folders inside of one folder, listed again only when the folder changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folders: tuple[Path, ...] = ()
        self.problems: Problems = ()
        self._seen: int | None = None

    def poll(self) -> bool:
        """Read the folder again; return whether `folders` or `problems` changed."""
        try:
            modified = self.folder.stat().st_mtime_ns
        except OSError:
            modified = 0
        if modified and modified == self._seen:
            return False
        # A folder changed only just now may change again within the same tick of its clock.
        self._seen = modified if abs(time.time() - modified / 1e9) > _SETTLED else None
        before = (self.folders, self.problems)
        try:
            self.folders, self.problems = subfolders(self.folder)
        except Problem as problem:
            self.folders, self.problems = (), ((self.folder, str(problem)),)
        return (self.folders, self.problems) != before


def may_be_run(path: Path) -> bool:
    """Return whether `path` may be a run: it has a run's files, or cannot be read."""
    try:
        return is_run(path) or any(map(os.path.lexists, map(path.joinpath, _OF_RUNS)))
    except OSError:
        return True


def list_runs(folder: Path) -> list[Path]:
    """Return all runs in readable data set folders. Raises `Problem` if `folder` cannot be read."""
    paths: list[Path] = []
    for dataset in subfolders(folder)[0]:
        with contextlib.suppress(Problem):
            paths += filter(may_be_run, subfolders(dataset)[0])
    return paths


def is_surely_run(path: Path) -> bool:
    """Return whether `path` is a run; False if it cannot be read or is not a valid path."""
    try:
        return is_run(path)
    except (OSError, ValueError):
        return False


def checked_runs_folder(option: Path | None) -> Path:
    """Return where runs live, as `runs_folder` tells. Raises `Problem` as `check_runs_folder` does."""
    folder = runs_folder(option)
    check_runs_folder(folder)
    return folder


def check_runs_folder(folder: Path) -> None:
    """Raise `Problem` where `folder` cannot hold runs, or is a run or the folder of one data set itself."""
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except FileNotFoundError:
        return  # the first training makes it
    except OSError as error:
        raise Problem(f"{_unreadable(folder, error)}: choose another folder with --runs") from None
    if not is_folder:
        raise Problem(f"{clean(str(folder))} is a file: choose another folder with --runs")
    is_itself = is_surely_run(folder)
    if not is_itself and not any(map(is_surely_run, subfolders(folder)[0])):
        return
    if any(map(is_surely_run, list_runs(folder))):
        return
    what, above, levels = (
        ("a run", 1, "two levels") if is_itself else ("the folder of one data set", 0, "one level")
    )
    meant = quote(str(folder.resolve().parents[above]))
    raise Problem(f"{clean(str(folder))} is {what}: name the folder {levels} up, with --runs {meant}")
