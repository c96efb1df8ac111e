"""Shell completion of runs, recipes and option values.

Nothing is imported before a shell asks, and no run is checked_runs_folder, since each Tab starts a process.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import typer

LATEST = "@latest"
_SPECIAL = frozenset(" !\"#$&'()*;<=>?[\\]^`{|}~")  # characters with a meaning in shells

Complete = Callable[[str], list[str]]


def runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the runs in the folder of the command line, by their shortest unique names."""
    from vaetui.commands import SHIPPED, runs_folder

    named = Path(SHIPPED) if ctx.params.get("examples") else ctx.params.get("runs")
    paths = list(_runs_in(runs_folder(named)))
    names = [path.name for path in paths]
    found = [
        path.name if names.count(path.name) == 1 and not path.name.startswith("-") else _long_name(path)
        for path in paths
    ]
    # Full names once a data set is typed; names that need quotes are not offered.
    if "/" in incomplete:
        found = [_long_name(path) for path in paths]
    return _fitting([LATEST, *filter(_is_one_word, found)], incomplete)


def recipes(incomplete: str) -> list[str]:
    """Return the names of the shipped recipes."""
    from vaetui import recipes

    return _fitting(recipes.names(), incomplete)


def one_of(words: Sequence[str]) -> Complete:
    """Return a completion of `words`, alone or in a comma-separated list."""

    def complete(incomplete: str) -> list[str]:
        begun, comma, last = incomplete.rpartition(",")
        return [f"{begun}{comma}{word}" for word in words if word.startswith(last)]

    return complete


def _is_one_word(name: str) -> bool:
    return name.isprintable() and _SPECIAL.isdisjoint(name)


def _long_name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _runs_in(folder: Path) -> Iterator[Path]:
    for dataset in _folders(folder):
        for run in _folders(dataset):
            if os.path.isfile(run / "config.json"):  # noqa: PTH113 - Path.is_file raises without permission
                yield run


def _folders(folder: Path) -> list[Path]:
    """Return the readable folders in `folder` by name, without entries that cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if _is_folder(entry))
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.name.startswith(".") and entry.is_dir()
    except OSError:  # such as a symbolic link to itself
        return False


def _fitting(words: Sequence[str], incomplete: str) -> list[str]:
    """Return the words that begin with `incomplete`, keeping its Unicode form, which the shell compares."""
    begun = unicodedata.normalize("NFC", incomplete)
    composed = (unicodedata.normalize("NFC", word) for word in words)
    return [f"{incomplete}{word[len(begun) :]}" for word in composed if word.startswith(begun)]
