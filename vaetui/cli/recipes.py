"""`vaetui recipes`: list the published experiments and the commands that reproduce them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich.text import Text

from trainer.contract.datasets.sources import SOURCES
from trainer.contract.images import split
from vaetui import recipes as published
from vaetui.cli.table import console_for, print_text
from vaetui.commands import command
from vaetui.format import plural, thousands
from vaetui.recipes import Recipe


def recipes(runs: Path | None, data: Path | None, *, quick: bool, as_json: bool) -> int:
    """List the recipes; return the exit code."""
    loaded = [published.load(name) for name in published.names()]
    facts = [_facts(recipe.quick() if quick else recipe, runs, data) for recipe in loaded]
    if as_json:
        sys.stdout.write(json.dumps(facts, indent=1) + "\n")
        return 0
    console = console_for()
    for number, fact in enumerate(facts):
        images = fact["images"]
        length = f", {thousands(images)} training images in all" if images is not None else ""
        size = f"{plural(fact['models'], 'model')} on {fact['dataset']}, {plural(fact['epochs'], 'epoch')}"
        gap = "\n" if number else ""
        print_text(console, f"{gap}{fact['name']}: {fact['title']}", "bold")
        print_text(console, f"{fact['question']}\n{size}{length}")
        for line in (fact["train"], fact["report"]):
            console.print(Text(f"$ {line}"), soft_wrap=True)  # whole, so that it can be copied
    return 0


def _facts(recipe: Recipe, runs: Path | None, data: Path | None) -> dict[str, Any]:
    quick = ["--quick"] if recipe.is_quick else []
    words = ["--recipe", recipe.name, *quick]
    return {
        "name": recipe.name,
        "title": recipe.title,
        "question": recipe.question,
        "dataset": recipe.dataset,
        "models": recipe.models,
        "epochs": recipe.epochs,
        "images": _images(recipe),
        "train": command("train", *words, runs=runs, data=data),
        "report": command("report", *words, "--out", recipe.prefix, runs=runs, data=data),
    }


def _images(recipe: Recipe) -> int | None:
    """Return the training images of all models and epochs together, None for a dataset of unknown size."""
    source = SOURCES.get(recipe.dataset)
    if source is None:
        return None
    return sum(
        grid.count() * int(grid["epochs"]) * len(split(source.train.used, grid["val-fraction"], 0)[0])
        for grid in recipe.grids
    )
