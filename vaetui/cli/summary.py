"""Print the results of a training that has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from trainer.contract.evaluation import Evaluation
from trainer.contract.files import clean
from trainer.contract.likelihoods import LIKELIHOODS
from trainer.contract.run_dir import LOG
from vaetui.cli.messages import print_error, print_status
from vaetui.cli.table import Column, print_text, table
from vaetui.commands import command
from vaetui.format import first_names, fixed, thousands
from vaetui.runs.run_watcher import Run
from vaetui.settings import KEPT_WEIGHTS_TEXTS, PIXEL_TEXTS

Item = TypeVar("Item")

EXIT_CODES = {"finished": 0, "stopped": 130}  # 1 for other states


def close(runs: Sequence[Run], console: Console, folder: Path) -> int:
    """Print test figures of the finished runs in `folder`, and the state of others; return the exit code."""
    measured = [(run, run.evaluation) for run in runs if run.evaluation]
    for protocol, pairs in group_by(measured, lambda pair: protocol_of(*pair)).items():
        print_text(console, f"\n{protocol}\n")
        console.print(figures(pairs, console.width))
        where = clean(str(pairs[0][0].path.parent))
        count = f"{len(pairs)} in " if len(pairs) > 1 else ""
        print_text(console, f"\n{count}{where}")
    if measured:
        console.print()
    early = [run for run in runs if run.status_text == "finished early"]
    if early:
        print_status(early_stop(early))
    stopped = [run for run in runs if run.state == "stopped"]
    for where, members in group_by(stopped, lambda run: run.position_text).items():
        print_status(f"{first_names([run.name for run in members])} stopped {where}, saved")
    failed = [run for run in runs if run.state not in EXIT_CODES]
    no_message = "its trainer ended without a message"
    causes = group_by(failed, lambda run: run.status.error.removesuffix(f" (more in {LOG})") or no_message)
    for cause, members in causes.items():
        names, log = first_names([run.name for run in members]), clean(str(members[0].path / LOG))
        print_error(f"{names} failed: {cause} ({log})")
    if measured:
        print_status(f"next: {command('explore', runs=folder)}")
    return exit_code(runs)


def group_by(items: Iterable[Item], key: Callable[[Item], str]) -> dict[str, list[Item]]:
    """Group items by key; keys and items keep their order."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def exit_code(runs: Sequence[Run]) -> int:
    """Return 1 if a run failed or its trainer died, else 130 if one was stopped, else 0."""
    codes = {EXIT_CODES.get(run.state, 1) for run in runs}
    return 1 if 1 in codes else max(codes, default=0)


def protocol_of(run: Run, evaluation: Evaluation) -> str:
    """Return how the figures were measured."""
    draws = {0: "the code itself", 1: "one posterior draw"}
    drawn = draws.get(evaluation.posterior_draws, f"{evaluation.posterior_draws} posterior draws")
    pixels = PIXEL_TEXTS.get(evaluation.binarize, evaluation.binarize)
    images = f"{evaluation.split}, {thousands(evaluation.images)} images ({pixels}), {drawn}"
    unit = LIKELIHOODS[run.config.objective.likelihood].unit
    return f"{run.config.data.name} · {images}\n{unit} · {KEPT_WEIGHTS_TEXTS[run.config.optimiser.keep]}"


def figures(measured: Sequence[tuple[Run, Evaluation]], width: int) -> Table:
    """Return −ELBO = distortion + rate, a row per run; autoencoders have no rate."""
    bounds = [one.figures if run.config.model.is_vae else None for run, one in measured]
    kept = [str(one.epoch) if one.epoch != run.status.epoch else "" for run, one in measured]
    columns = [
        Column("run", [run.name for run, _ in measured], left=True, shrinks=True),
        Column("epoch", [f"{run.status.epoch}/{run.status.epochs}" for run, _ in measured], drop=2),
        Column("kept", kept, drop=1),
        Column(f"{measured[0][1].split} −ELBO", [fixed(-one.elbo) if one else "" for one in bounds]),
        Column("= distortion", [fixed(one.figures.distortion) for _, one in measured]),
        Column("+ rate", [fixed(one.rate) if one else "" for one in bounds]),
        Column("active", [f"{one.active_units}/{run.config.model.latent}" for run, one in measured], drop=3),
    ]
    return table(columns, width)


def early_stop(early: Sequence[Run]) -> str:
    """Return the message that runs finished before their last epoch, and why."""
    if len(early) > 1:
        return f"{len(early)} runs finished early: their validation ELBO stopped improving"
    (run,) = early
    best = f" (best: {run.best.epoch})" if run.best else ""
    return f"{run.name} finished early, epoch {run.status.epoch} of {run.status.epochs}{best}"
