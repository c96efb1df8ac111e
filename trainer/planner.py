"""Which runs train together, where, and in what order; and what becomes of them when that fails."""

from __future__ import annotations

import dataclasses
import gc
import logging
import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import torch

from trainer.contract import __version__
from trainer.contract.config import Config, read_config, write_config
from trainer.contract.datasets.registry import load
from trainer.contract.files import Problem
from trainer.contract.images import Dataset
from trainer.contract.lock import lost
from trainer.contract.position import Position, read_position
from trainer.contract.run_dir import LOG, State, Status, read_status
from trainer.engine.cpu_pool import share
from trainer.engine.device import resolve_device
from trainer.engine.device_errors import NoRoom, device_failure, memory_of
from trainer.engine.memory import SHARE, free, taken
from trainer.engine.precision_trial import Measured, Trial, resolve
from trainer.run_status import fail, saved_epochs, separately, tell
from trainer.train_runs import train_runs

Member = tuple[Path, Config]

NO_ROOM = "{} has no room for this model: train it with a smaller --hidden or --batch-size"
GO_ON = "once it works again, the same command goes on from what was saved"

log = logging.getLogger("trainer")


def carry_out(members: Sequence[Member], data: Path, stop_asked: Callable[[], bool]) -> bool:
    """Train every ensemble in turn. Whether none failed; each run's status says how it ended."""
    standing = stand(members)
    well = len(standing) == len(members)
    for (run, config), stands in standing:
        # Queued still, but from now on it is known which process to ask.
        tell(run, Status("queued", stands.epoch, config.optimiser.epochs))
    waiting = ensembles(standing)
    measured: dict[object, Measured] = {}
    while waiting:
        planned = waiting.pop(0)
        group = present(planned)
        well &= len(group) == len(planned)
        if not group:
            continue
        if stop_asked():
            end(group, "stopped")
            continue
        try:
            well &= _train(group, data, stop_asked, measured)
        except Exception as error:
            parts = after(error, group)
            well &= bool(parts)
            waiting[:0] = parts
        free_memory()
    return well


def present(group: Sequence[Member]) -> list[Member]:
    """Those of `group` whose folders are where they were when they were locked; the others have failed."""
    gone = [member for member in group if lost(member[0])]
    for member in gone:
        log.error("%s: its folder is gone", member[0].name)
    end(gone, "failed")
    return [member for member in group if member not in gone]


def stand(members: Iterable[Member]) -> list[tuple[Member, Position]]:
    """The members with their positions; one whose state is damaged is marked failed and left out."""

    def place(member: Member) -> tuple[Member, Position]:
        return member, read_position(member[0])

    return separately(members, place, lambda member, error: fail(*member, saved_epochs(member[0]), error))


def after(error: Exception, group: Sequence[Member]) -> list[list[Member]]:
    """What of `group` is to be trained yet, in smaller parts, after `error` ended its training.

    Where memory has no room for all of them, halves may have; any other error ends those that are not over.
    """
    rest = [member for member in group if not _is_over(member[0])]
    memory = memory_of(error)
    if memory and len(rest) > 1:
        parts = split(rest)
        log.warning(
            "%s has no room for %d models at once: training them as %s in turn",
            memory,
            len(rest),
            " and ".join(str(len(part)) for part in parts),
        )
        return parts
    if isinstance(error, OSError | Problem):
        for run, config in rest:
            fail(run, config, saved_epochs(run), error)
    else:
        end(rest, "failed", _cause(error))
    return []


def _cause(error: Exception) -> str:
    """One sentence on what ended a whole training; more is in the log where that may help."""
    if memory := memory_of(error):
        log.error("%s has no room", memory)
        return NO_ROOM.format(memory)
    if failure := device_failure(error):
        log.error("the device failed", exc_info=error)
        return f"the GPU failed in mid-training ({failure}): {GO_ON}"
    log.error("the training broke", exc_info=error)
    return f"{type(error).__name__}: {error} (more in {LOG})"


def _is_over(run: Path) -> bool:
    """Whether the training has said how `run` ended: it was queued before that."""
    try:
        return read_status(run).state in ("finished", "failed")
    except Problem:
        return False


def _train(
    group: Sequence[Member],
    data: Path,
    stop_asked: Callable[[], bool],
    measured: dict[object, Measured],
) -> bool:
    config = group[0][1]
    device = resolve_device(config.device)
    dataset = load(config.data.name, data, lambda note: log.warning("%s", note))
    threads = share(len(group), device)
    if device.type == "cpu":
        # A run keeps its number of threads, since on some processors a sum's last bit may depend on it.
        before = config.versions.get("threads", "")
        threads = int(before) if re.fullmatch(r"[1-9]\d{0,3}", before, re.ASCII) else threads
    trial = resolve([config for _, config in group], device, threads, measured)
    came_to = _came_to(trial, device, threads)
    if device.type == "cpu" and len(group) > 1:  # one alone has its chance
        at_once = max(1, torch.get_num_threads() // threads)
        wanted = taken([config for _, config in group], trial.chosen, at_once)
        if wanted > SHARE * free():
            raise NoRoom(f"{len(group)} models take {wanted / 1e9:.1f} GB")
    prepared = separately(
        group,
        lambda member: (member[0], prepare(*member, dataset, device, came_to)),
        lambda member, error: fail(*member, saved_epochs(member[0]), error),
    )
    if not prepared:
        return False
    runs, configs = zip(*prepared, strict=True)
    well = train_runs(runs, configs, dataset, device, trial.chosen, stop_asked, threads)
    return well and len(prepared) == len(group)


def _came_to(trial: Trial, device: torch.device, threads: int) -> dict[str, str]:
    """What `config.versions` tells of how it is computed."""
    came_to = {"precision": str(trial.chosen.precision)}
    if device.type == "cpu":
        came_to["threads"] = str(threads)
        if trial.chosen.precision == "fp32":  # bf16 has one library only
            came_to["library"] = trial.chosen.library
        if trial.milliseconds:
            came_to["measured"] = f"{trial} a step"
    return came_to


def ensembles(standing: Iterable[tuple[Member, Position]]) -> list[list[Member]]:
    """Group runs that differ only in kind, latent size, β and learning rate and stand at one position.

    Runs of one learning rate are neighbours, so that one call of Adam moves them.
    """
    groups: dict[tuple[object, ...], list[Member]] = {}
    for (run, config), stands in standing:
        groups.setdefault(_shared(config, stands), []).append((run, config))
    return [sorted(group, key=lambda member: member[1].optimiser.lr) for group in groups.values()]


def split(group: Sequence[Member]) -> list[list[Member]]:
    """Two halves, or the one model that there is; their runs may stand at different positions by now."""
    middle = len(group) // 2
    now = [_as_written(member) for member in group]
    halves = [now[:middle], now[middle:]]
    return [ensemble for half in halves if half for ensemble in ensembles(stand(half))]


def _as_written(member: Member) -> Member:
    """With the configuration that was prepared: a run keeps its precision and its number of threads."""
    try:
        return member[0], read_config(member[0])
    except Problem:
        return member


def free_memory() -> None:
    """Give back what an ensemble took on the GPU, before the next one wants its own."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _shared(config: Config, stands: Position) -> tuple[object, ...]:
    return (
        config.data,
        config.model.hidden,
        config.objective.likelihood,
        dataclasses.replace(config.optimiser, lr=0.0),
        config.seed,
        config.precision,
        *(config.versions.get(key) for key in ("precision", "library", "threads")),
        config.device,
        (stands.epoch, stands.step),
    )


def prepare(
    run: Path, config: Config, dataset: Dataset, device: torch.device, came_to: Mapping[str, str]
) -> Config:
    """Write into config.json what trains it. Raises `Problem` where the images are not the config's."""
    if config.data.checksum != dataset.checksum:
        raise Problem(
            f"{run.name} was begun on other {config.data.name} images than those in the data folder: "
            "name the folder with --data, or retrain it with --force"
        )
    if device.type == "cpu" and "measured" in config.versions:  # figures of its own, once measured, stay
        came_to = {"measured": config.versions["measured"], **came_to}
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    versions = {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "vaetui": __version__,
        "device": f"{device.type} ({name})",
        **came_to,
    }
    described = dataclasses.replace(config, versions=versions)
    if described != config:
        write_config(run, described)
    log.info(
        "%s: epochs %d on %s, %s",
        run.name,
        config.optimiser.epochs,
        versions["device"],
        ", ".join(f"{about} {text}" for about, text in came_to.items()),
    )
    return described


def end(group: Sequence[Member], state: State, error: str = "") -> None:
    """Mark runs that did not get to mark themselves, with the epochs that they have saved."""
    for run, config in group:
        tell(run, Status(state, saved_epochs(run), config.optimiser.epochs, error=error))
