"""What `vaetui train` says before it trains: the dry run's table and the announcement."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests import tiny
from tests.vaetui.cli.shell import call, complaint
from trainer.contract.images import Dataset, Images
from trainer.contract.run_dir import STATE
from vaetui.cli.train import plan
from vaetui.runs import launch
from vaetui.runs.queue import PlannedRun
from vaetui.runs.training_request import plan_sentences
from vaetui.training_grid import configs, parse


def tasks(runs: Path, texts: dict[str, str]) -> list[PlannedRun]:
    part = Images(np.zeros((1000, 784), np.uint8), np.zeros(1000, np.uint8))
    dataset = Dataset("mnist", part, part, "c0ffee")
    return launch.plan_runs(runs, configs(parse(texts), dataset), False, None)


def table(planned: Sequence[PlannedRun], width: int) -> list[list[str]]:
    console = Console(width=width, color_system=None, force_terminal=True)
    with console.capture() as capture:
        console.print(plan(planned, width))
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    return [line.split() for line in lines]


@pytest.mark.parametrize(
    ("texts", "columns", "cells"),
    [
        ({}, [], []),
        ({"latent": "2,5", "lr": "3e-4", "seed": "7", "batch-size": "64"}, [], []),
        ({"seed": "0,7"}, ["seed"], [["0"], ["7"]]),
        ({"batch-size": "128,64"}, ["batch"], [["128"], ["64"]]),
        ({"lr": "1e-3,3e-4"}, ["lr"], [["0.001"], ["0.0003"]]),
        (
            {"seed": "0,7", "lr": "1e-3,3e-4"},
            ["seed", "lr"],
            [["0", "0.001"], ["0", "0.0003"], ["7", "0.001"], ["7", "0.0003"]],
        ),
    ],
)
def test_the_dry_run_has_a_column_for_what_varies_and_for_nothing_else(
    runs: Path, texts: dict[str, str], columns: list[str], cells: list[list[str]]
) -> None:
    heading, *rows = table(tasks(runs, texts), 200)
    assert heading == ["run", "epochs", *columns, "dataset", "train", "val", "test"]
    shown = [row[5 : 5 + len(columns)] for row in rows]
    assert not columns or shown == cells


@pytest.mark.parametrize("width", [80, 120])
def test_the_widest_grid_is_readable(runs: Path, width: int) -> None:
    texts = {"batch-size": "64,128", "seed": "0,1", "lr": "1e-3,3e-4", "latent": "2,100"}
    heading, *rows = table(tasks(runs, texts), width)
    assert len(rows) == 16
    assert heading[:5] == ["run", "epochs", "seed", "batch", "lr"]
    assert ("test" in heading) == (width == 120)


def test_the_dry_run_says_which_runs_patience_has_ended(runs: Path) -> None:
    made = [tiny.config(latent=latent, epochs=50, patience=3) for latent in (2, 5, 10)]
    tiny.make(runs, made[0], done=12, early=True)
    tiny.make(runs, made[1])
    planned = launch.plan_runs(runs, made, False, None)
    rows = table(planned, 80)[1:]
    assert rows[0][1:6] == ["finished", "early", "12", "→", "12"]
    assert rows[1][1:5] == ["finished", "50", "→", "50"]
    assert rows[2][1:5] == ["new", "0", "→", "50"]


def test_resumed_and_early_stopped_runs_are_announced_separately(runs: Path) -> None:
    made = [tiny.config(latent=latent, epochs=50, patience=3) for latent in (2, 3, 5, 10, 20)]
    for early in made[:2]:
        tiny.make(runs, early, done=12, early=True)
    tiny.make(runs, made[2])
    stopped = tiny.make(runs, made[3], state="stopped", done=7)
    (stopped / STATE).touch()
    assert plan_sentences(launch.plan_runs(runs, made, False, None)) == [
        "training 2 models on digits: 1 258 images, 180 for validation",
        f"{stopped.name}: continuing with epoch 8",
        f"finished already: {made[2].name}; raise --epochs to continue, or --force to retrain",
        "finished already by early stopping: 2 runs; --force to retrain",
    ]


def test_a_dry_run_of_every_option_plans_it_and_writes_nothing(runs: Path) -> None:
    words = "--dataset digits --loss mse --optimizer adamw --lr 1e-3,3e-4 --seed 0,1 --batch-size 64,128"
    words += " --binarize dynamic --precision bf16 --beta-warmup 5 --patience 3 --keep best --kind vae,ae"
    result = call("train", *words.split(), "--dry-run", "--runs", runs)
    assert (result.returncode, result.stderr) == (0, "")
    names = [line.split()[0] for line in result.stdout.splitlines()[1:]]
    assert len(set(names)) == len(names) == 16
    assert names[0] == "vae-z10-b1-mse-s0-bs64-adamw-dynamic-w5-p3-best-bf16"
    assert names[1] == "ae-z10-mse-s0-bs64-adamw-dynamic-p3-best-bf16"
    assert not list(runs.iterdir())


def test_old_names_stay_those_of_the_defaults() -> None:
    part = Images(np.zeros((1000, 784), np.uint8), np.zeros(1000, np.uint8))
    (config,) = configs(parse({}), Dataset("mnist", part, part, "c0ffee"))
    assert config.name == "vae-z10-b1-bce-s0"
    assert dataclasses.replace(config, precision="fp32").name == "vae-z10-b1-bce-s0-fp32"


# --- recipes


def latent_sizes(prefix: str) -> list[str]:
    """The names of the runs of the recipe latent-size, seed by seed."""
    return [f"{prefix}-z{z}-b1-s{seed}" for seed in range(3) for z in (5, 10, 20, 30, 50)]


def test_a_recipe_plans_its_runs_under_its_own_name(runs: Path) -> None:
    result = call("train", "--recipe", "latent-size", "--dataset", "digits", "--runs", runs, "--dry-run")
    assert result.returncode == 0
    rows = [line.split() for line in result.stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == latent_sizes("latent-size")
    assert all(row[2:5] == ["0", "→", "20"] for row in rows)


def test_a_quick_recipe_has_a_tenth_of_the_epochs_in_runs_of_its_own(runs: Path) -> None:
    words = ("--recipe", "latent-size", "--quick", "--dataset", "digits", "--runs", runs, "--dry-run")
    rows = [line.split() for line in call("train", *words).stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == latent_sizes("latent-size-quick")
    assert all(row[2:5] == ["0", "→", "2"] for row in rows)


def test_only_what_is_said_beside_a_recipe_wins_over_it(runs: Path) -> None:
    """The defaults of options that nobody named must not."""
    words = ("--recipe", "ae-vs-vae", "--epochs", "3", "--dataset", "digits", "--runs", runs, "--dry-run")
    rows = [line.split() for line in call("train", *words).stdout.splitlines()[1:]]
    assert len(rows) == 36
    assert {row[4] for row in rows} == {"3"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--quick",), "--quick shortens a recipe: name one with --recipe"),
        (("--recipe", "classic", "--name", "mine"), "a recipe names its runs itself: leave --name out"),
    ],
)
def test_what_does_not_go_with_a_recipe(words: tuple[str, ...], sentence: str) -> None:
    result = call("train", *words)
    assert (result.returncode, complaint(result)) == (2, sentence)


def test_an_unknown_recipe_brings_the_nearest() -> None:
    result = call("train", "--recipe", "latent-sizes")
    assert result.returncode == 1
    assert complaint(result).startswith("there is no recipe `latent-sizes`: near is latent-size")
