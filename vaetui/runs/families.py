"""Arrange runs into families: grids of latent size × β whose runs share every other setting."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Literal

from vaetui.runs.run_watcher import Run
from vaetui.settings import FAMILY_ROWS

AE: Final = "AE"
ALWAYS_TITLED = 4  # rows that every title says: dataset, loss, hidden widths and seed

Column = float | Literal["AE"]

Grid = dict[tuple[int, Column], Run]


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
        """The settings that every title says, such as "mnist · bce · 400 · seed 0"."""
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
    """Runs that differ in latent size and β (or are autoencoders) only, at most one for each cell."""

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

    def at(self, latent: int, column: Column) -> Run | None:
        """Return the run in a cell of the grid."""
        return next((run for run in self.runs if cell_of(run) == (latent, column)), None)


def family_key(run: Run) -> FamilyKey:
    """Return what `run` must share with others to be compared with them."""
    config = run.config
    values = (row.value(config) if row.applies(config) else row.without_rate for row in FAMILY_ROWS)
    return FamilyKey(tuple(values), config.is_example)


def cell_of(run: Run) -> tuple[int, Column]:
    """Return the cell of `run` in its family's grid: latent size and column."""
    model = run.config.model
    return model.latent, run.config.objective.beta if model.is_vae else AE


def families(runs: Iterable[Run]) -> tuple[Family, ...]:
    """Arrange `runs` into grids; runs that would share a cell go to different ones."""
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
    titles, headings = _titles(keys, precisions), _headings(keys, precisions)
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
    """Return as few grids as possible, with at most one run in a cell.

    Precision does not part runs by itself: all are measured in fp32 and train alike but for rounding, and
    an "auto" belongs beside a shipped "fp32". But where runs of two precisions would share a cell, they are
    what is compared, and each precision has its own grid.
    """
    by_precision: dict[str, list[Grid]] = {}
    used: Counter[tuple[str, int, Column]] = Counter()
    for run in runs:
        alike, cell = by_precision.setdefault(run.precision, []), (run.precision, *cell_of(run))
        if used[cell] == len(alike):
            alike.append({})
        alike[used[cell]][cell_of(run)] = run  # the first grid that has the cell free
        used[cell] += 1
    grids, *others = by_precision.values()
    for grid in itertools.chain(*others):
        free = next((one for one in grids if one.keys().isdisjoint(grid)), None)
        if free is None:
            grids.append(grid)
        else:
            free.update(grid)
    return grids


def _titles(keys: Sequence[FamilyKey], precisions: Sequence[str]) -> list[str]:
    """Return a title for each, all different, such as "mnist · bce · 400 · seed 0"."""
    titles = [key.title for key in keys]
    for i, row in enumerate(FAMILY_ROWS[ALWAYS_TITLED:], ALWAYS_TITLED):
        _tell_apart(titles, [row.tag_of(key.values[i]) for key in keys])
    _tell_apart(titles, precisions)
    seen: Counter[str] = Counter()
    for i, title in enumerate(titles):
        seen[title] += 1
        if seen[title] > 1:
            titles[i] += f" · {seen[title]}"
    return titles


def _headings(keys: Sequence[FamilyKey], precisions: Sequence[str]) -> list[tuple[str, str]]:
    """Return for each the settings that tell it from the others, and the same before those of its title."""
    telling = _telling_rows(keys)
    rest = [place for place in range(ALWAYS_TITLED) if place not in telling]
    rest.sort(key=lambda place: len({key.part(place) for key in keys}) == 1)  # what all share comes last
    everyone = list(zip(keys, precisions, strict=True))
    precisions_of = Counter(key for key, _ in set(everyone))
    seen: Counter[tuple[FamilyKey, str]] = Counter()
    headings = []
    for key, precision in everyone:
        seen[key, precision] += 1
        number = seen[key, precision]
        parts = list(map(key.named_text, telling))
        parts += [precision] if precisions_of[key] > 1 else []
        parts += [f"repeat {number}"] if number > 1 else []
        headings.append((" · ".join(parts), " · ".join([*parts, *map(key.text, rest)])))
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
