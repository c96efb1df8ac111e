"""What the app's report dialog can report on, and the arguments of the `vaetui report` that writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.datasets import registry
from vaetui import recipes
from vaetui.commands import command
from vaetui.format import plural
from vaetui.recipes import Recipe
from vaetui.runs.families import Family
from vaetui.runs.lookup import run_arguments
from vaetui.runs.recipe_runs import find_recipe_runs
from vaetui.runs.run_watcher import Run
from vaetui.runs.training_request import REPRODUCE

REPORTS = "reports"  # folder of the proposed folders


@dataclass(frozen=True)
class ReportSubject:
    """The runs of a family or of a recipe, as arguments of `vaetui report`.

    `state` says how many of its runs are ready, `about` describes it, `refusal` is a sentence on why there
    can be no report yet, "" if there can. `folder` is the name of the proposed folder.
    """

    title: str
    state: str
    about: str
    arguments: tuple[str, ...]
    folder: str
    refusal: str = ""


@dataclass(frozen=True)
class ReportRequest:
    """A report on `subject`, to be written into the folder `out`."""

    subject: ReportSubject
    out: Path

    def command(self, runs: Path, data: Path) -> str:
        """Return the command line that writes the same report."""
        return command("report", *self.subject.arguments, "--out", str(self.out), runs=runs, data=data)

    def words(self, runs: Path, data: Path) -> list[str]:
        """Return the words of that command line after `vaetui`, with every folder named in full."""
        folders = {"--out": self.out, "--runs": runs, "--data": data}
        options = [word for name, path in folders.items() for word in (name, str(path.absolute()))]
        return ["report", *self.subject.arguments, *options]


def subjects(runs_folder: Path, family: Family | None, runs: Sequence[Run]) -> list[ReportSubject]:
    """Return what a report can be on: the `family`, if any, and each recipe, full and quick.

    `runs` are all of `runs_folder`. Reads the recipes, and the names of the runs.
    """
    listed = [_of_family(family, runs)] if family else []
    return listed + [_of_recipe(recipe, runs_folder, runs) for recipe in _recipes()]


def _recipes() -> Iterator[Recipe]:
    for name in recipes.names():
        recipe = recipes.load(name)
        yield from (recipe, recipe.quick())


def _of_family(family: Family, runs: Sequence[Run]) -> ReportSubject:
    tested = [run for run in family.runs if run.evaluation]
    paths = {run.path for run in tested}
    is_all = all(run.path in paths for run in runs if run.evaluation)  # then none has to be named
    refusal = "no run of this family has test figures: they are measured at the end of a training (t)"
    count = f"{len(tested)} of {len(family.runs)}"
    return ReportSubject(
        "this family",
        f"{count} with test figures",
        family.title,
        () if is_all else tuple(run_arguments(tested)),
        re.sub(r"[^\w.]+", "-", family.title),
        "" if tested else refusal,
    )


def _of_recipe(recipe: Recipe, runs_folder: Path, runs: Sequence[Run]) -> ReportSubject:
    configs = recipe.configs(registry.blank(recipe.dataset))
    of_recipe = find_recipe_runs(
        runs_folder, configs, recipe.prefix, {run.path: run.config.seed for run in runs}
    )
    own, count = [run for run in runs if run.path in of_recipe.found], of_recipe.count
    finished, rest, refusal = sum(run.state == "finished" for run in own), "", ""
    if finished < count:
        is_training = any(run.alive or run.waiting for run in own)
        these = "the rest" if finished else "them" if count > 1 else "it"
        rest = "the others are in training" if is_training else f"t trains {these}"
        where = "" if is_training else f" ({REPRODUCE}{', quick' if recipe.is_quick else ''})"
        refusal = f"{recipe.prefix} has {finished} of {plural(count, 'run')} finished: {rest}{where}"
    return ReportSubject(
        f"{recipe.name}{', quick' if recipe.is_quick else ''}",
        ": ".join(filter(None, (f"{finished} of {count} finished", rest))),
        f"{recipe.title}. {recipe.question}",
        ("--recipe", recipe.name, *(["--quick"] if recipe.is_quick else [])),
        recipe.prefix,
        refusal,
    )
