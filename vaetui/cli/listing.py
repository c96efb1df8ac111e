"""`vaetui ls`: list the models of a folder."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from trainer.contract.files import clean
from trainer.contract.metrics import Epoch
from vaetui.cli.messages import UsageError, print_error, print_status
from vaetui.cli.table import Column, console_for, print_text, table
from vaetui.cli.watch import figures
from vaetui.commands import command
from vaetui.format import age, plural
from vaetui.runs.families import seed_groups
from vaetui.runs.folders import checked_runs_folder
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_query import parse_filter, parse_order
from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup
from vaetui.settings import JSON_KEYS, STORED, json_values

_SPLITS = {"val": "validation", "train": "training"}
KEYS = (
    *("run", "path", *JSON_KEYS),
    *("state", "early", "alive", "error", "problem", "epoch", "epochs", "split"),
    *("figures", "active_units", "kl_per_dim", "created", "updated", "model"),
)


def ls(folder: Path | None, *, condition: str, order: str, each: bool, as_json: bool) -> int:
    """List the models of the runs that pass the filter `condition`, problems last; return the exit code.

    With `each`, every run has a row of its own.
    """
    try:
        passes = parse_filter(condition)
        by = parse_order(order) if order else None
    except ValueError as error:
        raise UsageError(str(error)) from None
    library = RunIndex(checked_runs_folder(folder))
    runs = [run for run in library.runs if passes(run)]
    models = [SeedGroup((run,)) for run in runs] if each else seed_groups(runs)
    if by is not None:
        runs, models = by.sorted(runs), by.sorted_groups(models)
    if as_json:
        names = {run.path: model.name for model in seed_groups(runs) for run in model.runs}
        rows = [facts(run) | {"model": names[run.path]} for run in runs]
        for path, problem in library.problems:
            rows.append(
                dict.fromkeys(KEYS) | {"run": clean(path.name), "path": str(path), "problem": problem}
            )
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    elif runs:
        _print(models)
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


def _print(models: Sequence[SeedGroup]) -> None:
    console = console_for()
    now = time.time()

    def dataset_of(model: SeedGroup) -> tuple[str, bool]:
        return model.first.config.data.name, model.first.config.is_example

    groups = groupby(sorted(models, key=dataset_of), key=dataset_of)
    for number, ((dataset, is_example), group) in enumerate(groups):
        members = list(group)
        origin = " · examples" if is_example else ""
        runs = [run for model in members for run in model.runs]
        figured = f"−ELBO = distortion + rate{_images(runs)}, in nats per image"
        figured += "" if len(runs) == len(members) else ", mean ± standard deviation over n seeds"
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


def columns(models: Sequence[SeedGroup], now: float) -> list[Column]:
    """Return the table of models of one data set; columns that names usually contain are dropped first."""
    runs = [model.first for model in models]
    splits = _splits([run for model in models for run in model.runs])
    is_mixed = len(splits) > 1
    of = f"{_SPLITS[splits[0]]} " if len(splits) == 1 else ""
    has_seeds = any(not model.is_single for model in models)
    updates = [max(run.status.updated for run in model.runs) for model in models]

    def texts(read: Callable[[Epoch], float], *, of_vaes: bool = False) -> list[str]:
        return [
            _spread(model, read) if model.first.config.model.is_vae or not of_vaes else "" for model in models
        ]

    return [
        Column("run", [model.name for model in models], left=True, shrinks=True),
        Column("n", [_count(model) if has_seeds else "" for model in models]),
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
        Column("epoch", [_epochs(model) for model in models], drop=1),
        Column("state", [_states(model) for model in models], left=True),
        Column(f"{of}−ELBO", texts(lambda epoch: -epoch.held_out.elbo, of_vaes=True)),
        Column("distortion", texts(lambda epoch: epoch.held_out.distortion), drop=2),
        Column("rate", texts(lambda epoch: epoch.held_out.rate, of_vaes=True), drop=3),
        *((Column("split", [split(run) or "" for run in runs], left=True),) if is_mixed else ()),
        Column("active", [_active(model) for model in models], drop=4),
        Column("age", [age(now - updated) if updated else "" for updated in updates], drop=5),
        Column("note", [_notes(model) for model in models], drop=10, left=True, shrinks=True),
    ]


def _spread(model: SeedGroup, read: Callable[[Epoch], float]) -> str:
    """Format a figure of the last epoch, over several seeds as mean and standard deviation."""
    spread = model.spread(lambda run: read(run.latest) if run.latest else None)
    return spread.text() if spread else ""


def _count(model: SeedGroup) -> str:
    """Return the number of seeds, and how many of them the figures are of where that is another."""
    counted, every = len(model.counted), len(model.runs)
    return f"{every}" if counted in (0, every) else f"{counted} of {every}"


def _epochs(model: SeedGroup) -> str:
    """Return the epochs done and planned; of several seeds the least and the most."""
    done = [run.status.epoch for run in model.runs]
    text = f"{min(done)}" if min(done) == max(done) else f"{min(done)}–{max(done)}"
    return f"{text}/{max(run.status.epochs for run in model.runs)}"


def _states(model: SeedGroup) -> str:
    """Return the state; of several seeds each state with the number of seeds."""
    states = Counter(run.status_text for run in model.runs)
    if len(states) == 1:
        return next(iter(states))
    return ", ".join(f"{count} {state}" for state, count in states.items())


def _active(model: SeedGroup) -> str:
    spread = model.spread(lambda run: run.latest.active_units if run.latest else None)
    return f"{spread.mean:.{int(not model.is_single)}f}/{model.first.config.model.latent}" if spread else ""


def _notes(model: SeedGroup) -> str:
    return "; ".join(dict.fromkeys(run.note for run in model.runs if run.note))


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
        "figures": figures(run, latest.held_out if latest else None),
        "active_units": latest.active_units if latest else None,
        "kl_per_dim": latest.kl_per_dim if latest else None,
        "created": run.config.created,
        "updated": status.updated,
    }
