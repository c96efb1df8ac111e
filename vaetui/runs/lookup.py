"""Find runs by name, prefix or path, and name runs in commands."""

from __future__ import annotations

import difflib
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from trainer.contract.config import read_config
from trainer.contract.files import Problem, clean
from trainer.contract.run_dir import EXAMPLES
from vaetui.commands import SHIPPED, command, home
from vaetui.format import first_names
from vaetui.runs.folders import is_surely_run, list_runs
from vaetui.runs.run_watcher import Run, read_run
from vaetui.runs.seeds import names_by_seed

LATEST = "@latest"

_PATHS = ("/", "./", "../", "~/")  # beginnings of a text that is a path and no name


def find_run(folder: Path, text: str) -> Run:
    """Find a run by directory, name, unique prefix of a name, or "@latest" (by creation).

    A name may carry its folder (`mnist/vae-z10-b1-bce-s0`). A shipped run gives way to one of the same name
    that was trained here. The name of a model of several seeds (`vae-z10-b1-bce-s0–2`) means its first one.
    Raises `Problem` that lists near names.
    """
    return _find(folder, text)[0]


def _find(folder: Path, text: str) -> list[Run]:
    """Find a run, or all seeds of a model by the name that `ls` gives it."""
    if text and is_surely_run(home(text)):
        return [read_run(home(text))]
    if text.startswith(_PATHS):
        what = "is not a run" if os.path.lexists(home(text)) else "does not exist"
        raise Problem(f"`{clean(text)}` {what}: `{command('ls', runs=folder)}` lists the runs")
    runs = list_runs(folder)
    if not runs:
        makes = command("train", "--latent", "10", "--beta", "1", runs=folder)
        there = f"--runs {SHIPPED} has those that ship with vaetui"
        raise Problem(f"no runs in {clean(str(folder))} yet: `{makes}` makes one, {there}")
    if text == LATEST:
        return [_newest(runs)]
    matches = _matching(text, runs)
    if len(matches) == 1:
        return [read_run(matches[0])]
    if not matches and (seeds := _of_seeds(text, runs)):
        return list(map(read_run, seeds))
    if matches:
        raise Problem(
            f"{_quote(text)} means {len(matches)} runs: {_enumerate(short_names(matches, folder), folder)}"
        )
    raise Problem(_nothing_like(text, list(map(_full_name, runs)), folder))


def find_runs(folder: Path, texts: Sequence[str]) -> list[Run]:
    """Find several runs, each returned once; the name of a model means its runs of all seeds."""
    runs: dict[tuple[int, int] | Path, Run] = {}  # by device and inode
    for run in (run for text in texts for run in _find(folder, text)):
        try:
            status = run.path.stat()
        except OSError:  # it has just been removed
            runs.setdefault(run.path, run)
        else:
            runs.setdefault((status.st_dev, status.st_ino), run)
    return list(runs.values())


def _matching(text: str, runs: Sequence[Path]) -> list[Path]:
    """Return the runs called `text`, else those whose names begin so, with or without their folder.

    Shipped runs are left out where another run among them has the same name.
    """
    wanted = _composed(text.rstrip("/"))
    names = [(_composed(_full_name(run)), run) for run in runs]
    for fits in (str.__eq__, str.startswith):
        matches = [run for name, run in names if fits(name, wanted) or fits(name.partition("/")[2], wanted)]
        if matches:
            own = {run.name for run in matches if not _is_shipped(run)}
            return [run for run in matches if not (_is_shipped(run) and run.name in own)]
    return []


def _of_seeds(text: str, runs: Sequence[Path]) -> list[Path]:
    """Return the run of each seed of the model called `text`; none unless each seed has one."""
    matches = [_matching(name, runs) for name in names_by_seed(text)]
    return [run for found in matches for run in found] if all(len(found) == 1 for found in matches) else []


def _is_shipped(run: Path) -> bool:
    return run.parent.name == EXAMPLES


def _full_name(run: Path) -> str:
    return f"{clean(run.parent.name)}/{clean(run.name)}"


def _composed(text: str) -> str:
    """Return `text` in Unicode's composed form (NFC): names of folders may be decomposed."""
    return unicodedata.normalize("NFC", text)


def short_names(paths: Iterable[Path], folder: Path) -> list[str]:
    """Return for each run the shortest text by which `find_run` finds it in `folder`, and no other.

    No text begins as an option does. A run that no name tells apart is named by its path.
    """
    runs = list_runs(folder)
    return [_short_name(path, runs) for path in paths]


def _short_name(path: Path, runs: Sequence[Path]) -> str:
    for text in (clean(path.name), _full_name(path)):
        is_shadowed = is_surely_run(home(text)) and not _is_same(home(text), path)
        if (
            text != LATEST
            and not text.startswith("-")
            and not is_shadowed
            and _matching(text, runs) == [path]
        ):
            return text
    return str(path.absolute())


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is gone by now
        return False


def command_on(verb: str, paths: Sequence[Path], *options: str, data: Path | None = None) -> str:
    """Return a command line on the runs at `paths`, for the user to paste."""
    paths = [path.absolute() for path in paths]
    folders = {path.parent.parent for path in paths}
    if len(folders) > 1:
        return command(verb, *map(str, paths), *options, data=data)
    folder = folders.pop()
    names = short_names(paths, folder)
    is_by_path = all(name == str(path) for name, path in zip(names, paths, strict=True))
    return command(verb, *names, *options, runs=None if is_by_path else folder, data=data)


def _newest(runs: Sequence[Path]) -> Run:
    """Return the run that was created last, without damaged ones; a shipped one only if all are."""
    created: list[tuple[float, Path]] = []
    problem: Problem | None = None
    for run in [run for run in runs if not _is_shipped(run)] or runs:
        try:
            created.append((read_config(run).created, run))
        except Problem as error:
            problem = error
    if not created:
        assert problem is not None
        raise problem
    return read_run(max(created)[1])


def _nothing_like(text: str, names: Sequence[str], folder: Path) -> str:
    short = {name.partition("/")[2]: name for name in names} | {name: name for name in names}
    near = list(dict.fromkeys(short[n] for n in difflib.get_close_matches(text, short, n=6, cutoff=0.5)))
    hint = f"near: {_enumerate(near[:3], folder)}" if near else f"there: {_enumerate(names, folder)}"
    return f"no run {_quote(text)} in {clean(str(folder))}; {hint}"


def _quote(text: str) -> str:
    return f"`{clean(text, 80)}`"


def _enumerate(names: Sequence[str], folder: Path, most: int = 4) -> str:
    listed = f" (`{command('ls', runs=folder)}`)" if len(names) > most else ""
    return first_names(names, most) + listed


def run_arguments(runs: Sequence[Run]) -> list[str]:
    """Return the shortest unique name of each of `runs`, which are in one folder."""
    paths = [run.path for run in runs]
    return short_names(paths, paths[0].parent.parent) if paths else []


def run_argument(run: Run) -> str:
    """Return the shortest unique name of a run in its runs folder."""
    return run_arguments([run])[0]
