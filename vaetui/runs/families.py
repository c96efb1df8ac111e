"""Arrange runs into families: grids of latent size × β whose runs share every other setting but the seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal

from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup, seeds_words
from vaetui.settings import FAMILY_ROWS

AE: Final = "AE"
ALWAYS_TITLED = 3  # rows that every title says: dataset, loss and hidden widths

Column = float | Literal["AE"]

Cell = tuple[int, Column]
Grid = dict[tuple[Cell, int], Run]  # by cell and seed


@dataclass(frozen=True, order=True)
class FamilyKey:
    """What runs must share to be compared cell by cell: values of `FAMILY_ROWS`.

    Of settings of VAEs an autoencoder has what `Setting.without_rate` says.
    """

    values: tuple[Any, ...]
    is_example: bool = False  # shipped runs stand apart from those that were trained here

    def __getitem__(self, option: str) -> Any:
        """Return the value of a setting."""
        return self.values[[row.option for row in FAMILY_ROWS].index(option)]

    @property
    def title(self) -> str:
        """The settings that every title says before the seeds, such as "mnist · bce · 400"."""
        return " · ".join(map(self.text, range(ALWAYS_TITLED)))

    def text(self, place: int) -> str:
        """Return the value of a row of `FAMILY_ROWS`, also where it is the default."""
        row, origin = FAMILY_ROWS[place], " examples" if place == 0 and self.is_example else ""
        return f"{row.head} {row.text_of(self.values[place])}{origin}".strip()

    def named_text(self, place: int) -> str:
        """Return the same; a bare number with its name, such as "hidden 400"."""
        text = self.text(place)
        return f"{FAMILY_ROWS[place].option} {text}" if text[:1].isdigit() else text

    def part(self, place: int) -> Any:
        """Return the value of a row of `FAMILY_ROWS`; for the dataset also whether these are examples."""
        return (self.values[place], self.is_example) if place == 0 else self.values[place]

    def of_autoencoders(self) -> FamilyKey:
        """Return the key of autoencoders with the same settings."""
        pairs = zip(FAMILY_ROWS, self.values, strict=True)
        values = (row.without_rate if row.is_of_vaes else value for row, value in pairs)
        return replace(self, values=tuple(values))


@dataclass(frozen=True)
class Family:
    """Runs that differ in latent size, β (or are autoencoders) and seed only.

    The runs of a cell are one model, at most one run a seed.
    """

    key: FamilyKey
    title: str
    runs: tuple[Run, ...]
    distinction: str = ""  # the settings that tell it from the other families
    heading: str = ""  # the same and after it the other settings that a title says

    @cached_property
    def latents(self) -> tuple[int, ...]:
        """Return the latent sizes, ascending: the rows."""
        return tuple(sorted({run.config.model.latent for run in self.runs}))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Return the columns: "AE" first, if there are any, then the β of the VAEs, ascending."""
        columns = {cell_of(run)[1] for run in self.runs}
        return tuple(sorted(columns, key=lambda column: -1.0 if column == AE else column))

    @cached_property
    def groups(self) -> dict[Cell, SeedGroup]:
        """Return the model of each cell, in the order of the runs."""
        cells: dict[Cell, list[Run]] = {}
        for run in self.runs:
            cells.setdefault(cell_of(run), []).append(run)
        return {
            cell: SeedGroup(tuple(sorted(members, key=lambda run: run.config.seed)))
            for cell, members in cells.items()
        }

    @cached_property
    def has_seeds(self) -> bool:
        """Return whether a model has several seeds."""
        return len(self.groups) < len(self.runs)

    def at(self, latent: int, column: Column, seed: int = 0) -> Run | None:
        """Return the run of `seed` in a cell of the grid, that of the first seed where there is none."""
        group = self.groups.get((latent, column))
        return group.member(seed) if group else None

    def group_of(self, run: Run) -> SeedGroup:
        """Return the model of a run of this family."""
        return self.groups[cell_of(run)]

    def of_seed(self, run: Run) -> Family:
        """Return the family with one run a cell: `run`, and the runs of its seed where there are any."""
        if not self.has_seeds:
            return self
        return replace(self, runs=tuple(group.member(run.config.seed) for group in self.groups.values()))


def family_key(run: Run) -> FamilyKey:
    """Return what `run` must share with others to be compared with them."""
    config = run.config
    values = (row.value(config) if row.applies(config) else row.without_rate for row in FAMILY_ROWS)
    return FamilyKey(tuple(values), config.is_example)


def cell_of(run: Run) -> Cell:
    """Return the cell of `run` in its family's grid: latent size and column."""
    model = run.config.model
    return model.latent, run.config.objective.beta if model.is_vae else AE


def families(runs: Iterable[Run]) -> tuple[Family, ...]:
    """Arrange `runs` into grids; runs that would share a cell and a seed go to different ones."""
    groups: dict[FamilyKey, list[Run]] = {}
    for run in runs:
        groups.setdefault(family_key(run), []).append(run)
    for key in sorted(groups):
        host = _host(key, groups)
        if host != key:
            groups[host] += groups.pop(key)
    pairs = [(key, grid) for key in sorted(groups) for grid in _grids(groups[key])]
    precisions = ["/".join(sorted({run.precision for run in grid.values()})) for _, grid in pairs]
    keys = [key for key, _ in pairs]
    seeds = [seeds_words(sorted({run.config.seed for run in grid.values()})) for _, grid in pairs]
    titles, headings = _titles(keys, seeds, precisions), _headings(keys, seeds, precisions)
    return tuple(
        Family(key, title, tuple(grid.values()), *heading)
        for title, heading, (key, grid) in zip(titles, headings, pairs, strict=True)
    )


def _host(key: FamilyKey, groups: Mapping[FamilyKey, Sequence[Run]]) -> FamilyKey:
    """Return the key of the grid that runs of `key` belong to.

    Autoencoders have no β to warm up, nor other settings of VAEs: where no VAE trained without them, they
    stand beside those that trained with them, the shortest warm-up if there are several.
    """
    if any(run.config.model.is_vae for run in groups[key]):
        return key
    warmed_up = [other for other in groups if other != key and other.of_autoencoders() == key]
    return min(warmed_up, default=key)


def _grids(runs: Iterable[Run]) -> list[Grid]:
    """Return as few grids as possible, with at most one run of a seed in a cell.

    Precision does not part runs by itself: all are measured in fp32 and train alike but for rounding, and
    an "auto" belongs beside a shipped "fp32". But where runs of two precisions would share a cell, they are
    what is compared, and each precision has its own grid. Seeds of one cell are one model, so they are
    trained for the same number of epochs.
    """
    by_precision: dict[str, _OpenGrids] = {}
    for run in runs:
        by_precision.setdefault(run.precision, _OpenGrids()).place([run])
    first, *others = by_precision.values()
    for other in others:
        for grid in other.grids:
            first.place(list(grid.runs.values()))
    return [grid.runs for grid in first.grids]


@dataclass(frozen=True, eq=False)
class _OpenGrid:
    """A grid to which runs are added, and the number of epochs of each cell."""

    runs: Grid
    epochs: dict[Cell, int]

    def has_room(self, run: Run) -> bool:
        """Return whether the place of `run` is free, beside seeds that were trained for as many epochs."""
        cell, epochs = cell_of(run), run.config.optimiser.epochs
        return (cell, run.config.seed) not in self.runs and self.epochs.get(cell, epochs) == epochs

    def add(self, run: Run) -> None:
        """Add a run."""
        self.runs[cell_of(run), run.config.seed] = run
        self.epochs[cell_of(run)] = run.config.optimiser.epochs


class _OpenGrids:
    """Grids to which runs are added, each to the first that has room.

    A grid that has no room for a run has none later: `_full` holds how many of the first have none, by cell,
    seed and epochs, so that ten thousand runs alike are not held against each other's grids.
    """

    def __init__(self) -> None:
        self.grids: list[_OpenGrid] = []
        self._full: Counter[tuple[Cell, int, int]] = Counter()

    def place(self, runs: Sequence[Run]) -> None:
        """Add `runs` to the first grid that has room for all, or to a new one."""
        first = max(map(self._first_with_room, runs))
        grid = next((one for one in self.grids[first:] if all(map(one.has_room, runs))), None)
        if grid is None:
            self.grids.append(grid := _OpenGrid({}, {}))
        for run in runs:
            grid.add(run)

    def _first_with_room(self, run: Run) -> int:
        """Return the number of the first grid that has room for `run`, or how many there are."""
        key = (cell_of(run), run.config.seed, run.config.optimiser.epochs)
        while self._full[key] < len(self.grids) and not self.grids[self._full[key]].has_room(run):
            self._full[key] += 1
        return self._full[key]


def seed_groups(runs: Sequence[Run]) -> list[SeedGroup]:
    """Return the models of `runs`, those that differ in the seed only being one, in the order of the runs."""
    places = {run.path: place for place, run in enumerate(runs)}
    groups = [group for family in families(runs) for group in family.groups.values()]
    return sorted(groups, key=lambda group: min(places[run.path] for run in group.runs))


def _titles(keys: Sequence[FamilyKey], seeds: Sequence[str], precisions: Sequence[str]) -> list[str]:
    """Return a title for each, all different, such as "mnist · bce · 400 · seeds 0–2"."""
    titles = [key.title for key in keys]
    for i, row in enumerate(FAMILY_ROWS[ALWAYS_TITLED:], ALWAYS_TITLED):
        _tell_apart(titles, [row.tag_of(key.values[i]) for key in keys])
    _tell_apart(titles, precisions)
    seen: Counter[str] = Counter()
    for i, title in enumerate(titles):
        seen[title] += 1
        if seen[title] > 1:
            titles[i] += f" · {seen[title]}"
    return [
        f"{key.title} · {words}{title.removeprefix(key.title)}"
        for key, words, title in zip(keys, seeds, titles, strict=True)
    ]


def _headings(
    keys: Sequence[FamilyKey], seeds: Sequence[str], precisions: Sequence[str]
) -> list[tuple[str, str]]:
    """Return for each the settings that tell it from the others, and the same before those of its title."""
    telling = _telling_rows(keys)
    rest = [place for place in range(ALWAYS_TITLED) if place not in telling]
    rest.sort(key=lambda place: len({key.part(place) for key in keys}) == 1)  # what all share comes last
    everyone = list(zip(keys, precisions, strict=True))
    precisions_of = Counter(key for key, _ in set(everyone))
    seen: Counter[tuple[FamilyKey, str]] = Counter()
    headings = []
    for (key, precision), words in zip(everyone, seeds, strict=True):
        seen[key, precision] += 1
        number = seen[key, precision]
        parts = list(map(key.named_text, telling))
        parts += [precision] if precisions_of[key] > 1 else []
        parts += [f"repeat {number}"] if number > 1 else []
        headings.append((" · ".join(parts), " · ".join([*parts, *map(key.text, rest), words])))
    return headings


def _telling_rows(keys: Sequence[FamilyKey]) -> list[int]:
    """Return places in `FAMILY_ROWS` that tell `keys` apart; none that follows from those before it."""
    telling: list[int] = []
    groups: list[tuple[Any, ...]] = [() for _ in keys]  # the values of the telling rows
    for place in range(len(FAMILY_ROWS)):
        finer = [(*group, key.part(place)) for group, key in zip(groups, keys, strict=True)]
        if len(set(finer)) > len(set(groups)):
            telling.append(place)
            groups = finer
    return telling


def _tell_apart(titles: list[str], texts: Sequence[str]) -> None:
    """Append to each title its text, where runs of another text have the same title."""
    namesakes: dict[str, list[int]] = {}
    for i, title in enumerate(titles):
        namesakes.setdefault(title, []).append(i)
    for indices in namesakes.values():
        if len({texts[i] for i in indices}) > 1:
            for i in indices:
                titles[i] += f" · {texts[i]}" if texts[i] else ""
