"""A grid of models to train: read from the texts of options, expanded into configurations."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trainer.contract.datasets.names import AUTO
from vaetui.settings import MAX_MODELS, SETTINGS, WEIGHT_DECAY, Setting

if TYPE_CHECKING:
    from trainer.contract.config import Config
    from trainer.contract.images import Dataset


@dataclass(frozen=True)
class TrainingGrid:
    """The value of each option, a tuple for those that span the grid."""

    values: Mapping[str, Any] = field(
        default_factory=lambda: {option: row.read(row.default) for option, row in SETTINGS.items()}
    )

    def __getitem__(self, option: str) -> Any:
        """Return the value of an option."""
        return self.values[option]

    def changed(self, option: str, value: Any) -> TrainingGrid:
        """Return the grid with another value of one option."""
        return TrainingGrid({**self.values, option: value})

    @property
    def loops(self) -> list[Setting]:
        """Return the settings that span the grid, the outermost loop first."""
        return sorted((row for row in SETTINGS.values() if row.loop), key=lambda row: row.loop)

    def count(self) -> int:
        """Count the models without listing them: the product of the lists may be too long."""
        lengths = {row: 1 if row.option == "kind" else len(self[row.option]) for row in self.loops}
        of_ae = math.prod(length for row, length in lengths.items() if not row.is_of_vaes)
        return sum(math.prod(lengths.values()) if kind == "vae" else of_ae for kind in self["kind"])

    def cells(self) -> list[dict[str, Any]]:
        """Return the values of every model by option, for an autoencoder without those of VAEs."""
        names = [row.option for row in self.loops]
        cells: dict[tuple[Any, ...], dict[str, Any]] = {}
        for values in itertools.product(*(self[name] for name in names)):
            cell = {**self.values, **dict(zip(names, values, strict=True))}
            if cell["kind"] == "ae":
                of_vaes = {option: row for option, row in SETTINGS.items() if row.is_of_vaes}
                cell |= {option: type(cell[option])(row.without_rate) for option, row in of_vaes.items()}
            cells.setdefault(tuple(cell.values()), cell)
        return list(cells.values())


def _is_iwae(grid: TrainingGrid) -> bool:
    return bool(grid["objective"] == "iwae")


# Options that exclude each other: whether a grid has them, and the sentence that says so.
CONFLICTS: tuple[tuple[Callable[[TrainingGrid], bool], str], ...] = (
    (
        lambda grid: grid["beta-cycles"] and grid["beta-warmup"],
        "--beta-cycles and --beta-warmup exclude each other: take one of them",
    ),
    (
        lambda grid: _is_iwae(grid) and "ae" in grid["kind"],
        "--objective iwae is for VAEs, since an autoencoder has no posterior to sample: take --kind vae",
    ),
    (
        lambda grid: _is_iwae(grid) and set(grid["beta"]) != {1},
        "--objective iwae is for --beta 1, since its bound has no β: take --beta 1, or --objective elbo",
    ),
    (
        lambda grid: _is_iwae(grid) and any(grid[one] for one in ("beta-warmup", "beta-cycles", "free-bits")),
        "--objective iwae is for a constant β and no free bits: leave out --beta-warmup, --beta-cycles and "
        "--free-bits, or take --objective elbo",
    ),
    (
        lambda grid: _is_iwae(grid) and grid["samples"] == 1,
        "--objective iwae needs several posterior samples: add --samples, such as --samples 5",
    ),
    (
        lambda grid: not _is_iwae(grid) and grid["samples"] > 1,
        "--samples is for --objective iwae: add that, or leave --samples out",
    ),
)


def parse(texts: Mapping[str, str]) -> TrainingGrid:
    """Read the options `texts`, keyed as in `SETTINGS`; those left out have their default.

    Raises `ValueError`, one sentence: the option, what it takes and what it got, or options that exclude each
    other.
    """
    grid = TrainingGrid()
    for option, text in texts.items():
        row = SETTINGS[option]
        try:
            grid = grid.changed(option, row.read(text))
        except ValueError:
            raise ValueError(f"--{option} takes {row.accepted}, not {text[:80]!r}") from None
    for is_in, sentence in CONFLICTS:
        if is_in(grid):
            raise ValueError(sentence)
    if grid["precision"] == "tf32" and grid["device"] not in ("auto", "cuda"):
        raise ValueError(f"--precision tf32 is for --device cuda, not {grid['device']}: take fp32 or auto")
    needy = "--patience" if grid["patience"] else "--keep best" if grid["keep"] == "best" else ""
    if needy and not grid["val-fraction"]:
        raise ValueError(
            f"{needy} needs validation images, which --val-fraction 0 leaves none of: hold some out, such as "
            "--val-fraction 0.1"
        )
    if grid.count() > MAX_MODELS:
        raise ValueError(f"this grid has {grid.count()} models, train up to {MAX_MODELS} at once")
    return grid


def configs(grid: TrainingGrid, dataset: Dataset) -> list[Config]:
    """Return the configuration of every model of the grid, those that train together in a row."""
    from trainer.contract.images import split

    train, val = split(len(dataset.train.labels), grid["val-fraction"], grid["split-seed"])
    shared = {
        "data.name": dataset.name,
        "data.train": len(train),
        "data.val": len(val),
        "data.test": len(dataset.test.labels),
        "data.checksum": dataset.checksum,
        "optimiser.weight_decay": WEIGHT_DECAY[grid["optimizer"]],
        "instead_of": AUTO if grid["dataset"] == "auto" and dataset.name != AUTO else "",
    }
    options = {row.path: option for option, row in SETTINGS.items() if row.path}
    return [
        _config({path: cell[option] for path, option in options.items()} | shared) for cell in grid.cells()
    ]


def _config(values: Mapping[str, Any]) -> Config:
    """Make a configuration from its values by path."""
    from trainer.contract.config import Config, Data, Model, Objective, Optimiser

    parts: dict[str, dict[str, Any]] = {"": {}}
    for path, value in values.items():
        part, _, name = path.rpartition(".")
        parts.setdefault(part, {})[name] = value
    return Config(
        model=Model(**parts["model"]),
        objective=Objective(**parts["objective"]),
        optimiser=Optimiser(**parts["optimiser"]),
        data=Data(**parts["data"]),
        **parts[""],
    )


def configs_of(grids: Iterable[TrainingGrid], dataset: Dataset) -> list[Config]:
    """Return the configurations of several grids on one dataset, each once."""
    made = [config for grid in grids for config in configs(grid, dataset)]
    return [config for i, config in enumerate(made) if config not in made[:i]]
