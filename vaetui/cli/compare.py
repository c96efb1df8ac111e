"""`vaetui compare`: runs ranked as far as their figures may be compared, and which one validation chooses."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.text import Text

from trainer.files import Problem, clean, read_tensors
from trainer.run import LATENTS
from vaetui import compare as figures
from vaetui.bootstrap import LEVEL, Interval, intervals
from vaetui.cli.say import command, narrate
from vaetui.cli.table import Column, console_for, nats, table
from vaetui.compare import Choice, Entry
from vaetui.follow import Run
from vaetui.latent import rates
from vaetui.library import Library, find, runs_folder

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Ranking:
    """Entries of one kind that were measured alike, best first; the one that validation chooses and why.

    `differences` hold what each is worse by than `base`, paired over test images, where both have figures of
    every image: −ELBO of VAEs, distortion of autoencoders, in nats.
    """

    entries: list[Entry]
    choice: Choice
    base: Entry
    differences: dict[Path, Interval]

    @property
    def is_of_vaes(self) -> bool:
        """Whether it is of VAEs, which are ranked by −ELBO, or of autoencoders, by distortion."""
        return self.base.beta is not None


def compare(texts: Sequence[str], runs: Path | None, *, as_json: bool, as_csv: bool) -> int:
    """Compare the named runs, or all; returns the exit code."""
    folder = runs_folder(runs)
    chosen = [find(folder, text) for text in dict.fromkeys(texts)] or list(Library(folder).runs)
    there = [run for run in chosen if run.epochs or run.evaluation]
    if not there:
        raise Problem(
            f"nothing to compare in {clean(str(folder))}: `vaetui train --latent 2,10 --beta 1,4` trains"
        )
    rankings = [ranking for group in _groups(there) for ranking in rank(group)]
    if as_json:
        sys.stdout.write(json.dumps([_facts(ranking) for ranking in rankings], indent=1) + "\n")
    elif as_csv:
        _write_csv(rankings)
    else:
        _print(rankings)
    for run in chosen:
        if run not in there:
            narrate(f"{run.name} has no figures yet: it is {run.state}")
    _explain(rankings, runs)
    return 0


def _groups(runs: Sequence[Run]) -> list[list[Entry]]:
    """Entries measured alike; each data set by itself, since one may lack test figures that another has."""
    datasets: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        datasets.setdefault((run.config.data.name, run.config.data.checksum), []).append(run)
    found = [figures.entries([run.record for run in members]) for members in datasets.values()]
    return [group for entries in found for group in figures.groups(entries)]


def rank(group: Sequence[Entry]) -> list[Ranking]:
    """VAEs, then autoencoders, each ranked by their own figure."""
    vaes = [entry for entry in group if entry.beta is not None]
    others = [entry for entry in group if entry.beta is None]
    return [_ranking(members) for members in (vaes, others) if members]


def _ranking(members: Sequence[Entry]) -> Ranking:
    ordered = sorted(members, key=lambda entry: (_cost(entry), entry.path.name))
    choice = figures.choose(ordered)
    base = choice.entry or ordered[0]
    return Ranking(ordered, choice, base, _differences(base, ordered))


def _cost(entry: Entry) -> float:
    return entry.figures.distortion if entry.bound is None else entry.bound


def _differences(base: Entry, members: Sequence[Entry]) -> dict[Path, Interval]:
    others = [entry for entry in members if entry is not base]
    costs = {entry.path: costs_of(entry) for entry in members}
    own = costs[base.path]
    paired = [
        e for e in others if own is not None and (its := costs[e.path]) is not None and len(its) == len(own)
    ]
    if own is None or not paired:
        return {}
    apart = np.stack([costs[entry.path] - own for entry in paired], axis=1)  # type: ignore[operator]
    return dict(zip([entry.path for entry in paired], intervals(apart), strict=True))


def costs_of(entry: Entry) -> Floats | None:
    """What each test image costs `(images,)` in nats: distortion, and the rate of a VAE.

    None where the run has no figures of every image, or they are of other weights than its test figures.
    """
    if entry.protocol.split != figures.TEST:
        return None
    try:
        file = read_tensors(entry.path / LATENTS)
    except Problem:
        return None
    distortion, mean = file.arrays.get("distortion"), file.arrays.get("mean")
    if distortion is None or mean is None or distortion.shape != (entry.protocol.images,):
        return None
    if entry.beta is None:
        return np.asarray(distortion, np.float32)
    log_var = file.arrays.get("log_var")
    if log_var is None or log_var.shape != mean.shape or len(mean) != len(distortion):
        return None
    costs = np.asarray(distortion + rates(mean, log_var).sum(-1), np.float32)
    return costs if abs(float(costs.mean(dtype=np.float64)) - _cost(entry)) < 0.01 else None


# --- words ----------------------------------------------------------------------------------------------


def _print(rankings: Sequence[Ranking]) -> None:
    console = console_for()
    for ranking in rankings:
        protocol = ranking.base.protocol
        kind = "VAEs, by −ELBO" if ranking.is_of_vaes else "autoencoders, by distortion"
        console.print(
            Text(f"\n{protocol.dataset}, {protocol.words}: {kind}; nats per image\n"), soft_wrap=True
        )
        console.print(table(_columns(ranking), console.width))
        console.print(Text(f"\n{_chosen(ranking)}"), soft_wrap=True)


def _columns(ranking: Ranking) -> list[Column]:
    found = ranking.entries
    is_vae = ranking.is_of_vaes
    named = {entry.path: "›" if entry is ranking.choice.entry else "" for entry in found}
    intervals_of = [ranking.differences.get(entry.path) for entry in found]
    return [
        Column("", [named[entry.path] for entry in found]),
        Column("run", [clean(entry.path.name) for entry in found], left=True),
        Column("−ELBO" if is_vae else "distortion", [nats(_cost(entry)) for entry in found]),
        Column("worse by", [_signed(one) for one in intervals_of]),
        Column(f"{LEVEL:.0%} interval", [_ends(one) for one in intervals_of], drop=1),
        Column("distortion", [nats(entry.figures.distortion) if is_vae else "" for entry in found], drop=3),
        Column("rate", [nats(entry.figures.rate) if is_vae else "" for entry in found], drop=2),
        Column("MSE", [f"{entry.figures.mse:.4f}" for entry in found], drop=5),
        Column("active", [f"{entry.active_units}/{entry.latent}" for entry in found], drop=6),
        Column("validation", [nats(_validation(entry)) for entry in found], drop=4),
    ]


def _validation(entry: Entry) -> float | None:
    if entry.validation is None:
        return None
    return entry.validation.distortion if entry.beta is None else -entry.validation.elbo


def _signed(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.mean:+.2f}".replace("-", "−")


def _ends(interval: Interval | None) -> str:
    if interval is None:
        return ""
    ends = f"{interval.low:+.2f} to {interval.high:+.2f}".replace("-", "−")
    return ends if interval.is_clear else f"{ends} (may be none)"


def _chosen(ranking: Ranking) -> str:
    entry, reason = ranking.choice.entry, ranking.choice.reason
    return f"chosen: {clean(entry.path.name)} ({reason})" if entry else reason


def _explain(rankings: Sequence[Ranking], runs: Path | None) -> None:
    """Say what is not ranked together and why, and which runs have no intervals and how they get them."""
    first = rankings[0].base.protocol
    for ranking in rankings[1:]:
        protocol = ranking.base.protocol
        if not protocol.alike(first):
            apart = figures.difference(protocol, first)
            narrate(f"{_few(ranking.entries)} not ranked with the first: {apart}")
    lacking = [entry for ranking in rankings for entry in _unpaired(ranking)]
    if lacking:
        words = command("evaluate", *(clean(entry.path.name) for entry in lacking[:3]), runs=runs)
        more = " …" if len(lacking) > 3 else ""
        lack = f"{_few(lacking)} without figures of every test image, so no intervals"
        narrate(f"{lack}: `{words}{more}` makes them")


def _unpaired(ranking: Ranking) -> list[Entry]:
    """Who lacks the figures of every image that an interval needs."""
    if len(ranking.entries) == 1 or ranking.base.protocol.split != figures.TEST:
        return []
    return [entry for entry in ranking.entries if costs_of(entry) is None]


def _few(entries: Sequence[Entry]) -> str:
    return clean(entries[0].path.name) if len(entries) == 1 else f"{len(entries)} runs"


# --- for programs ---------------------------------------------------------------------------------------


def _facts(ranking: Ranking) -> dict[str, Any]:
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


def _row(ranking: Ranking, entry: Entry) -> dict[str, Any]:
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
        "active_units": entry.active_units,
        "validation": _validation(entry),
        "worse_by": apart.mean if apart else None,
        "low": apart.low if apart else None,
        "high": apart.high if apart else None,
    }


def _write_csv(rankings: Sequence[Ranking]) -> None:
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
