"""The command line that makes what a view shows, for the user to copy."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from trainer.files import clean
from vaetui.library import Run, runs_folder

WITHOUT_DATA = ("compare",)  # commands that look at no images


def name(run: Run) -> str:
    """What means `run` and no other of its runs folder."""
    return f"{clean(run.path.parent.name)}/{clean(run.path.name)}"


def images(numbers: Iterable[int]) -> str:
    """Test images as commands take them."""
    return ",".join(f"#{number}" for number in numbers)


def line(words: Sequence[str], runs: Path, data: Path) -> str:
    """The whole command, quoted for a shell, with the folders that it would not find by itself."""
    from trainer.data import data_folder  # when there is a line to copy, not before the first frame

    found = ["vaetui", *words]
    if runs.absolute() != runs_folder(None).absolute():
        found += ["--runs", str(runs.absolute())]
    if words[0] not in WITHOUT_DATA and data.absolute() != data_folder(None).absolute():
        found += ["--data", str(data.absolute())]
    return shlex.join(found)


def told(line: str) -> str:
    """What is said of a line that was copied; one word in all, so that it is cut at its beginning."""
    return "copied: " + line.replace(" ", "\N{NO-BREAK SPACE}")
