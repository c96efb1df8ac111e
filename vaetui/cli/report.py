"""`vaetui report`: write a report on the runs of a recipe, or on some runs."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.config import Config
from trainer.contract.datasets.registry import data_folder, is_here, load
from trainer.contract.files import Problem, clean
from trainer.contract.images import Images
from trainer.contract.run_dir import LATENTS, is_run
from vaetui import recipes
from vaetui.cli import evaluate
from vaetui.cli.messages import print_status
from vaetui.cli.table import Column, console_for, table
from vaetui.commands import command, first_of
from vaetui.format import name_or_count
from vaetui.recipes import Recipe
from vaetui.report import claims, write
from vaetui.report.data import ReportData, ReportRun, load_data
from vaetui.report.write import Written
from vaetui.runs import launch
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.lookup import command_on, find_runs
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run, read_run
from vaetui.settings import STORED


@dataclass(frozen=True)
class Folders:
    """The options --runs and --data, None where they are not given."""

    runs: Path | None
    data: Path | None


def report(
    texts: Sequence[str],
    folders: Folders,
    *,
    recipe: str,
    dataset: str,
    quick: bool,
    out: Path,
    evaluation: bool,
) -> int:
    """Write the report on the named runs, on all, or on those of a recipe; return the exit code."""
    plan = _of_recipe(recipe, dataset, folders, quick=quick) if recipe else _of_runs(texts, folders)
    write.check_folder(out)
    data = data_folder(folders.data)
    missing = [run for run in plan.runs if plan.needs_quality and not _has_quality(run)]
    if missing and evaluation:
        print_status(
            f"evaluating {_names(missing)} first, half a minute each on a CPU (--no-evaluate skips this)"
        )
        events, code = evaluate.measure(missing, data, device="auto", samples=0, quality=True)
        if evaluate.print_problems(events, code):
            return code
        plan = dataclasses.replace(plan, runs=tuple(read_run(run.path) for run in plan.runs))
    without_codes = [run for run in plan.runs if not (run.results / LATENTS).exists()]
    _suggest_evaluation(without_codes, data, "no latents of {}, so they are computed now", "saves them")
    unclassified = [run for run in plan.runs if not _has_quality(run)]
    _suggest_evaluation(unclassified, data, "no classifier figures of {}", "measures them")
    content = load_data(plan.runs, data, functools.partial(_report_data, plan))
    _print_results(write.write(content, out, print_status))
    return 0


def _suggest_evaluation(runs: Sequence[Run], data: Path, lack: str, effect: str) -> None:
    """Print what `runs`, if any, lack, and the command that adds it."""
    if runs:
        paths, some = first_of([run.path for run in runs])
        print_status(
            f"{lack.format(_names(runs))}: `{command_on('evaluate', paths, data=data)}` {effect}{some}"
        )


def _names(runs: Sequence[Run]) -> str:
    return name_or_count([run.name for run in runs])


@dataclass(frozen=True)
class Plan:
    """The runs of the report, before their models and images are read."""

    title: str
    runs: tuple[Run, ...]
    recipe: Recipe | None = None
    notes: tuple[str, ...] = ()

    @property
    def needs_quality(self) -> bool:
        """Whether there are claims, some of which need a classifier."""
        return self.recipe is not None and bool(self.recipe.claims)


def _report_data(plan: Plan, images: Images, subjects: tuple[ReportRun, ...]) -> ReportData:
    recipe = plan.recipe
    return ReportData(
        title=plan.title,
        question=recipe.question if recipe else "",
        choices=recipe.choices if recipe else (),
        claims=recipe.claims if recipe else (),
        is_quick=recipe.is_quick if recipe else False,
        dataset=plan.runs[0].config.data.name,
        images=images,
        subjects=subjects,
        notes=plan.notes,
    )


def _has_quality(run: Run) -> bool:
    return run.evaluation is not None and run.evaluation.quality is not None


def _of_recipe(text: str, dataset: str, folders: Folders, *, quick: bool) -> Plan:
    recipe = recipes.load(text, {"dataset": dataset} if dataset else None)
    recipe = recipe.quick() if quick else recipe
    claims.validate(recipe.claims)
    folder, images = checked_runs_folder(folders.runs), data_folder(folders.data)
    name = recipe.dataset
    if name == "auto":
        name = "mnist" if is_here("mnist", images) else "digits"
    configs = recipe.configs(load(name, images))
    paths = launch.run_paths(folder, configs, recipe.prefix)
    names = [clean(path.name) for path in paths]
    found = [read_run(path) if is_run(path) else None for path in paths]
    missing = [own for own, run in zip(names, found, strict=True) if run is None]
    unfinished = [f"{run.name} is {run.state}" for run in found if run and run.state != "finished"]
    if missing or unfinished:
        raise Problem(_untrained(text, dataset, missing, unfinished, len(names), folders, quick=quick))
    runs = tuple(run for run in found if run)
    for run in runs:
        _check_tested(run)
    notes = tuple(filter(None, map(_deviation, runs, configs)))
    return Plan(recipe.title, runs, recipe, notes)


def _untrained(
    text: str,
    dataset: str,
    missing: Sequence[str],
    unfinished: Sequence[str],
    count: int,
    folders: Folders,
    *,
    quick: bool,
) -> str:
    words = ["train", "--recipe", text, *(["--quick"] if quick else [])]
    words += ["--dataset", dataset] if dataset else []
    parts = []
    if missing:
        more = " …" if len(missing) > 3 else ""
        parts.append(f"{len(missing)} of its {count} runs missing ({', '.join(missing[:3])}{more})")
    if unfinished:
        parts.append(", ".join(unfinished[:3]) + (" …" if len(unfinished) > 3 else ""))
    trains = command(*words, runs=checked_runs_folder(folders.runs), data=data_folder(folders.data))
    return f"recipe {clean(text)} is not trained, {' and '.join(parts)}: `{trains}` trains the rest"


def _deviation(run: Run, target: Config) -> str:
    """Return in which settings a run differs from the recipe, "" if in none."""
    apart = [row.difference(run.config, target) for row in STORED if not row.is_requested]
    return f"{run.name} differs from the recipe: {'; '.join(filter(None, apart))}." if any(apart) else ""


def _of_runs(texts: Sequence[str], folders: Folders) -> Plan:
    folder = checked_runs_folder(folders.runs)
    if texts:
        runs = tuple(find_runs(folder, texts))
        for run in runs:
            _check_tested(run)
    else:
        runs = _tested(RunIndex(folder).runs)
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
    return Plan(f"{_names(runs)} on {datasets[0]}", runs)


def _tested(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return the runs with test figures, and print which are left out."""
    for run in runs:
        if run.evaluation is None:
            print_status(f"{run.name} is left out: it is {run.state} and has no test figures")
    return tuple(run for run in runs if run.evaluation is not None)


def _check_tested(run: Run) -> None:
    """Raise `Problem` for a run that is not finished, or has no test figures."""
    if run.state != "finished":
        raise Problem(
            f"{run.name} is {run.state}, and a report covers finished runs: training with the same options "
            "finishes it"
        )
    if run.evaluation is None:
        evaluate_it = command_on("evaluate", [run.path])
        raise Problem(f"{run.name} has no test figures: run `{evaluate_it}` first")


def _print_results(written: Written) -> None:
    """Print the results of the claims, and the files of the report."""
    if written.judged:
        console = console_for()
        columns = [
            Column("claim", [one.claim.text for one in written.judged], left=True),
            Column("answer", [one.verdict.answer for one in written.judged], left=True),
        ]
        console.print(table(columns, console.width))
        console.print()
    sys.stdout.write("".join(f"{clean(str(path))}\n" for path in written.files))
