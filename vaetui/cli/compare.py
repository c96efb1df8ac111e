"""`vaetui compare`: rank models with comparable figures, and print which one validation chooses."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trainer.contract.files import Problem, clean
from trainer.contract.metrics import Figures
from vaetui.cli.messages import print_error, print_status
from vaetui.cli.table import Column, console_for, print_text, table
from vaetui.commands import command, first_of
from vaetui.format import fixed, fixed_or, interval, name_or_count, signed
from vaetui.runs import compare as figures
from vaetui.runs.compare import ComparedRun
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.intervals import LEVEL, Interval
from vaetui.runs.lookup import command_on, find_runs
from vaetui.runs.ranking import (
    RunRanking,
    comparable_groups,
    comparable_models,
    image_metrics,
    rank_runs,
)
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run

_FIGURES = ("distortion", "rate", "elbo", "mse")
_OF_VAES = ("rate", "elbo")


def compare(texts: Sequence[str], runs: Path | None, *, each: bool, as_json: bool, as_csv: bool) -> int:
    """Compare the models of the named runs, or of all, with `each` the runs; return the exit code."""
    folder = checked_runs_folder(runs)
    index = None if texts else RunIndex(folder)
    chosen = index.runs if index else find_runs(folder, texts)
    measured = list(filter(_has_figures, chosen))
    if not measured:
        trains = command("train", "--latent", "2,10", "--beta", "1,4", runs=folder)
        raise Problem(f"nothing to compare in {clean(str(folder))}: `{trains}` trains four")
    groups = comparable_groups(measured) if each else comparable_models(measured)
    rankings = [ranking for group in groups for ranking in rank_runs(group)]
    if as_json:
        sys.stdout.write(json.dumps([_facts(ranking) for ranking in rankings], indent=1) + "\n")
    elif as_csv:
        _write_csv(rankings)
    else:
        _print(rankings)
    for run in chosen:
        if run.problem:
            print_error(run.problem)
        elif not _has_figures(run):
            print_status(f"{run.name} has no figures yet: it is {run.status_text}")
    for _, problem in index.problems if index else ():
        print_error(problem)
    _print_notes(rankings, "leave out --each" if each else "train more seeds with --seed 0,1,2")
    return 0


def _has_figures(run: Run) -> bool:
    return bool(run.epochs or run.evaluation)


def _print(rankings: Sequence[RunRanking]) -> None:
    console = console_for()
    for ranking in rankings:
        protocol, names = ranking.base.protocol, _names(ranking)
        kind = "VAEs, by −ELBO" if ranking.is_of_vaes else "autoencoders, by distortion"
        print_text(console, f"\n{protocol.dataset}, {protocol.description}: {kind}; nats per image\n")
        console.print(table(_columns(ranking, names), console.width))
        entry, reason = ranking.choice.entry, ranking.choice.reason
        chosen = f"chosen: {names[entry.path]} ({reason})" if entry else reason
        print_text(console, f"\n{chosen}")


def _columns(ranking: RunRanking, names: Mapping[Path, str]) -> list[Column]:
    entries = ranking.entries
    is_vae, metric = ranking.is_of_vaes, "−ELBO" if ranking.is_of_vaes else "distortion"
    has_seeds = any(entry.members for entry in entries)
    epochs = [figures.epochs_cell(entry, ranking.base) for entry in entries]
    differences = [ranking.differences.get(entry.path) for entry in entries]
    means = [entry.mse_posterior_mean if is_vae else None for entry in entries]
    return [
        Column("", ["›" if entry is ranking.choice.entry else "" for entry in entries]),
        Column("run", [names[entry.path] for entry in entries], left=True, shrinks=True),
        Column("epochs", epochs, drop=0 if ranking.epochs_notes else 4),
        Column("n", [str(entry.count) if has_seeds else "" for entry in entries]),
        Column(
            f"{ranking.base.protocol.split} {metric}", [_spread(e, lambda one: one.metric) for e in entries]
        ),
        Column("worse by", [signed(one.mean) if one else "" for one in differences]),
        Column(f"{LEVEL:.0%} interval", [_ends(one) for one in differences], drop=1),
        Column(
            "distortion",
            [_spread(e, lambda one: one.figures.distortion) if is_vae else "" for e in entries],
            drop=3,
        ),
        Column("rate", [_spread(e, lambda one: one.figures.rate) if is_vae else "" for e in entries], drop=2),
        Column("MSE draw" if is_vae else "MSE", [fixed(entry.figures.mse, 4) for entry in entries], drop=6),
        Column("MSE mean", [fixed_or(mse, 4) for mse in means], drop=7),
        Column("active", [f"{entry.active_text}/{entry.latent}" for entry in entries], drop=8),
        Column(
            f"{figures.VALIDATION} {metric}",
            [_spread(entry, lambda one: one.validation_metric) for entry in entries],
            drop=5,
        ),
    ]


def _spread(entry: ComparedRun, read: Callable[[ComparedRun], float | None]) -> str:
    """Format a figure, over several seeds as mean and standard deviation; "" where there is none."""
    spread = entry.spread(read)
    return spread.text() if spread else ""


def _ends(difference: Interval | None) -> str:
    if difference is None:
        return ""
    return f"{interval(difference.low, difference.high)}{'' if difference.is_clear else ' (may be 0)'}"


def _names(ranking: RunRanking) -> dict[Path, str]:
    """Return the name of each model by the path of its first run, with its folder where names are equal."""
    counts = Counter(entry.run_name for entry in ranking.entries)
    return {
        entry.path: entry.run_name
        if counts[entry.run_name] == 1
        else f"{clean(entry.path.parent.name)}/{entry.run_name}"
        for entry in ranking.entries
    }


def _print_notes(rankings: Sequence[RunRanking], mend: str) -> None:
    """Print which runs had other epochs, are ranked separately, or have no intervals, and what these hold."""
    first = rankings[0].base.protocol
    for note in (note for ranking in rankings for note in ranking.epochs_notes):
        print_status(note)
    for ranking in rankings[1:]:
        protocol = ranking.base.protocol
        if not protocol.matches(first):
            apart = figures.protocol_difference(protocol, first)
            print_status(f"{_few(ranking.entries)} ranked separately: {apart}")
    if any(ranking.differences.keys() - ranking.over_seeds for ranking in rankings):
        print_status(
            "intervals of models of one seed are of the test images only, and say nothing on other seeds: "
            f"{mend}"
        )
    lacking = [entry for ranking in rankings for entry in _without_interval(ranking)]
    if lacking:
        paths, some = first_of([entry.path for entry in lacking])
        evaluates = command_on("evaluate", paths)
        print_status(f"no intervals for {_few(lacking)}: `{evaluates}` measures every test image{some}")


def _without_interval(ranking: RunRanking) -> list[ComparedRun]:
    """Return the runs of a single seed that lack figures of every test image for their interval."""
    if len(ranking.entries) == 1 or ranking.base.members or ranking.base.protocol.split != figures.TEST:
        return []
    single = [entry for entry in ranking.entries if entry.path not in ranking.over_seeds]
    return [entry for entry in single if image_metrics(entry) is None] if len(single) > 1 else []


def _few(entries: Sequence[ComparedRun]) -> str:
    return name_or_count([entry.run_name for entry in entries])


def _facts(ranking: RunRanking) -> dict[str, Any]:
    return {
        "protocol": dataclasses.asdict(ranking.base.protocol),
        "ranked_by": "−ELBO" if ranking.is_of_vaes else "distortion",
        "choice": {
            "run": ranking.choice.entry.run_name if ranking.choice.entry else None,
            "reason": ranking.choice.reason,
        },
        "compared_with": ranking.base.run_name,
        "runs": [
            _row(ranking, entry) | {"members": [_member(member) for member in entry.by_seed.values()]}
            for entry in ranking.entries
        ],
    }


def _row(ranking: RunRanking, entry: ComparedRun) -> dict[str, Any]:
    difference, is_vae = ranking.differences.get(entry.path), entry.beta is not None
    spread = entry.spread(lambda one: one.metric)
    over = "seeds" if entry.path in ranking.over_seeds else "images"
    return {
        "run": entry.run_name,
        "path": str(entry.path),
        "kind": "vae" if is_vae else "ae",
        "latent": entry.latent,
        "beta": entry.beta,
        "epoch": entry.epoch,
        "epochs": entry.epochs,
        **_measured(entry.figures, is_vae=is_vae),
        "mse_posterior_mean": entry.mse_posterior_mean,
        "active_units": entry.active_units,
        **{f"validation_{name}": value for name, value in _measured(entry.validation, is_vae=is_vae).items()},
        "metric": entry.metric,
        "validation": entry.validation_metric,
        "worse_by": difference.mean if difference else None,
        "low": difference.low if difference else None,
        "high": difference.high if difference else None,
        "interval_over": over if difference else None,
        "seeds": list(entry.by_seed),
        "n": entry.count,
        "metric_sd": spread.deviation if spread else None,
    }


def _member(entry: ComparedRun) -> dict[str, Any]:
    """Return the run of one seed for JSON."""
    return {
        "run": entry.run_name,
        "path": str(entry.path),
        "seed": entry.config.seed,
        "metric": entry.metric,
        "validation": entry.validation_metric,
    }


def _measured(found: Figures | None, *, is_vae: bool) -> dict[str, float | None]:
    """Return figures by name as in `ls --json`; None where there are none, and no rate of an autoencoder."""
    values = dict.fromkeys(_FIGURES) if found is None else dataclasses.asdict(found)
    return {name: values[name] if is_vae or name not in _OF_VAES else None for name in _FIGURES}


def _write_csv(rankings: Sequence[RunRanking]) -> None:
    rows = [
        dataclasses.asdict(ranking.base.protocol)
        | _row(ranking, entry)
        | {"seeds": ",".join(map(str, entry.by_seed))}
        | {"chosen": entry is ranking.choice.entry}
        for ranking in rankings
        for entry in ranking.entries
    ]
    writer = csv.DictWriter(sys.stdout, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
