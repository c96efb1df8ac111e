"""The command line that makes what a view shows, for the user to copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from vaetui.commands import command
from vaetui.runs.lookup import short_names
from vaetui.runs.run_watcher import Run

WITHOUT_DATA = ("compare",)  # commands that look at no images


def names(runs: Sequence[Run]) -> list[str]:
    """What means each of `runs`, which are of one folder, and no other run of it."""
    paths = [run.path for run in runs]
    return short_names(paths, paths[0].parent.parent) if paths else []


def name(run: Run) -> str:
    """What means `run` and no other of its runs folder."""
    return names([run])[0]


def images(numbers: Iterable[int]) -> str:
    """Test images as commands take them."""
    return ",".join(f"#{number}" for number in numbers)


def line(words: Sequence[str], runs: Path, data: Path) -> str:
    """The whole command, quoted for a shell, with the folders that it would not find by itself."""
    images_in = None if words[0] in WITHOUT_DATA else data.absolute()
    return command(*words, runs=runs.absolute(), data=images_in)


def told(line: str) -> str:
    """What is said of a line that was copied; one word in all, so that it is cut at its beginning."""
    return "copied: " + line.replace(" ", "\N{NO-BREAK SPACE}")
