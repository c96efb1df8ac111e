"""Recipes: the published ones as they are, files of one's own, and what is wrong with a file."""

from pathlib import Path

import pytest

from trainer.contract.datasets.registry import load as load_images
from trainer.contract.files import Problem
from vaetui import recipes
from vaetui.runs.launch import run_names

OWN = """
title = "Mine"
[[train]]
dataset = "digits"
latent = [2, 5]
beta = [1, 4]
epochs = 40
[[train]]
dataset = "digits"
kind = "ae"
latent = 2
epochs = 40
[[claim]]
text = "More dimensions keep more."
check = "error_levels_off"
kind = "vae"
"""

PUBLISHED = {
    "ae-and-vae-tuning": 12,  # two kinds × three rates × two batch sizes
    "ae-vs-vae": 36,  # two kinds × six latent sizes × three seeds
    "beta-effect": 12,  # two latent sizes, and two more β, × three seeds
    "classic": 18,  # one model and a scan of five more β, × three seeds
    "latent-size": 15,  # five latent sizes × three seeds
}


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_the_five_published_experiments_are_there() -> None:
    assert recipes.names() == tuple(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_experiment_says_what_it_trains_and_claims(name: str) -> None:
    recipe = recipes.load(name)
    made = recipe.configs(load_images("digits", Path()))
    assert len(made) == PUBLISHED[name]
    assert recipe.dataset == "mnist"
    assert recipe.claims
    assert recipe.question.endswith("?")
    assert len(set(run_names(made, recipe.prefix))) == len(made)


def test_ae_vs_vae_is_what_was_published() -> None:
    (grid,) = recipes.load("ae-vs-vae").grids
    assert grid["latent"] == (2, 5, 10, 20, 50, 100)
    assert (grid["kind"], grid["loss"], grid["optimizer"]) == (("ae", "vae"), "gaussian", "adamw")
    assert (grid["lr"], grid["batch-size"], grid["epochs"], grid["val-fraction"]) == (
        (1e-3,),
        (1024,),
        50,
        0.1,
    )


def test_a_file_of_ones_own_works_the_same(tmp_path: Path) -> None:
    recipe = recipes.load(write(tmp_path, OWN))
    assert (recipe.name, recipe.title, recipe.dataset) == ("mine", "Mine", "digits")
    assert len(recipe.configs(load_images("digits", Path()))) == 5
    assert recipe.claims[0].check == "error_levels_off"
    assert dict(recipe.claims[0].values) == {"kind": "vae"}


def test_a_quick_recipe_has_a_tenth_of_the_epochs_and_other_names(tmp_path: Path) -> None:
    recipe = recipes.load(write(tmp_path, OWN))
    quick = recipe.quick()
    assert [grid["epochs"] for grid in recipe.grids] == [40, 40]
    assert [grid["epochs"] for grid in quick.grids] == [4, 4]
    assert (recipe.prefix, quick.prefix) == ("mine", "mine-quick")
    short = recipes.load(write(tmp_path, OWN.replace("40", "3"))).quick()
    assert [grid["epochs"] for grid in short.grids] == [1, 1], "never none"


def test_what_is_said_on_the_command_line_wins(tmp_path: Path) -> None:
    recipe = recipes.load(write(tmp_path, OWN), {"epochs": "7", "device": "cpu", "seed": "3"})
    assert {(grid["epochs"], grid["device"], grid["seed"]) for grid in recipe.grids} == {(7, "cpu", (3,))}


def test_runs_that_two_tables_ask_for_are_trained_once(tmp_path: Path) -> None:
    twice = OWN.replace('kind = "ae"\nlatent = 2', "latent = 2\nbeta = 4")
    assert len(recipes.load(write(tmp_path, twice)).configs(load_images("digits", Path()))) == 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (OWN.replace("latent =", "latnet ="), "[[train]] has no key `latnet`: near is latent"),
        (OWN.replace("title =", "titel ="), "the recipe has no key `titel`: near is title"),
        ('device = "cpu"\n' + OWN, "the recipe has no key `device`; there are title, question"),
        (OWN.replace("[2, 5]", '"two"'), "--latent takes whole numbers from 1 to 65536"),
        (OWN.replace("[2, 5]", "[[2]]"), "latent takes numbers or words, not [[2]]"),
        (OWN.replace("[2, 5]", "true"), "latent takes numbers or words, not True"),
        (OWN.replace('"digits"', '"mnist"', 1), "several datasets"),
        (OWN.replace("[[train]]", "[train]", 1).replace("[[train]]", "[other]"), "no key `other`"),
        ("title = 3\n[[train]]\nlatent = 2", "title is not a text"),
        ("choices = 3\n[[train]]\nlatent = 2", "choices is not a list"),
        ("title = 'none'", "it has no [[train]] table"),
        ("train = [1]", "train is not a [[train]] table"),
        ("claim = [1]\n[[train]]\nlatent = 2", "claim is not a [[claim]] table"),
        (OWN.replace("check =", "chek ="), "a [[claim]] has no check"),
        ("title = ", "Invalid value"),
        ("\x00", "Invalid statement"),
        ("#" * (recipes.MAX_BYTES + 1), "larger than 64 KiB"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(Problem) as caught:
        recipes.load(path)
    assert sentence in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_an_unknown_name_brings_the_nearest() -> None:
    with pytest.raises(Problem, match=r"no recipe `latent-sise`: near is latent-size, or name a .toml file"):
        recipes.load("latent-sise")
    with pytest.raises(Problem, match="there are ae-and-vae-tuning, ae-vs-vae"):
        recipes.load("zzz")


def test_a_file_that_is_not_there_or_cannot_name_folders(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"none.toml does not exist"):
        recipes.load(str(tmp_path / "none.toml"))
    with pytest.raises(Problem, match="its name becomes part of folders"):
        recipes.load(write(tmp_path, OWN, "my recipe.toml"))
