"""Arrange runs into families: grids of latent size × β whose runs share every other setting."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from trainer.contract.likelihoods import LIKELIHOODS, LikelihoodName
from vaetui.runs.run_watcher import Run

AE: Final = "AE"

Column = float | Literal["AE"]

Grid = dict[tuple[int, Column], Run]


@dataclass(frozen=True, order=True)
class FamilyKey:
    """What runs must share to be compared cell by cell; how long they were to train may differ."""

    dataset: str
    likelihood: LikelihoodName
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

    key: FamilyKey
    title: str
    runs: tuple[Run, ...]

    @property
    def latents(self) -> tuple[int, ...]:
        """Return the latent sizes, ascending: the rows."""
        return tuple(sorted({run.config.model.latent for run in self.runs}))

    @property
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
    return FamilyKey(
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
    """Return the cell of `run` in its family's grid: latent size and column."""
    model = run.config.model
    return model.latent, run.config.objective.beta if model.is_vae else AE


def families(runs: Iterable[Run]) -> tuple[Family, ...]:
    """Arrange `runs` into grids; runs that would share a cell go to different ones."""
    groups: dict[FamilyKey, list[Run]] = {}
    for run in runs:
        groups.setdefault(family_key(run), []).append(run)
    for kin in sorted(groups):
        host = _host(kin, groups)
        if host != kin:
            groups[host] += groups.pop(kin)
    pairs = [(kin, grid) for kin in sorted(groups) for grid in _grids(groups[kin])]
    titles = _titles([kin for kin, _ in pairs], [_precisions(grid.values()) for _, grid in pairs])
    return tuple(
        Family(kin, title, tuple(grid.values())) for title, (kin, grid) in zip(titles, pairs, strict=True)
    )


def _host(kin: FamilyKey, groups: Mapping[FamilyKey, Sequence[Run]]) -> FamilyKey:
    """Return the key of the grid that runs of `kin` belong to.

    Autoencoders have no β to warm up: where no VAE trained without a warm-up, they stand beside those that
    trained with one, the shortest if there are several.
    """
    if any(run.config.model.is_vae for run in groups[kin]):
        return kin
    warmed_up = [other for other in groups if other != kin and replace(other, beta_warmup=0) == kin]
    return min(warmed_up, default=kin)


def _grids(runs: Iterable[Run]) -> list[Grid]:
    """Return as few grids as possible, with at most one run in a cell.

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
_EXTRAS: tuple[Callable[[FamilyKey], str], ...] = (
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


def _titles(kins: Sequence[FamilyKey], precisions: Sequence[str]) -> list[str]:
    """Return a title for each, all different, such as "mnist · bce · 400 · seed 0"."""
    titles = [
        f"{k.dataset}{' examples' if k.is_example else ''} · {LIKELIHOODS[k.likelihood].loss} · "
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
    """Append to each title its text, where runs of another text have the same title."""
    namesakes: dict[str, list[int]] = {}
    for i, title in enumerate(titles):
        namesakes.setdefault(title, []).append(i)
    for indices in namesakes.values():
        if len({texts[i] for i in indices}) > 1:
            for i in indices:
                titles[i] += f" · {texts[i]}" if texts[i] else ""
