"""`vaetui ls`: list the runs of a folder."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from trainer.contract.files import clean
from vaetui.cli.messages import UsageError, print_error, print_status
from vaetui.cli.table import Column, console_for, print_text, table
from vaetui.cli.watch import figures
from vaetui.commands import command
from vaetui.format import age, fixed, plural
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_query import parse_filter, parse_order
from vaetui.runs.run_watcher import Run
from vaetui.settings import JSON_KEYS, STORED, json_values

_SPLITS = {"val": "validation", "train": "training"}
KEYS = (
    *("run", "path", *JSON_KEYS),
    *("state", "early", "alive", "error", "problem", "epoch", "epochs", "split"),
    *("figures", "active_units", "kl_per_dim", "created", "updated"),
)


def ls(folder: Path | None, *, condition: str, order: str, as_json: bool) -> int:
    """List the runs that pass the filter `condition`, problems last; return the exit code."""
    try:
        passes = parse_filter(condition)
        by = parse_order(order) if order else None
    except ValueError as error:
        raise UsageError(str(error)) from None
    library = RunIndex(checked_runs_folder(folder))
    runs = [run for run in library.runs if passes(run)]
    if by is not None:
        runs = by.sorted(runs)
    if as_json:
        rows = list(map(facts, runs))
        for path, problem in library.problems:
            rows.append(
                dict.fromkeys(KEYS) | {"run": clean(path.name), "path": str(path), "problem": problem}
            )
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    elif runs:
        _print(runs)
    elif library.runs:
        print_status(f"none of {plural(len(library.runs), 'run')} passes --filter {condition!r}")
    elif not library.problems:
        trains = command("train", "--latent", "2,10", "--beta", "1,4", runs=library.folder)
        explores = command("explore", "--examples")
        print_status(
            f"no runs in {clean(str(library.folder))}: `{trains}` trains four, `{explores}` opens examples"
        )
    for run in runs:
        if run.problem:
            print_error(run.problem)
    for _, problem in library.problems:
        print_error(problem)
    return 0


def _print(runs: Sequence[Run]) -> None:
    console = console_for()
    now = time.time()

    def dataset_of(run: Run) -> tuple[str, bool]:
        return run.config.data.name, run.config.is_example

    groups = groupby(sorted(runs, key=dataset_of), key=dataset_of)
    for number, ((dataset, is_example), group) in enumerate(groups):
        members = list(group)
        origin = " · examples" if is_example else ""
        figured = f"−ELBO = distortion + rate{_images(members)}, in nats per image"
        gap = "\n" if number else ""
        print_text(console, f"{gap}{dataset}{origin} · {figured}", "dim")
        console.print(table(columns(members, now), console.width))


def _images(runs: Sequence[Run]) -> str:
    """Return on which images the figures of `runs` are, "" without any; a column has them if several."""
    splits = _splits(runs)
    if len(splits) > 1:
        return " on the images that the column split names"
    return "".join(f" on {_SPLITS[name]} images" for name in splits)


def _splits(runs: Sequence[Run]) -> list[str]:
    """Return the splits that the figures of `runs` are of, validation first."""
    return [name for name in _SPLITS if any(split(run) == name for run in runs)]


def columns(runs: Sequence[Run], now: float) -> list[Column]:
    """Return the table of runs of one data set; columns that names usually contain are dropped first."""
    held_out = [run.latest.held_out if run.latest else None for run in runs]
    bounds = [one if run.config.model.is_vae else None for run, one in zip(runs, held_out, strict=True)]
    splits = _splits(runs)
    is_mixed = len(splits) > 1
    of = f"{_SPLITS[splits[0]]} " if len(splits) == 1 else ""
    active = [f"{run.latest.active_units}/{run.config.model.latent}" if run.latest else "" for run in runs]
    return [
        Column("run", [run.name for run in runs], left=True, shrinks=True),
        *(
            Column(
                row.heading,
                [row.text(run.config) for run in runs],
                drop=row.ls_drop,
                left=not row.head,
            )
            for row in sorted(STORED, key=lambda row: row.loop)
            if row.ls_drop
        ),
        Column("epoch", [f"{run.status.epoch}/{run.status.epochs}" for run in runs], drop=1),
        Column("state", [run.status_text for run in runs], left=True),
        Column(f"{of}−ELBO", [fixed(-one.elbo) if one else "" for one in bounds]),
        Column("distortion", [fixed(one.distortion) if one else "" for one in held_out], drop=2),
        Column("rate", [fixed(one.rate) if one else "" for one in bounds], drop=3),
        *((Column("split", [split(run) or "" for run in runs], left=True),) if is_mixed else ()),
        Column("active", active, drop=4),
        Column("age", [age(now - run.status.updated) if run.status.updated else "" for run in runs], drop=5),
        Column("note", [run.note for run in runs], drop=10, left=True, shrinks=True),
    ]


def split(run: Run) -> str | None:
    """Return the images of the latest figures: "val", else "train"."""
    return None if run.latest is None else "val" if run.latest.val else "train"


def facts(run: Run) -> dict[str, Any]:
    """Return a run for JSON, without its tensors."""
    status, latest = run.status, run.latest
    return {
        "run": run.name,
        "path": str(run.path),
        **json_values(run.config),
        "state": run.state,
        "early": status.early,
        "alive": run.alive,
        "error": status.error or None,
        "problem": run.problem or None,
        "epoch": status.epoch,
        "epochs": status.epochs,
        "split": split(run),
        "figures": figures(latest.held_out if latest else None),
        "active_units": latest.active_units if latest else None,
        "kl_per_dim": latest.kl_per_dim if latest else None,
        "created": run.config.created,
        "updated": status.updated,
    }
