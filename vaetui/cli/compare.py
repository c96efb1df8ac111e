"""`vaetui compare`: rank runs with comparable figures, and print which one validation chooses."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
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
    image_metrics,
    rank_runs,
)
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run

_FIGURES = ("distortion", "rate", "elbo", "mse")
_OF_VAES = ("rate", "elbo")


def compare(texts: Sequence[str], runs: Path | None, *, as_json: bool, as_csv: bool) -> int:
    """Compare the named runs, or all; return the exit code."""
    folder = checked_runs_folder(runs)
    index = None if texts else RunIndex(folder)
    chosen = index.runs if index else find_runs(folder, texts)
    measured = list(filter(_has_figures, chosen))
    if not measured:
        trains = command("train", "--latent", "2,10", "--beta", "1,4", runs=folder)
        raise Problem(f"nothing to compare in {clean(str(folder))}: `{trains}` trains four")
    rankings = [ranking for group in comparable_groups(measured) for ranking in rank_runs(group)]
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
    _print_notes(rankings)
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
    epochs = [figures.epochs_cell(entry, ranking.base) for entry in entries]
    differences = [ranking.differences.get(entry.path) for entry in entries]
    means = [entry.mse_posterior_mean if is_vae else None for entry in entries]
    return [
        Column("", ["›" if entry is ranking.choice.entry else "" for entry in entries]),
        Column("run", [names[entry.path] for entry in entries], left=True, shrinks=True),
        Column("epochs", epochs, drop=0 if ranking.epochs_notes else 4),
        Column(f"{ranking.base.protocol.split} {metric}", [fixed(entry.metric) for entry in entries]),
        Column("worse by", [signed(one.mean) if one else "" for one in differences]),
        Column(f"{LEVEL:.0%} interval", [_ends(one) for one in differences], drop=1),
        Column(
            "distortion", [fixed(entry.figures.distortion) if is_vae else "" for entry in entries], drop=3
        ),
        Column("rate", [fixed(entry.figures.rate) if is_vae else "" for entry in entries], drop=2),
        Column("MSE draw" if is_vae else "MSE", [fixed(entry.figures.mse, 4) for entry in entries], drop=6),
        Column("MSE mean", [fixed_or(mse, 4) for mse in means], drop=7),
        Column("active", [f"{entry.active_units}/{entry.latent}" for entry in entries], drop=8),
        Column(
            f"{figures.VALIDATION} {metric}",
            [fixed_or(entry.validation_metric) for entry in entries],
            drop=5,
        ),
    ]


def _ends(difference: Interval | None) -> str:
    if difference is None:
        return ""
    return f"{interval(difference.low, difference.high)}{'' if difference.is_clear else ' (may be 0)'}"


def _names(ranking: RunRanking) -> dict[Path, str]:
    """Return the name of each run, with its folder where names are equal."""
    paths = [entry.path for entry in ranking.entries]
    counts = Counter(path.name for path in paths)
    return {
        path: clean(path.name if counts[path.name] == 1 else f"{path.parent.name}/{path.name}")
        for path in paths
    }


def _print_notes(rankings: Sequence[RunRanking]) -> None:
    """Print which runs had other epochs, are ranked separately, or have no intervals, and why."""
    first = rankings[0].base.protocol
    for note in (note for ranking in rankings for note in ranking.epochs_notes):
        print_status(note)
    for ranking in rankings[1:]:
        protocol = ranking.base.protocol
        if not protocol.matches(first):
            apart = figures.protocol_difference(protocol, first)
            print_status(f"{_few(ranking.entries)} ranked separately: {apart}")
    lacking = [
        entry
        for ranking in rankings
        if len(ranking.entries) > 1 and ranking.base.protocol.split == figures.TEST
        for entry in ranking.entries
        if image_metrics(entry) is None
    ]
    if lacking:
        paths, some = first_of([entry.path for entry in lacking])
        evaluates = command_on("evaluate", paths)
        print_status(f"no intervals for {_few(lacking)}: `{evaluates}` measures every test image{some}")


def _few(entries: Sequence[ComparedRun]) -> str:
    return name_or_count([clean(entry.path.name) for entry in entries])


def _facts(ranking: RunRanking) -> dict[str, Any]:
    return {
        "protocol": dataclasses.asdict(ranking.base.protocol),
        "ranked_by": "−ELBO" if ranking.is_of_vaes else "distortion",
        "choice": {
            "run": clean(ranking.choice.entry.path.name) if ranking.choice.entry else None,
            "reason": ranking.choice.reason,
        },
        "compared_with": clean(ranking.base.path.name),
        "runs": [_row(ranking, entry) for entry in ranking.entries],
    }


def _row(ranking: RunRanking, entry: ComparedRun) -> dict[str, Any]:
    difference, is_vae = ranking.differences.get(entry.path), entry.beta is not None
    return {
        "run": clean(entry.path.name),
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
    }


def _measured(found: Figures | None, *, is_vae: bool) -> dict[str, float | None]:
    """Return figures by name as in `ls --json`; None where there are none, and no rate of an autoencoder."""
    values = dict.fromkeys(_FIGURES) if found is None else dataclasses.asdict(found)
    return {name: values[name] if is_vae or name not in _OF_VAES else None for name in _FIGURES}


def _write_csv(rankings: Sequence[RunRanking]) -> None:
    rows = [
        dataclasses.asdict(ranking.base.protocol)
        | _row(ranking, entry)
        | {"chosen": entry is ranking.choice.entry}
        for ranking in rankings
        for entry in ranking.entries
    ]
    writer = csv.DictWriter(sys.stdout, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
