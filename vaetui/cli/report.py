"""`vaetui report`: write a report on the runs of a recipe, or on some runs."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.config import Config
from trainer.contract.datasets.registry import data_folder, is_here, load
from trainer.contract.files import Problem, clean
from trainer.contract.run_dir import LATENTS, is_run
from vaetui import recipes
from vaetui.cli import evaluate
from vaetui.cli.messages import print_status
from vaetui.cli.table import Column, console_for, print_text, table
from vaetui.commands import command, first_of
from vaetui.format import name_or_count
from vaetui.recipes import Recipe
from vaetui.report import claims, write
from vaetui.report.data import ReportData, load_runs
from vaetui.report.write import Written
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.lookup import command_on, find_runs
from vaetui.runs.recipe_runs import find_recipe_runs, seeds_on_disk
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run, read_run
from vaetui.settings import STORED


def report(
    texts: Sequence[str],
    runs: Path | None,
    data: Path | None,
    *,
    recipe: str,
    dataset: str,
    quick: bool,
    out: Path,
    evaluation: bool,
    each: bool = False,
) -> int:
    """Write the report on the named runs, on all, or on those of a recipe; return the exit code."""
    folder, images = checked_runs_folder(runs), data_folder(data)
    plan = _of_recipe(recipe, dataset, folder, images, quick=quick) if recipe else _of_runs(texts, folder)
    write.check_folder(out)
    unclassified = [run for run in plan.runs if not _has_quality(run)]
    if unclassified and evaluation and plan.recipe and plan.recipe.claims:  # some claims need a classifier
        names = name_or_count([run.name for run in unclassified])
        print_status(f"evaluating {names} first, half a minute each on a CPU (--no-evaluate skips this)")
        events, code = evaluate.measure(unclassified, images, device="auto")
        if evaluate.print_problems(events, code):
            return code
        plan = dataclasses.replace(plan, runs=tuple(read_run(run.path) for run in plan.runs))
        unclassified = [run for run in plan.runs if not _has_quality(run)]
    without_codes = [run for run in plan.runs if not (run.results / LATENTS).exists()]
    _suggest_evaluation(without_codes, images, "no latents of {}, so they are computed now", "saves them")
    _suggest_evaluation(unclassified, images, "no classifier figures of {}", "measures them")
    _print_results(write.write(plan.report_data(images, each=each), out, print_status))
    return 0


def _has_quality(run: Run) -> bool:
    """Return whether a run has classifier figures with the floor of real images, as claims need them."""
    return run.evaluation is not None and bool(run.evaluation.quality and run.evaluation.quality.floor)


def _suggest_evaluation(runs: Sequence[Run], data: Path, lack: str, effect: str) -> None:
    """Print what `runs`, if any, lack, and the command that adds it."""
    if runs:
        names, (paths, some) = name_or_count([run.name for run in runs]), first_of([run.path for run in runs])
        print_status(f"{lack.format(names)}: `{command_on('evaluate', paths, data=data)}` {effect}{some}")


@dataclass(frozen=True)
class Plan:
    """The runs of the report, before their models and images are read."""

    title: str
    runs: tuple[Run, ...]
    recipe: Recipe | None = None
    notes: tuple[str, ...] = ()

    def report_data(self, data: Path, *, each: bool) -> ReportData:
        """Return the content of the report; load the runs, whose test images are in the folder `data`."""
        recipe = self.recipe
        return ReportData(
            title=self.title,
            question=recipe.question if recipe else "",
            choices=recipe.choices if recipe else (),
            claims=recipe.claims if recipe else (),
            is_quick=recipe.is_quick if recipe else False,
            runs=load_runs(self.runs, data, each=each),
            notes=self.notes,
            each=each,
        )


def _of_recipe(text: str, dataset: str, folder: Path, images: Path, *, quick: bool) -> Plan:
    recipe = recipes.load(text, {"dataset": dataset} if dataset else None)
    recipe = recipe.quick() if quick else recipe
    claims.validate(recipe.claims)
    name = recipe.dataset
    if name == "auto":
        name = "mnist" if is_here("mnist", images) else "digits"
    configs = recipe.configs(load(name, images))
    seeds = seeds_on_disk(folder, configs[0].data.name, recipe.prefix)
    of_recipe = find_recipe_runs(folder, configs, recipe.prefix, seeds)
    unread = [path for path in of_recipe.missing if is_run(path)]  # damaged: says why
    missing = [clean(path.name) for path in of_recipe.missing if not is_run(path)]
    runs = tuple(read_run(path) for path in (*of_recipe.found, *unread))
    unfinished = [f"{run.name} is {run.status_text}" for run in runs if run.state != "finished"]
    if missing or unfinished:
        parts = []
        if missing:
            names = f"{', '.join(missing[:3])}{' …' if len(missing) > 3 else ''}"
            parts.append(f"{len(missing)} of its {of_recipe.count} runs missing ({names})")
        if unfinished:
            parts.append(", ".join(unfinished[:3]) + (" …" if len(unfinished) > 3 else ""))
        words = ["--recipe", text, *(["--quick"] if quick else [])]
        words += ["--dataset", dataset] if dataset else []
        trains = command("train", *words, runs=folder, data=images)
        raise Problem(
            f"recipe {clean(text)} is not trained, {' and '.join(parts)}: `{trains}` trains the rest"
        )
    for run in runs:
        _check_tested(run)
    notes = tuple(filter(None, map(_deviation, runs, of_recipe.found.values())))
    return Plan(recipe.title, runs, recipe, notes)


def _deviation(run: Run, target: Config) -> str:
    """Return in which settings a run differs from the recipe, "" if in none."""
    apart = [row.difference(run.config, target) for row in STORED if not row.is_requested]
    return f"{run.name} differs from the recipe: {'; '.join(filter(None, apart))}." if any(apart) else ""


def _of_runs(texts: Sequence[str], folder: Path) -> Plan:
    runs = tuple(find_runs(folder, texts) if texts else RunIndex(folder).runs)
    for run in runs:
        if texts:
            _check_tested(run)
        elif run.evaluation is None:
            print_status(f"{run.name} is left out: it is {run.status_text} and has no test figures")
    runs = tuple(run for run in runs if run.evaluation)
    if not runs:
        trains = command("train", "--latent", "2,10", "--beta", "1,4", runs=folder)
        raise Problem(f"nothing to report on in {clean(str(folder))}: `{trains}` trains four")
    datasets = sorted({run.config.data.name for run in runs})
    if len(datasets) > 1:
        raise Problem(
            f"a report covers one data set, and these runs are of {', '.join(datasets)}: name some runs"
        )
    if len({run.config.data.checksum for run in runs}) > 1:
        raise Problem(
            f"these runs were trained on different images of the same name, {datasets[0]}: name some runs"
        )
    return Plan(f"{name_or_count([run.name for run in runs])} on {datasets[0]}", runs)


def _check_tested(run: Run) -> None:
    """Raise `Problem` for a run that is not finished, or has no test figures."""
    if run.state != "finished":
        raise Problem(
            f"{run.name} is {run.status_text}, and a report covers finished runs: training with the same "
            "options finishes it"
        )
    if run.evaluation is None:
        evaluate_it = command_on("evaluate", [run.path])
        raise Problem(f"{run.name} has no test figures: run `{evaluate_it}` first")


def _print_results(written: Written) -> None:
    """Print the results of the claims with their caveats, and the files of the report."""
    console = console_for()
    if written.judged:
        columns = [
            Column("claim", [one.claim.text for one in written.judged], left=True, wraps=True),
            Column("verdict", [one.answer for one in written.judged], left=True),
        ]
        console.print(table(columns, console.width))
        console.print()
    for caveat in written.caveats:
        print_text(console, f"{caveat}\n")
    sys.stdout.write("".join(f"{clean(str(path))}\n" for path in written.files))
