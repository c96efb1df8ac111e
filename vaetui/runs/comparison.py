"""The comparison of a family's runs as a table: its columns, its order, and which run is chosen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vaetui.format import fixed_or
from vaetui.runs import compare
from vaetui.runs.compare import ComparedRun, ModelChoice
from vaetui.runs.families import seed_groups
from vaetui.runs.run_watcher import Run


@dataclass(frozen=True)
class Column:
    """One column: title, least width in characters, how an entry is written, the key that sorts it."""

    title: str
    width: int
    write: Callable[[ComparedRun], str]
    key: Callable[[ComparedRun], float]


def _with_spread(read: Callable[[ComparedRun], float | None]) -> Callable[[ComparedRun], str]:
    """Return a writer of a figure in nats, over several seeds with its standard deviation."""

    def write(entry: ComparedRun) -> str:
        spread = entry.spread(read)
        return spread.text(1) if spread else ""

    return write


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


_LAST = math.inf  # sorted last
EPOCHS, SEEDS = "epochs", "n"
COLUMNS = (
    Column("z", 4, lambda e: str(e.latent), lambda e: e.latent),
    Column("β", 5, lambda e: "AE" if e.beta is None else f"{e.beta:g}", lambda e: _or(e.beta, -1.0)),
    Column("−ELBO", 7, _with_spread(lambda e: e.negative_elbo), lambda e: _or(e.negative_elbo, _LAST)),
    Column("distortion", 11, _with_spread(lambda e: e.figures.distortion), lambda e: e.figures.distortion),
    Column(
        "rate",
        6,
        _with_spread(lambda e: e.figures.rate if e.beta is not None else None),
        lambda e: e.figures.rate,
    ),
    Column("active", 7, lambda e: e.active_text, lambda e: -e.active_units),
    Column("MSE draw", 9, lambda e: fixed_or(e.figures.mse, 4), lambda e: e.figures.mse),
    Column(
        "MSE mean",
        9,
        lambda e: fixed_or(e.mse_posterior_mean, 4),
        lambda e: _or(e.mse_posterior_mean, _LAST),
    ),
    Column(
        "val −ELBO",
        10,
        _with_spread(lambda e: e.negative_validation_elbo),
        lambda e: _or(e.negative_validation_elbo, _LAST),
    ),
    Column(EPOCHS, 7, lambda e: e.epochs_text, lambda e: -e.planned),
    Column(SEEDS, 3, lambda e: str(e.count), lambda e: -e.count),  # only where there are several
)
ORDERS = (*COLUMNS[2:-1], *COLUMNS[:2])  # the columns in the order in which a key sorts by them


@dataclass(frozen=True, eq=False)
class Comparison:
    """Runs side by side.

    `ranked` are the entries of one protocol, VAEs before autoencoders; `apart` those measured otherwise, a
    list a protocol. `without` counts the runs without metrics.
    """

    ranked: Sequence[ComparedRun]
    apart: Sequence[Sequence[ComparedRun]]
    without: int
    choice: ModelChoice

    @property
    def shown(self) -> list[ComparedRun]:
        """Return every entry, in the order of the table."""
        return [*self.ranked, *(entry for group in self.apart for entry in group)]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the columns; the number of seeds only where a model has several."""
        has_seeds = any(entry.members for entry in self.shown)
        return tuple(column for column in COLUMNS if has_seeds or column.title != SEEDS)

    @property
    def rows(self) -> list[tuple[str, ComparedRun | None]]:
        """Return the entries, and a line before those measured otherwise that says how."""
        rows: list[tuple[str, ComparedRun | None]] = [("", entry) for entry in self.ranked]
        for group in self.apart:
            how = (
                compare.protocol_difference(group[0].protocol, self.ranked[0].protocol)
                or group[0].protocol.description
            )
            rows += [(f"ranked separately: {how}", None), *(("", entry) for entry in group)]
        return rows

    @property
    def base(self) -> ComparedRun | None:
        """Return the run that the others are held against: the chosen one, else the first."""
        return self.choice.entry or next(iter(self.ranked), None)

    def cell(self, column: Column, entry: ComparedRun) -> str:
        """Return a cell of the table; epochs have a word where the base was trained for more or fewer."""
        if column.title == EPOCHS and self.differs_in_epochs(entry) and self.base is not None:
            return compare.epochs_cell(entry, self.base)
        return column.write(entry)

    def differs_in_epochs(self, entry: ComparedRun) -> bool:
        """Return whether a ranked entry was trained for more or fewer epochs than the base."""
        return (
            self.base is not None and entry in self.ranked and bool(compare.epochs_beside(entry, self.base))
        )

    @property
    def epochs_notes(self) -> list[str]:
        """Return a sentence on the runs trained for fewer epochs than the base, and one on those for more."""
        return compare.epochs_notes(self.ranked, self.base, lambda e: e.name) if self.base else []

    @property
    def vaes(self) -> list[ComparedRun]:
        """Return the VAEs that are ranked."""
        return [entry for entry in self.ranked if entry.beta is not None]

    @property
    def split(self) -> str:
        """Return the split of the ranked metrics, "" without any."""
        return self.ranked[0].protocol.split if self.ranked else ""

    @property
    def protocol(self) -> str:
        """Return how the ranked metrics were measured."""
        every = self.vaes or list(self.ranked)
        return every[0].protocol.description if every else ""


def compare_runs(runs: Sequence[Run], order: Column) -> Comparison:
    """Compare models, each group sorted by `order`, VAEs before autoencoders.

    Runs that differ in the seed only are one model.
    """
    entries, models = compare.compared_runs(runs), seed_groups(runs)
    groups = [
        sorted(
            compare.merge_seeds(group, models),
            key=lambda entry: (entry.beta is None, order.key(entry), entry.latent),
        )
        for group in compare.group_by_protocol(entries)
    ]
    ranked, apart = (groups[0], groups[1:]) if groups else ([], [])
    return Comparison(ranked, apart, len(runs) - len(entries), compare.choose_by_validation(ranked))
