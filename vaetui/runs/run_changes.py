"""Change finished runs for the user: a note, another name, the trash.

A run that trains, and one that ships with vaetui, is left as it is.
"""

from __future__ import annotations

import errno
import itertools
import os
import unicodedata
from pathlib import Path

from trainer.contract.config import is_plain_name
from trainer.contract.files import Problem, clean
from trainer.contract.run_dir import EXAMPLES, hold, write_note
from vaetui.commands import examples_folder
from vaetui.runs.run_watcher import Run
from vaetui.settings import SETTINGS

TRASH = ".trash"  # in the runs folder, and itself a runs folder; its dot hides it from the index


def change_note(run: Run, text: str) -> None:
    """Replace the note on `run`; "" removes it. Raises `Problem` where it cannot be written."""
    _refuse_shipped(run)
    try:
        write_note(run.path, text)
    except OSError as error:
        raise _failure(f"the note on {run.name} is not saved", error) from None


def rename(run: Run, text: str) -> Path:
    """Give the directory of `run` another name and return its path.

    Raises `Problem` for a run that trains or ships with vaetui, a name that no run can have, and one that is
    taken.
    """
    name = unicodedata.normalize("NFC", text.strip())
    if not is_plain_name(name):
        raise Problem(f"{clean(name)!r} cannot name a run: take {SETTINGS['name'].takes}")
    path = run.path.with_name(name)
    if path == run.path:
        return path
    _refuse_shipped(run)
    if os.path.lexists(path):
        raise Problem(f"{clean(path.parent.name)}/{name} exists already: choose another name")
    _move(run, path, "renamed")
    return path


def move_to_trash(run: Run) -> Path:
    """Move the directory of `run` into the trash of its runs folder and return its path there.

    Raises `Problem` for a run that trains or ships with vaetui, and where it cannot be moved.
    """
    _refuse_shipped(run)
    folder = run.path.parent.parent / TRASH / run.path.parent.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _failure(f"{run.name} is not deleted", error) from None
    names = itertools.chain([run.path.name], (f"{run.path.name}-{count}" for count in itertools.count(2)))
    path = next(folder / name for name in names if not os.path.lexists(folder / name))
    _move(run, path, "deleted")
    return path


def _refuse_shipped(run: Run) -> None:
    if run.path.parent.name == EXAMPLES or run.path.is_relative_to(examples_folder()):
        raise Problem(f"{run.name} ships with vaetui and is never changed: copy its folder, change the copy")


def _move(run: Run, path: Path, done: str) -> None:
    """Move a run that no trainer holds, under its lock."""
    if not run.is_settled:
        raise Problem(f"{run.name} is {run.status_text}: stop it (key s) before it is {done}")
    try:
        with hold(run.path):  # so that no trainer begins meanwhile
            run.path.rename(path)
    except OSError as error:
        raise _failure(f"{run.name} is not {done}", error) from None


def _failure(what: str, error: OSError) -> Problem:
    where = clean(str(error.filename)) if error.filename else "its folder"
    is_read_only = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    mend = "; make its folder writable, or copy the run" if is_read_only else ""
    return Problem(f"{what}: {where}: {error.strerror or error}{mend}")
