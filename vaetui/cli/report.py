"""`vaetui report`: the write-up of a recipe, or of some runs."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.contract.config import Config
from trainer.contract.datasets.registry import data_folder, is_here, load
from trainer.contract.files import Problem, clean
from trainer.contract.images import Images
from trainer.contract.run_dir import LATENTS, is_run
from vaetui import recipes
from vaetui.cli import evaluate
from vaetui.cli.say import narrate
from vaetui.cli.table import Column, console_for, table
from vaetui.commands import command, first_of
from vaetui.recipes import Recipe
from vaetui.report import claims, write
from vaetui.report.material import Material, Subject, gather
from vaetui.report.write import Written
from vaetui.runs import launch
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.lookup import command_on, find_runs
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run, read_run
from vaetui.settings import LOSS_OF


@dataclass(frozen=True)
class Places:
    """Where the user said that runs and images are, None where not."""

    runs: Path | None
    data: Path | None


def report(
    texts: Sequence[str],
    places: Places,
    *,
    recipe: str,
    dataset: str,
    quick: bool,
    out: Path,
    evaluation: bool,
) -> int:
    """Write the report on the named runs, on all, or on those of a recipe; returns the exit code."""
    plan = _of_recipe(recipe, dataset, places, quick=quick) if recipe else _of_runs(texts, places)
    write.check_folder(out)
    lacking = [run for run in plan.runs if plan.wants_quality and not _has_quality(run)]
    if lacking and evaluation:
        count = f"{len(lacking)} runs" if len(lacking) > 1 else lacking[0].name
        narrate(
            f"a classifier looks at {count} first, half a minute each on a CPU (--no-evaluate leaves that)"
        )
        code = _evaluate(lacking, places)
        if code:
            return code
        plan = dataclasses.replace(plan, runs=tuple(read_run(run.path) for run in plan.runs))
    bare = [run for run in plan.runs if not (run.results / LATENTS).exists()]
    if bare:
        paths, some = first_of([run.path for run in bare])
        words = command_on("evaluate", paths, data=data_folder(places.data))
        which = f"{len(bare)} runs have" if len(bare) > 1 else f"{bare[0].name} has"
        narrate(f"{which} no latents, so they are computed here: run `{words}` first to keep them{some}")
    unseen = [run for run in plan.runs if not _has_quality(run)]
    if unseen:
        paths, some = first_of([run.path for run in unseen])
        words = command_on("evaluate", paths, data=data_folder(places.data))
        which = f"{len(unseen)} runs" if len(unseen) > 1 else unseen[0].name
        narrate(f"no classifier figures of {which}: `{words}` measures them{some}")
    material = gather(plan.runs, data_folder(places.data), functools.partial(_material, plan))
    written = write.write(material, out, narrate)
    _tell(written)
    return 0


@dataclass(frozen=True)
class Plan:
    """What the report is about, before anything large is read."""

    title: str
    runs: tuple[Run, ...]
    recipe: Recipe | None = None
    notes: tuple[str, ...] = ()

    @property
    def wants_quality(self) -> bool:
        """Whether there are claims, some of which a classifier decides."""
        return self.recipe is not None and bool(self.recipe.claims)


def _material(plan: Plan, images: Images, subjects: tuple[Subject, ...]) -> Material:
    recipe = plan.recipe
    return Material(
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


def _evaluate(runs: Sequence[Run], places: Places) -> int:
    hearing, code = evaluate.measure(runs, data_folder(places.data), device="auto", samples=0, quality=True)
    return evaluate.told(hearing, code)


# --- the runs of a recipe -----------------------------------------------------------------------------


def _of_recipe(text: str, dataset: str, places: Places, *, quick: bool) -> Plan:
    recipe = recipes.load(text, {"dataset": dataset} if dataset else None)
    recipe = recipe.quick() if quick else recipe
    claims.check(recipe.claims)
    folder, images = checked_runs_folder(places.runs), data_folder(places.data)
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
        raise Problem(_untrained(text, dataset, missing, unfinished, len(names), places, quick=quick))
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
    places: Places,
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
    trains = command(*words, runs=checked_runs_folder(places.runs), data=data_folder(places.data))
    return f"recipe {clean(text)} is not trained, {' and '.join(parts)}: `{trains}` trains what is left"


def _deviation(run: Run, wanted: Config) -> str:
    """What a run was trained with instead of what the recipe says, "" if as it says."""
    own, its = _settings(run.config), _settings(wanted)
    apart = [f"{key} {own[key]}, not {its[key]}" for key in own if own[key] != its[key]]
    return f"{run.name} was not trained as the recipe says: {'; '.join(apart)}." if apart else ""


def _settings(config: Config) -> Mapping[str, Any]:
    optimiser, data = config.optimiser, config.data
    return {
        "kind": config.model.kind,
        "z": config.model.latent,
        "hidden": config.model.hidden,
        "loss": LOSS_OF[config.objective.likelihood],
        "β": config.objective.beta,
        "warm-up": config.objective.beta_warmup,
        "optimiser": optimiser.name,
        "weight decay": optimiser.weight_decay,
        "rate": optimiser.lr,
        "batch size": optimiser.batch_size,
        "epochs": optimiser.epochs,
        "patience": optimiser.patience,
        "keep": optimiser.keep,
        "seed": config.seed,
        "binarization": data.binarize,
        "training images": data.train,
        "validation images": data.val,
        "images of checksum": data.checksum[:6],
    }


# --- some runs ----------------------------------------------------------------------------------------


def _of_runs(texts: Sequence[str], places: Places) -> Plan:
    folder = checked_runs_folder(places.runs)
    if texts:
        runs = tuple(find_runs(folder, texts))
        for run in runs:
            _check_tested(run)
    else:
        runs = _tested(RunIndex(folder).runs)
    if not runs:
        trains = command("train", "--latent", "2,10", "--beta", "1,4", runs=folder)
        raise Problem(f"nothing to report on in {clean(str(folder))}: `{trains}` trains")
    datasets = sorted({run.config.data.name for run in runs})
    if len(datasets) > 1:
        raise Problem(
            f"a report is about one data set, and these runs are of {', '.join(datasets)}: name some runs"
        )
    if len({run.config.data.checksum for run in runs}) > 1:
        raise Problem(
            f"these runs were trained on different images that are called {datasets[0]}: name some runs"
        )
    title = f"{len(runs)} runs on {datasets[0]}" if len(runs) > 1 else f"{runs[0].name} on {datasets[0]}"
    return Plan(title, runs)


def _tested(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Those that have test figures; the others are named."""
    for run in runs:
        if run.evaluation is None:
            narrate(f"{run.name} is left out: it is {run.state} and has no test figures")
    return tuple(run for run in runs if run.evaluation is not None)


def _check_tested(run: Run) -> None:
    """Raise `Problem` where a run is not finished, or finished and not tested."""
    if run.state != "finished":
        raise Problem(
            f"{run.name} is {run.state}, and a report is about finished runs: training with the same options "
            "finishes it"
        )
    if run.evaluation is None:
        evaluate_it = command_on("evaluate", [run.path])
        raise Problem(f"{run.name} has no test figures: run `{evaluate_it}` first")


# --- words ----------------------------------------------------------------------------------------------


def _tell(written: Written) -> None:
    """Print what came of the claims, and where the report lies."""
    if written.judged:
        console = console_for()
        columns = [
            Column("claim", [one.claim.text for one in written.judged], left=True),
            Column("answer", [one.verdict.answer for one in written.judged], left=True),
        ]
        console.print(table(columns, console.width))
        console.print()
    sys.stdout.write("".join(f"{clean(str(path))}\n" for path in written.files))
