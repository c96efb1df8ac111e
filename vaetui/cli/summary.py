"""What is said when a training has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trainer.contract.evaluation import Evaluation
from trainer.contract.files import clean
from trainer.contract.likelihoods import LIKELIHOODS
from trainer.contract.run_dir import LOG
from vaetui.cli.say import complain, narrate
from vaetui.cli.table import Column, nats, table
from vaetui.cli.watch import evaluation_of
from vaetui.commands import command
from vaetui.runs.run_watcher import Run
from vaetui.runs.training_request import thousands
from vaetui.settings import KEPT_WEIGHTS_TEXTS, PIXEL_TEXTS

Item = TypeVar("Item")

EXIT_CODES = {"finished": 0, "stopped": 130}  # and 1 for all else


def close(runs: Sequence[Run], console: Console, folder: Path) -> int:
    """Print test figures of finished runs and the state of the others; return the exit code.

    `folder` is where the runs are.
    """
    measured = [(run, evaluation) for run in runs if (evaluation := evaluation_of(run))]
    for protocol, members in alike(measured, lambda pair: protocol_of(*pair)).items():
        console.print(Text(f"\n{protocol}\n"))
        console.print(figures(members, console.width))
        where = clean(str(members[0][0].path.parent))
        console.print(
            Text(f"\n{len(members)} in {where}" if len(members) > 1 else f"\n{where}"), soft_wrap=True
        )
    if measured:
        console.print()
    early = [run for run in runs if run.standing == "finished early"]
    if early:
        narrate(patience_of(early))
    stopped = [run for run in runs if run.state == "stopped"]
    for where, fellows in alike(stopped, position).items():
        narrate(f"{named(fellows)} stopped {where}, saved")
    broken = [run for run in runs if run.state not in EXIT_CODES]
    for cause, fellows in alike(broken, cause_of).items():
        complain(f"{named(fellows)} failed: {cause} ({clean(str(fellows[0].path / LOG))})")
    if measured:
        narrate(f"next: {command('explore', runs=folder)}")
    return exit_code(runs)


def alike(items: Iterable[Item], key: Callable[[Item], str]) -> dict[str, list[Item]]:
    """The items by what `key` says of them, both in the order in which they come up."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def exit_code(runs: Sequence[Run]) -> int:
    """1 where a run failed or its trainer died, else 130 where one was stopped, else 0."""
    codes = {EXIT_CODES.get(run.state, 1) for run in runs}
    return 1 if 1 in codes else max(codes, default=0)


def protocol_of(run: Run, evaluation: Evaluation) -> str:
    """How the figures were measured."""
    draws = {0: "the code itself", 1: "one posterior draw"}
    drawn = draws.get(evaluation.posterior_draws, f"{evaluation.posterior_draws} posterior draws")
    pixels = PIXEL_TEXTS.get(evaluation.binarize, evaluation.binarize)
    images = f"{evaluation.split}, {thousands(evaluation.images)} images ({pixels}), {drawn}"
    unit = LIKELIHOODS[run.config.objective.likelihood].unit
    return f"{run.config.data.name} · {images}\n{unit} · {KEPT_WEIGHTS_TEXTS[run.config.optimiser.keep]}"


def figures(measured: Sequence[tuple[Run, Evaluation]], width: int) -> Table:
    """A row a run: −ELBO = distortion + rate; an autoencoder has its distortion alone."""
    runs, found = [run for run, _ in measured], [evaluation for _, evaluation in measured]
    bounds = [one.figures if run.config.model.is_vae else None for run, one in measured]
    latents = [run.config.model.latent for run in runs]
    kept = [str(one.epoch) if one.epoch != run.status.epoch else "" for run, one in measured]
    columns = [
        Column("run", [run.name for run in runs], left=True, shrinks=True),
        Column("epoch", [f"{run.status.epoch}/{run.status.epochs}" for run in runs], drop=2),
        Column("kept", kept, drop=1),
        Column("−ELBO", [nats(-one.elbo) if one else "" for one in bounds]),
        Column("= distortion", [nats(one.figures.distortion) for one in found]),
        Column("+ rate", [nats(one.rate) if one else "" for one in bounds]),
        Column("active", [f"{one.active_units}/{z}" for one, z in zip(found, latents, strict=True)], drop=3),
    ]
    return table(columns, width)


def patience_of(early: Sequence[Run]) -> str:
    """That runs finished before their last epoch, and why."""
    if len(early) > 1:
        return f"{len(early)} runs finished early: their validation ELBO no longer became better"
    (run,) = early
    best = f" (best: {run.best.epoch})" if run.best else ""
    return f"{run.name} finished early, epoch {run.status.epoch} of {run.status.epochs}{best}"


def named(runs: Sequence[Run]) -> str:
    """One name, or the first and how many more."""
    return runs[0].name if len(runs) == 1 else f"{runs[0].name} and {len(runs) - 1} more"


def position(run: Run) -> str:
    """Where in its training a run stands."""
    status = run.status
    place = f"in epoch {status.epoch + 1}" if status.progress else f"after epoch {status.epoch}"
    return f"{place} of {status.epochs}"


def cause_of(run: Run) -> str:
    """Why a run did not end well."""
    return run.status.error.removesuffix(f" (more in {LOG})") or "its trainer ended without a word"
