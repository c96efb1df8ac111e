"""Shell completion of runs, recipes and option values.

Modules are imported when a shell asks, and no run is checked, since each Tab starts a process.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import typer

LATEST = "@latest"
_SPECIAL = frozenset(" !\"#$&'()*;<=>?[\\]^`{|}~")  # characters with a meaning in shells

Complete = Callable[[str], list[str]]


def runs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the runs in the folder of the command line, by their shortest unique names."""
    from vaetui.commands import SHIPPED, runs_folder

    named = Path(SHIPPED) if ctx.params.get("examples") else ctx.params.get("runs")
    paths = [
        run
        for dataset in _entries(runs_folder(named))
        for run in _entries(dataset)
        if os.path.isfile(run / "config.json")  # noqa: PTH113 - Path.is_file raises without permission
    ]
    names = [path.name for path in paths]
    # Names with their folder where these are needed, and once a data set is typed; none that needs quotes.
    texts = [
        f"{path.parent.name}/{path.name}"
        if "/" in incomplete or names.count(path.name) > 1 or path.name.startswith("-")
        else path.name
        for path in paths
    ]
    return _fitting(
        [LATEST, *(text for text in texts if text.isprintable() and _SPECIAL.isdisjoint(text))], incomplete
    )


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


def _entries(folder: Path) -> list[Path]:
    """Return the entries of `folder` by name, without hidden ones; none if it is no folder or unreadable."""
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return []


def _fitting(words: Sequence[str], incomplete: str) -> list[str]:
    """Return the words that begin with `incomplete`, keeping its Unicode form, which the shell compares."""
    begun = unicodedata.normalize("NFC", incomplete)
    composed = (unicodedata.normalize("NFC", word) for word in words)
    return [f"{incomplete}{word[len(begun) :]}" for word in composed if word.startswith(begun)]
