"""Which runs train together, where, and in what order; and what becomes of them when that fails."""

from __future__ import annotations

import dataclasses
import logging
import platform
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch

from trainer import __version__
from trainer.checkpoint import Position, position
from trainer.data import Dataset, load
from trainer.desk import tell
from trainer.files import Problem
from trainer.run import LOG, Config, State, write_config
from trainer.train import train

Member = tuple[Path, Config]

log = logging.getLogger("trainer")


def carry_out(members: Sequence[Member], data: Path, stop_asked: Callable[[], bool]) -> bool:
    """Train every ensemble in turn. Whether none failed; each run's status says how it ended."""
    well = True
    standing: list[tuple[Member, Position]] = []
    for member in members:
        try:
            stands = position(member[0])
            # Queued still, but from now on it is known which process to ask.
            tell([member[0]], "queued", stands.epoch, member[1].optimiser.epochs)
            standing.append((member, stands))
        except Problem as problem:
            end([member], "failed", f"{problem}: train it anew with --force")
            well = False
    for group in ensembles(standing):
        runs = [run for run, _ in group]
        if stop_asked():
            end(group, "stopped")
            continue
        try:
            device = resolve_device(group[0][1].device)
            dataset = load(group[0][1].data.name, data)
            configs = [prepare(run, config, dataset, device) for run, config in group]
            well &= train(runs, configs, dataset, device, stop_asked) or stop_asked()
        except Problem as problem:
            log.error("%s", problem)  # noqa: TRY400 (a problem is one sentence, its traceback tells no more)
            end(group, "failed", str(problem))
            well = False
        except Exception as error:
            log.exception("the training broke")
            end(group, "failed", f"{type(error).__name__}: {error} (more in {LOG})")
            well = False
    return well


def ensembles(standing: Iterable[tuple[Member, Position]]) -> list[list[Member]]:
    """Group runs that differ only in kind, latent size and β and stand at one position, in their order."""
    groups: dict[tuple[object, ...], list[Member]] = {}
    for (run, config), stands in standing:
        groups.setdefault(_shared(config, stands), []).append((run, config))
    return list(groups.values())


def _shared(config: Config, stands: Position) -> tuple[object, ...]:
    return (
        config.data,
        config.model.hidden,
        config.objective.likelihood,
        config.optimiser,
        config.seed,
        config.precision,
        config.device,
        (stands.epoch, stands.step),
    )


def resolve_device(wanted: str) -> torch.device:
    """`auto` is the GPU where PyTorch sees one. Raises `Problem` for a device that is not there."""
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        wanted = next(name for name, available in there.items() if available)
    if not there.get(wanted, False):
        others = " or ".join(name for name, available in there.items() if available)
        raise Problem(f"PyTorch sees no {wanted} device on this machine: use --device {others}")
    return torch.device(wanted)


def prepare(run: Path, config: Config, dataset: Dataset, device: torch.device) -> Config:
    """Write into config.json what trains it. Raises `Problem` where the images are not the config's."""
    if config.data.checksum != dataset.checksum:
        raise Problem(
            f"{run.name} was begun on other {config.data.name} images than those in the data folder: "
            "name the folder with --data, or train it anew with --force"
        )
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    versions = {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "vaetui": __version__,
        "device": f"{device.type} ({name})",
    }
    described = dataclasses.replace(config, versions=versions)
    write_config(run, described)
    log.info("%s: epochs %d on %s", run.name, config.optimiser.epochs, versions["device"])
    return described


def end(group: Sequence[Member], state: State, error: str = "") -> None:
    """Mark runs that did not get to mark themselves, with the epochs that they have saved."""
    for run, config in group:
        try:
            epoch = position(run).epoch
        except Problem:
            epoch = 0
        tell([run], state, epoch, config.optimiser.epochs, error=error)
