"""All runs of a folder as values: followed while they train, found by name, arranged into grids.

A run lives at `<runs>/<dataset>/<name>/`, a shipped one at `<runs>/examples/<name>/`. Folders without
config.json are no runs and are passed over.
"""

from __future__ import annotations

import difflib
import itertools
import math
import os
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from trainer.contract.config import read_config
from trainer.contract.files import Problem, clean
from trainer.contract.run_dir import EXAMPLES
from vaetui.commands import SHIPPED, command, home, runs_folder
from vaetui.runs.folders import Listing, Problems, is_surely_run, may_be_run, opened, runs_in
from vaetui.runs.run_watcher import Follower, Run, read_run
from vaetui.settings import LOSS_OF, Likelihood

__all__ = [
    "AE",
    "LATEST",
    "Column",
    "Family",
    "Kin",
    "Library",
    "Run",
    "cell_of",
    "command_on",
    "families",
    "find",
    "find_each",
    "kin_of",
    "names_of",
    "opened",
    "read_run",
    "runs_folder",
]

LATEST = "@latest"
_PATHS = ("/", "./", "../", "~/")  # beginnings of a text that is a path and no name


class Library:
    """The runs of one folder, read when made and again by each `poll`.

    A poll costs three `stat` a run while nothing changes, four once it is finished. `problems` holds the
    folders that could not be read at all, each with a sentence.

    Hundreds of runs take a while to be read for the first time. Who cannot wait names the seconds that one
    poll may take `at_once`: `first` and what was touched last come first, `unread` counts what is left for
    the next polls.
    """

    def __init__(self, folder: Path, at_once: float = math.inf, first: Collection[Path] = ()) -> None:
        self.folder = folder
        self.unread = 0
        self._at_once, self._first = at_once, frozenset(first)
        self.runs: tuple[Run, ...] = ()
        self.problems: Problems = ()
        self._datasets = Listing(folder)
        self._listings: dict[Path, Listing] = {}
        self._followers: dict[Path, Follower] = {}
        self.poll()

    def poll(self) -> bool:
        """Look again. Returns whether `runs` or `problems` changed."""
        changed = self._poll_folders()
        deadline = math.inf  # from the first new run on: known ones are looked at however long that takes
        self.unread = 0
        for path, follower in self._in_order():
            if not follower.is_read:
                if time.monotonic() > deadline:
                    self.unread += 1
                    continue
                deadline = min(deadline, time.monotonic() + self._at_once)
            changed |= follower.poll()
            if follower.is_read and follower.run is None and not may_be_run(path):
                del self._followers[path]
        if changed:
            followers = self._followers.values()
            self.runs = tuple(sorted((f.run for f in followers if f.run), key=_order))
            listings = (self._datasets, *self._listings.values())
            found = [(f.path, f.problem) for f in followers if f.problem]
            found += [pair for listing in listings for pair in listing.problems]
            self.problems = tuple(sorted(found))
        return changed

    def _in_order(self) -> list[tuple[Path, Follower]]:
        """Those read before, then the new ones, what matters most first."""
        followed = list(self._followers.items())
        known = [pair for pair in followed if pair[1].is_read]
        new = [pair for pair in followed if not pair[1].is_read]
        if self._at_once < math.inf:
            new.sort(key=lambda pair: (pair[0] in self._first, pair[1].touched()), reverse=True)
        return known + new

    def _poll_folders(self) -> bool:
        changed = self._datasets.poll()
        if changed:
            self._listings = {
                path: self._listings.get(path) or Listing(path) for path in self._datasets.folders
            }
        for listing in self._listings.values():
            changed |= listing.poll()
        here = {path for listing in self._listings.values() for path in listing.folders}
        for path in [path for path in self._followers if path not in here]:
            del self._followers[path]
        for path in here.difference(self._followers):
            if may_be_run(path):
                self._followers[path] = Follower(path)
        return changed


def _order(run: Run) -> tuple[str, bool, bool, int, float, str, str]:
    config, model = run.config, run.config.model
    name = (run.name, str(run.path))
    kind = (config.data.name, config.is_example, not model.is_vae)
    return *kind, model.latent, config.objective.beta, *name


def find(folder: Path, text: str) -> Run:
    """The run that `text` means: a run directory, a name, a unique prefix of one, or "@latest" (by creation).

    A name may carry its folder (`mnist/vae-z10-b1-bce-s0`). A shipped run gives way to one of the same name
    that was trained here. Raises `Problem` that lists near names.
    """
    if text and is_surely_run(home(text)):
        return read_run(home(text))
    if text.startswith(_PATHS):
        what = "is not a run" if os.path.lexists(home(text)) else "does not exist"
        raise Problem(f"`{clean(text)}` {what}: `{command('ls', runs=folder)}` lists the runs")
    runs = runs_in(folder)
    if not runs:
        makes = command("train", "--latent", "10", "--beta", "1", runs=folder)
        there = f"--runs {SHIPPED} has those that ship with vaetui"
        raise Problem(f"no runs in {clean(str(folder))} yet: `{makes}` makes one, {there}")
    if text == LATEST:
        return _newest(runs)
    found = _meant(text, runs)
    if len(found) == 1:
        return read_run(found[0])
    if found:
        raise Problem(
            f"{_quote(text)} means {len(found)} runs: {_enumerate(names_of(found, folder), folder)}"
        )
    raise Problem(_nothing_like(text, list(map(_full_name, runs)), folder))


def find_each(folder: Path, texts: Sequence[str]) -> list[Run]:
    """The runs that `texts` mean, each once, however often and by whatever paths it is named."""
    found: dict[tuple[int, int] | Path, Run] = {}
    for text in texts:
        run = find(folder, text)
        try:
            status = run.path.stat()
        except OSError:  # it vanishes just now
            found.setdefault(run.path, run)
        else:
            found.setdefault((status.st_dev, status.st_ino), run)
    return list(found.values())


def _meant(text: str, runs: Sequence[Path]) -> list[Path]:
    """Return the runs called `text`, else those whose names begin so, with or without their folder.

    Shipped runs are left out where another run among them has the same name.
    """
    wanted = _composed(text.rstrip("/"))
    names = [(_composed(_full_name(run)), run) for run in runs]
    for fits in (str.__eq__, str.startswith):
        found = [run for name, run in names if fits(name, wanted) or fits(name.partition("/")[2], wanted)]
        if found:
            own = {run.name for run in found if not _is_shipped(run)}
            return [run for run in found if not (_is_shipped(run) and run.name in own)]
    return []


def _is_shipped(run: Path) -> bool:
    return run.parent.name == EXAMPLES


def _full_name(run: Path) -> str:
    return f"{clean(run.parent.name)}/{clean(run.name)}"


def _composed(text: str) -> str:
    """Letters with their accents as one character each: a folder's name may have them apart."""
    return unicodedata.normalize("NFC", text)


def names_of(paths: Iterable[Path], folder: Path) -> list[str]:
    """Return for each run the shortest text by which `find` finds it in `folder`, and no other.

    No text begins as an option does. A run that no name tells apart is named by its path.
    """
    runs = runs_in(folder)
    return [_name_of(path, runs) for path in paths]


def _name_of(path: Path, runs: Sequence[Path]) -> str:
    for text in (clean(path.name), _full_name(path)):
        is_shadowed = is_surely_run(home(text)) and not _is_same(home(text), path)
        if text != LATEST and not text.startswith("-") and not is_shadowed and _meant(text, runs) == [path]:
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
    names = names_of(paths, folder)
    is_by_path = all(name == str(path) for name, path in zip(names, paths, strict=True))
    return command(verb, *names, *options, runs=None if is_by_path else folder, data=data)


def _newest(runs: Sequence[Path]) -> Run:
    """The run whose configuration was created last, damaged ones aside; a shipped one only if all are."""
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
    rest = f" and {len(names) - most} more (`{command('ls', runs=folder)}`)" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


# --- families: runs that fit into one latent × β grid -----------------------------------------------


AE: Final = "AE"
Column = float | Literal["AE"]
Grid = dict[tuple[int, Column], Run]


@dataclass(frozen=True, order=True)
class Kin:
    """What runs must share to be compared cell by cell; how long they were to train may differ."""

    dataset: str
    likelihood: Likelihood
    hidden: tuple[int, ...]
    seed: int
    lr: float
    batch_size: int
    val_fraction: float
    binarize: str
    optimiser: str  # and with it the weight decay
    beta_warmup: int
    patience: int
    keep: str
    checksum: str
    is_example: bool = False  # shipped runs stand apart from those that were trained here


@dataclass(frozen=True)
class Family:
    """Runs that differ in latent size and β (or are autoencoders) only, at most one for each cell."""

    kin: Kin
    title: str
    runs: tuple[Run, ...]

    @property
    def latents(self) -> tuple[int, ...]:
        """The latent sizes, ascending: the rows."""
        return tuple(sorted({run.config.model.latent for run in self.runs}))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns: "AE" first, if there are any, then the β of the VAEs, ascending."""
        columns = {cell_of(run)[1] for run in self.runs}
        return tuple(sorted(columns, key=lambda column: -1.0 if column == AE else column))

    def at(self, latent: int, column: Column) -> Run | None:
        """The run in a cell of the grid."""
        return next((run for run in self.runs if cell_of(run) == (latent, column)), None)


def kin_of(run: Run) -> Kin:
    """What `run` must share with others to be compared with them."""
    config = run.config
    return Kin(
        config.data.name,
        config.objective.likelihood,
        config.model.hidden,
        config.seed,
        config.optimiser.lr,
        config.optimiser.batch_size,
        config.data.val_fraction,
        config.data.binarize,
        config.optimiser.name,
        config.objective.beta_warmup if config.model.is_vae else 0,
        config.optimiser.patience,
        config.optimiser.keep,
        config.data.checksum,
        config.is_example,
    )


def cell_of(run: Run) -> tuple[int, Column]:
    """Where `run` stands in its family's grid: latent size and column."""
    model = run.config.model
    return model.latent, run.config.objective.beta if model.is_vae else AE


def families(runs: Iterable[Run]) -> tuple[Family, ...]:
    """`runs` arranged into grids; runs that would share a cell go to different ones."""
    groups: dict[Kin, list[Run]] = {}
    for run in runs:
        groups.setdefault(kin_of(run), []).append(run)
    for kin in sorted(groups):
        host = _host(kin, groups)
        if host != kin:
            groups[host] += groups.pop(kin)
    pairs = [(kin, grid) for kin in sorted(groups) for grid in _grids(groups[kin])]
    titles = _titles([kin for kin, _ in pairs], [_precisions(grid.values()) for _, grid in pairs])
    return tuple(
        Family(kin, title, tuple(grid.values())) for title, (kin, grid) in zip(titles, pairs, strict=True)
    )


def _host(kin: Kin, groups: Mapping[Kin, Sequence[Run]]) -> Kin:
    """Whose grid runs of `kin` belong to.

    Autoencoders have no β to warm up: where no VAE trained without a warm-up, they stand beside those that
    trained with one, the shortest if there are several.
    """
    if any(run.config.model.is_vae for run in groups[kin]):
        return kin
    warmed_up = [other for other in groups if other != kin and replace(other, beta_warmup=0) == kin]
    return min(warmed_up, default=kin)


def _grids(runs: Iterable[Run]) -> list[Grid]:
    """As few grids as have no two runs in one cell.

    Precision does not part runs by itself: all are measured in fp32 and train alike but for rounding, and
    "auto" must find its place beside a shipped "fp32". But where runs of two precisions would share a cell,
    somebody compares just these, so that they stand in grids of their own.
    """
    by_precision: dict[str, list[Grid]] = {}
    taken: Counter[tuple[str, int, Column]] = Counter()
    for run in runs:
        alike, cell = by_precision.setdefault(run.precision, []), (run.precision, *cell_of(run))
        if taken[cell] == len(alike):
            alike.append({})
        alike[taken[cell]][cell_of(run)] = run  # the first grid that has the cell free
        taken[cell] += 1
    grids, *others = by_precision.values()
    for grid in itertools.chain(*others):
        _place(grid, grids)
    return grids


def _place(runs: Grid, grids: list[Grid]) -> None:
    """Add `runs` to the first of the grids that has all of their cells free, else to a new one."""
    grid = next((grid for grid in grids if grid.keys().isdisjoint(runs)), None)
    if grid is None:
        grid = {}
        grids.append(grid)
    grid.update(runs)


def _precisions(runs: Iterable[Run]) -> str:
    return "/".join(sorted({run.precision for run in runs}))


# What a title adds, in this order, where the families that it would otherwise be shared by differ; where
# there is a usual way to do without, that is not said.
_EXTRAS: tuple[Callable[[Kin], str], ...] = (
    lambda kin: f"lr {kin.lr:g}",
    lambda kin: f"batch {kin.batch_size}",
    lambda kin: kin.optimiser if kin.optimiser != "adam" else "",
    lambda kin: f"warm-up {kin.beta_warmup}" if kin.beta_warmup else "",
    lambda kin: f"binarize {kin.binarize}" if kin.binarize != "none" else "",
    lambda kin: f"patience {kin.patience}" if kin.patience else "",
    lambda kin: f"keep {kin.keep}" if kin.keep != "last" else "",
    lambda kin: f"val {kin.val_fraction:g}",
    lambda kin: f"data {kin.checksum[:6]}",
)


def _titles(kins: Sequence[Kin], precisions: Sequence[str]) -> list[str]:
    """A title for each, all different, such as "mnist · bce · 400 · seed 0"."""
    titles = [
        f"{k.dataset}{' examples' if k.is_example else ''} · {LOSS_OF[k.likelihood]} · "
        f"{'×'.join(map(str, k.hidden))} · seed {k.seed}"
        for k in kins
    ]
    for extra in _EXTRAS:
        _tell_apart(titles, [extra(kin) for kin in kins])
    _tell_apart(titles, precisions)
    seen: dict[str, int] = {}
    for i, title in enumerate(titles):
        seen[title] = seen.get(title, 0) + 1
        if seen[title] > 1:
            titles[i] += f" · {seen[title]}"
    return titles


def _tell_apart(titles: list[str], texts: Sequence[str]) -> None:
    """Append its text to each title that it shares with another of another text."""
    namesakes: dict[str, list[int]] = {}
    for i, title in enumerate(titles):
        namesakes.setdefault(title, []).append(i)
    for indices in namesakes.values():
        if len({texts[i] for i in indices}) > 1:
            for i in indices:
                titles[i] += f" · {texts[i]}" if texts[i] else ""
