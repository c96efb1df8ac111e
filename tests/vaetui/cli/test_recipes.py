"""`vaetui recipes`: what it lists of each experiment, and commands that can be run."""

import json
import shlex
from pathlib import Path

from tests.vaetui.cli.shell import call
from vaetui import recipes


def test_every_experiment_is_listed_with_its_question_and_commands(runs: Path) -> None:
    text = " ".join(call("recipes", "--runs", runs).stdout.split())
    for name in recipes.names():
        recipe = recipes.load(name)
        assert f"{name}: {recipe.title} {recipe.question} {recipe.models} model" in text
        assert f"$ vaetui train --recipe {name} --runs {runs}" in text
        assert f"$ vaetui report --recipe {name} --out {name} --runs {runs}" in text
    assert "15 models on mnist, 20 epochs, 16 200 000 training images in all" in text


def test_json_has_what_is_trained(runs: Path) -> None:
    rows = {row["name"]: row for row in json.loads(call("recipes", "--quick", "--json").stdout)}
    assert sorted(rows) == list(recipes.names())
    row = rows["latent-size"]
    assert (row["models"], row["epochs"], row["images"], row["dataset"]) == (15, 2, 15 * 2 * 54_000, "mnist")
    assert shlex.split(row["train"])[1:] == ["train", "--recipe", "latent-size", "--quick"]
    out = call(*shlex.split(row["train"])[1:], "--dataset", "digits", "--runs", runs, "--dry-run")
    assert out.returncode == 0
    assert "latent-size-quick-z5" in out.stdout + out.stderr
