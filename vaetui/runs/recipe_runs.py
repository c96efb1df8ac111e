"""Find the runs of a recipe, also where they were trained with other seeds than it names."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.config import Config, read_config
from trainer.contract.files import Problem
from vaetui.runs.folders import is_surely_run, subfolders
from vaetui.runs.launch import run_paths


@dataclass(frozen=True)
class RecipeRuns:
    """The run directories of a recipe with the configuration that each should have.

    `missing` are the directories, as the recipe names them, that the seeds which were trained lack; where
    none was, those of all its seeds.
    """

    found: dict[Path, Config]
    missing: tuple[Path, ...]

    @property
    def count(self) -> int:
        """Return how many runs it has, those that are missing included."""
        return len(self.found) + len(self.missing)


def find_recipe_runs(
    folder: Path, configs: Sequence[Config], prefix: str, seeds: Mapping[Path, int]
) -> RecipeRuns:
    """Find the runs of the recipe with `configs`, whose names begin with `prefix`; `seeds` are those of runs.

    A model that was trained with other seeds, as by `train --recipe NAME --seed 0,1`, has these.
    """
    own = folder / configs[0].data.name
    known = {seed for path, seed in seeds.items() if path.parent == own and path.name.startswith(prefix)}
    models = _distinct([dataclasses.replace(config, seed=0) for config in configs])
    named = [
        (path, models.index(dataclasses.replace(config, seed=0)), config)
        for path, config in zip(run_paths(folder, configs, prefix), configs, strict=True)
    ]
    found: dict[tuple[int, int], tuple[Path, Config]] = {}
    for path, model, config in [*named, *_possible_runs(folder, models, prefix, sorted(known))]:
        if seeds.get(path) == config.seed:
            found.setdefault((model, config.seed), (path, config))
    own_seeds = {config.seed for config in configs}
    wanted = known & own_seeds or own_seeds
    of_others = {model for model, seed in found if seed not in own_seeds}
    missing = [
        path
        for path, model, config in named
        if config.seed in wanted and (model, config.seed) not in found and model not in of_others
    ]
    return RecipeRuns(dict(found[key] for key in sorted(found)), tuple(missing))


def seeds_on_disk(folder: Path, dataset: str, prefix: str) -> dict[Path, int]:
    """Return the seed of each run whose name begins with `prefix` and that can be read."""
    own, seeds = folder / dataset, {}
    for path in subfolders(own)[0]:
        with contextlib.suppress(Problem):
            if path.name.startswith(prefix) and is_surely_run(path):
                seeds[path] = read_config(path).seed
    return seeds


def _possible_runs(
    folder: Path, models: Sequence[Config], prefix: str, seeds: Sequence[int]
) -> list[tuple[Path, int, Config]]:
    """Return the directories that the `models` have if trained with `seeds`, with the model's number.

    Names have the seed in them where several were asked for at once.
    """
    by_seed = [[dataclasses.replace(model, seed=seed) for model in models] for seed in seeds]
    every = [config for of_seed in by_seed for config in of_seed]
    alone = [path for of_seed in by_seed for path in run_paths(folder, of_seed, prefix)]
    together = run_paths(folder, every, prefix) if len(seeds) > 1 else []
    numbers = list(range(len(models))) * len(seeds)
    places = [zip(paths, numbers, every, strict=False) for paths in (alone, together)]
    return [place for found in places for place in found]


def _distinct(configs: Sequence[Config]) -> list[Config]:
    """Return each configuration once; they cannot be hashed."""
    return [config for place, config in enumerate(configs) if config not in configs[:place]]
