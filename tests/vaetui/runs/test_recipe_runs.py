"""The runs of a recipe, trained with the seeds that it names or with others."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from tests import tiny
from trainer.contract.config import CONFIG, Config
from vaetui.runs.launch import run_paths
from vaetui.runs.recipe_runs import RecipeRuns, find_recipe_runs, seeds_on_disk


def of_seeds(models: Sequence[Config], *seeds: int) -> list[Config]:
    return [dataclasses.replace(model, seed=seed) for seed in seeds for model in models]


def make(runs: Path, configs: Sequence[Config]) -> list[Path]:
    paths = run_paths(runs, configs, "mine")
    return [tiny.make(runs, config, name=path.name) for path, config in zip(paths, configs, strict=True)]


def find(runs: Path, configs: Sequence[Config]) -> RecipeRuns:
    return find_recipe_runs(runs, configs, "mine", seeds_on_disk(runs, "digits", "mine"))


ONE = [tiny.config()]
TWO = [tiny.config(), tiny.config(latent=5)]


def test_the_runs_that_it_names_are_found(runs: Path) -> None:
    paths = make(runs, TWO)
    assert find(runs, TWO) == RecipeRuns(dict(zip(paths, TWO, strict=True)), ())


def test_a_single_model_has_other_names_with_several_seeds(runs: Path) -> None:
    first, second = make(runs, of_seeds(ONE, 0, 1))
    assert first.name == "mine-z2-b1-s0"
    found = find(runs, ONE)
    assert list(found.found) == [first, second]
    assert [config.seed for config in found.found.values()] == [0, 1]
    assert found.missing == ()


def test_another_single_seed_has_the_name_without_one(runs: Path) -> None:
    (path,) = make(runs, of_seeds(ONE, 7))
    assert path.name == "mine"
    assert [config.seed for config in find(runs, ONE).found.values()] == [7]


def test_seeds_that_were_trained_later_join(runs: Path) -> None:
    make(runs, TWO)
    make(runs, of_seeds(TWO, 1, 2))
    found = find(runs, TWO)
    assert [path.name for path in found.found] == [
        *("mine-z2-b1", "mine-z2-b1-s1", "mine-z2-b1-s2"),
        *("mine-z5-b1", "mine-z5-b1-s1", "mine-z5-b1-s2"),
    ]


def test_a_model_of_which_no_seed_was_trained_is_missing(runs: Path) -> None:
    make(runs, of_seeds(ONE, 0, 1))
    found = find(runs, TWO)
    assert [path.name for path in found.missing] == ["mine-z5-b1"]
    assert (len(found.found), found.count) == (2, 3)
    nothing = find(runs, of_seeds(TWO, 3, 4))
    assert {path.name for path in nothing.missing} == {"mine-z5-b1-s3", "mine-z5-b1-s4"}


def test_runs_of_other_recipes_and_damaged_ones_are_not_found(runs: Path) -> None:
    tiny.make(runs, tiny.config(seed=1), name="mine-quick-z2-b1-s1")
    (path,) = make(runs, ONE)
    (path / CONFIG).write_text("{")
    assert find(runs, ONE) == RecipeRuns({}, (path,))
