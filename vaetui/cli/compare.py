"""`vaetui compare`: runs ranked as far as their figures may be compared, and which one validation chooses."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from trainer.contract.files import Problem, clean
from vaetui.cli.say import complain, narrate
from vaetui.cli.table import Column, console_for, nats, per_pixel, table
from vaetui.commands import command, first_of
from vaetui.runs import compare as figures
from vaetui.runs.bootstrap import LEVEL, Interval
from vaetui.runs.compare import ComparedRun
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.lookup import command_on, find_runs
from vaetui.runs.ranking import (
    RunRanking,
    comparable_groups,
    image_metrics,
    rank_runs,
    ranking_metric,
    validation_metric,
)
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run


def compare(texts: Sequence[str], runs: Path | None, *, as_json: bool, as_csv: bool) -> int:
    """Compare the named runs, or all; returns the exit code."""
    folder = checked_runs_folder(runs)
    chosen = find_runs(folder, texts)
    library = None if chosen else RunIndex(folder)
    chosen = chosen or list(library.runs if library else ())
    there = list(filter(_has_figures, chosen))
    if not there:
        trains = command("train", "--latent", "2,10", "--beta", "1,4", runs=folder)
        raise Problem(f"nothing to compare in {clean(str(folder))}: `{trains}` trains")
    rankings = [ranking for group in comparable_groups(there) for ranking in rank_runs(group)]
    if as_json:
        sys.stdout.write(json.dumps([_facts(ranking) for ranking in rankings], indent=1) + "\n")
    elif as_csv:
        _write_csv(rankings)
    else:
        _print(rankings)
    for run in chosen:
        if run.problem:
            complain(run.problem)
        elif not _has_figures(run):
            narrate(f"{run.name} has no figures yet: it is {run.state}")
    for _, problem in library.problems if library else ():
        complain(problem)
    _explain(rankings)
    return 0


def _has_figures(run: Run) -> bool:
    return bool(run.epochs or run.evaluation)


# --- words ----------------------------------------------------------------------------------------------


def _print(rankings: Sequence[RunRanking]) -> None:
    console = console_for()
    for ranking in rankings:
        protocol = ranking.base.protocol
        kind = "VAEs, by −ELBO" if ranking.is_of_vaes else "autoencoders, by distortion"
        console.print(
            Text(f"\n{protocol.dataset}, {protocol.words}: {kind}; nats per image\n"), soft_wrap=True
        )
        console.print(table(_columns(ranking), console.width))
        console.print(Text(f"\n{_chosen(ranking)}"), soft_wrap=True)


def _columns(ranking: RunRanking) -> list[Column]:
    found = ranking.entries
    is_vae = ranking.is_of_vaes
    names = _names(ranking)
    named = {entry.path: "›" if entry is ranking.choice.entry else "" for entry in found}
    intervals_of = [ranking.differences.get(entry.path) for entry in found]
    return [
        Column("", [named[entry.path] for entry in found]),
        Column("run", [names[entry.path] for entry in found], left=True, shrinks=True),
        Column("−ELBO" if is_vae else "distortion", [nats(ranking_metric(entry)) for entry in found]),
        Column("worse by", [_signed(one) for one in intervals_of]),
        Column(f"{LEVEL:.0%} interval", [_ends(one) for one in intervals_of], drop=1),
        Column("distortion", [nats(entry.figures.distortion) if is_vae else "" for entry in found], drop=3),
        Column("rate", [nats(entry.figures.rate) if is_vae else "" for entry in found], drop=2),
        Column("MSE draw" if is_vae else "MSE", [per_pixel(entry.figures.mse) for entry in found], drop=5),
        Column("MSE mean", [_error_at_mean(entry) if is_vae else "" for entry in found], drop=6),
        Column("active", [f"{entry.active_units}/{entry.latent}" for entry in found], drop=7),
        Column("validation", [nats(validation_metric(entry)) for entry in found], drop=4),
    ]


def _error_at_mean(entry: ComparedRun) -> str:
    return "" if entry.mse_posterior_mean is None else per_pixel(entry.mse_posterior_mean)


def _signed(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.mean:+.2f}".replace("-", "−")


def _ends(interval: Interval | None) -> str:
    if interval is None:
        return ""
    ends = f"{interval.low:+.2f} to {interval.high:+.2f}".replace("-", "−")
    return ends if interval.is_clear else f"{ends} (may be none)"


def _chosen(ranking: RunRanking) -> str:
    entry, reason = ranking.choice.entry, ranking.choice.reason
    return f"chosen: {_names(ranking)[entry.path]} ({reason})" if entry else reason


def _names(ranking: RunRanking) -> dict[Path, str]:
    """Return the name of each run, with its folder where names are equal."""
    paths = [entry.path for entry in ranking.entries]
    counts = Counter(path.name for path in paths)
    full = {
        path: path.name if counts[path.name] == 1 else f"{path.parent.name}/{path.name}" for path in paths
    }
    return {path: clean(name) for path, name in full.items()}


def _explain(rankings: Sequence[RunRanking]) -> None:
    """Say what is not ranked together and why, and which runs have no intervals and how they get them."""
    first = rankings[0].base.protocol
    for ranking in rankings[1:]:
        protocol = ranking.base.protocol
        if not protocol.alike(first):
            apart = figures.protocol_difference(protocol, first)
            narrate(f"{_few(ranking.entries)} not ranked with the first: {apart}")
    lacking = [entry for ranking in rankings for entry in _unpaired(ranking)]
    if lacking:
        paths, some = first_of([entry.path for entry in lacking])
        lack = f"{_few(lacking)} without figures of every test image, so no intervals"
        narrate(f"{lack}: `{command_on('evaluate', paths)}` makes them{some}")


def _unpaired(ranking: RunRanking) -> list[ComparedRun]:
    """Who lacks the figures of every image that an interval needs."""
    if len(ranking.entries) == 1 or ranking.base.protocol.split != figures.TEST:
        return []
    return [entry for entry in ranking.entries if image_metrics(entry) is None]


def _few(entries: Sequence[ComparedRun]) -> str:
    return clean(entries[0].path.name) if len(entries) == 1 else f"{len(entries)} runs"


# --- for programs ---------------------------------------------------------------------------------------


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
    apart = ranking.differences.get(entry.path)
    found = entry.figures
    is_vae = entry.beta is not None
    return {
        "run": clean(entry.path.name),
        "path": str(entry.path),
        "kind": "vae" if is_vae else "ae",
        "latent": entry.latent,
        "beta": entry.beta,
        "distortion": found.distortion,
        "rate": found.rate if is_vae else None,
        "elbo": found.elbo if is_vae else None,
        "mse": found.mse,
        "mse_posterior_mean": entry.mse_posterior_mean,
        "active_units": entry.active_units,
        "validation": validation_metric(entry),
        "worse_by": apart.mean if apart else None,
        "low": apart.low if apart else None,
        "high": apart.high if apart else None,
    }


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
