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
from trainer.contract.lock import lost_folder
from trainer.contract.position import Position, read_position
from trainer.contract.run_dir import LOG, State, Status, read_status
from trainer.engine.cpu_pool import threads_per_model
from trainer.engine.device import resolve_device
from trainer.engine.device_errors import NotEnoughMemory, device_failure, exhausted_memory
from trainer.engine.memory import USABLE_SHARE, free_bytes, training_bytes
from trainer.engine.precision_trial import StepTimes, Trial, choose_arithmetic
from trainer.run_status import fail, for_each_run, report_status, saved_epochs
from trainer.train_runs import train_runs

Member = tuple[Path, Config]

OUT_OF_MEMORY = "{} has no room for this model: train it with a smaller --hidden or --batch-size"
GO_ON = "once it works again, the same command goes on from what was saved"

log = logging.getLogger("trainer")


def train_all(members: Sequence[Member], data: Path, stop_asked: Callable[[], bool]) -> bool:
    """Train every ensemble in turn. Whether none failed; each run's status says how it ended."""
    standing = with_positions(members)
    well = len(standing) == len(members)
    for (run, config), stands in standing:
        # Queued still, but from now on it is known which process to ask.
        report_status(run, Status("queued", stands.epoch, config.optimiser.epochs))
    waiting = group_ensembles(standing)
    measured: dict[object, StepTimes] = {}
    while waiting:
        planned = waiting.pop(0)
        group = existing(planned)
        well &= len(group) == len(planned)
        if not group:
            continue
        if stop_asked():
            mark(group, "stopped")
            continue
        try:
            well &= _train(group, data, stop_asked, measured)
        except Exception as error:
            parts = retry_groups(error, group)
            well &= bool(parts)
            waiting[:0] = parts
        free_memory()
    return well


def existing(group: Sequence[Member]) -> list[Member]:
    """Those of `group` whose folders are where they were when they were locked; the others have failed."""
    gone = [member for member in group if lost_folder(member[0])]
    for member in gone:
        log.error("%s: its folder is gone", member[0].name)
    mark(gone, "failed")
    return [member for member in group if member not in gone]


def with_positions(members: Iterable[Member]) -> list[tuple[Member, Position]]:
    """The members with their positions; one whose state is damaged is marked failed and left out."""

    def place(member: Member) -> tuple[Member, Position]:
        return member, read_position(member[0])

    return for_each_run(members, place, lambda member, error: fail(*member, saved_epochs(member[0]), error))


def retry_groups(error: Exception, group: Sequence[Member]) -> list[list[Member]]:
    """What of `group` is to be trained yet, in smaller parts, after `error` ended its training.

    Where memory has no room for all of them, halves may have; any other error ends those that are not over.
    """
    rest = [member for member in group if not _is_over(member[0])]
    memory = exhausted_memory(error)
    if memory and len(rest) > 1:
        parts = halves(rest)
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
        mark(rest, "failed", _cause(error))
    return []


def _cause(error: Exception) -> str:
    """One sentence on what ended a whole training; more is in the log where that may help."""
    if memory := exhausted_memory(error):
        log.error("%s has no room", memory)
        return OUT_OF_MEMORY.format(memory)
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
    measured: dict[object, StepTimes],
) -> bool:
    config = group[0][1]
    device = resolve_device(config.device)
    dataset = load(config.data.name, data, lambda note: log.warning("%s", note))
    threads = threads_per_model(len(group), device)
    if device.type == "cpu":
        # A run keeps its number of threads, since on some processors a sum's last bit may depend on it.
        before = config.versions.get("threads", "")
        threads = int(before) if re.fullmatch(r"[1-9]\d{0,3}", before, re.ASCII) else threads
    trial = choose_arithmetic([config for _, config in group], device, threads, measured)
    came_to = _resolved(trial, device, threads)
    if device.type == "cpu" and len(group) > 1:  # one alone has its chance
        at_once = max(1, torch.get_num_threads() // threads)
        wanted = training_bytes([config for _, config in group], trial.chosen, at_once)
        if wanted > USABLE_SHARE * free_bytes():
            raise NotEnoughMemory(f"{len(group)} models take {wanted / 1e9:.1f} GB")
    prepared = for_each_run(
        group,
        lambda member: (member[0], prepare(*member, dataset, device, came_to)),
        lambda member, error: fail(*member, saved_epochs(member[0]), error),
    )
    if not prepared:
        return False
    runs, configs = zip(*prepared, strict=True)
    well = train_runs(runs, configs, dataset, device, trial.chosen, stop_asked, threads)
    return well and len(prepared) == len(group)


def _resolved(trial: Trial, device: torch.device, threads: int) -> dict[str, str]:
    """What `config.versions` tells of how it is computed."""
    came_to = {"precision": str(trial.chosen.precision)}
    if device.type == "cpu":
        came_to["threads"] = str(threads)
        if trial.chosen.precision == "fp32":  # bf16 has one library only
            came_to["library"] = trial.chosen.library
        if trial.milliseconds:
            came_to["measured"] = f"{trial} a step"
    return came_to


def group_ensembles(standing: Iterable[tuple[Member, Position]]) -> list[list[Member]]:
    """Group runs that differ only in kind, latent size, β and learning rate and stand at one position.

    Runs of one learning rate are neighbours, so that one call of Adam moves them.
    """
    groups: dict[tuple[object, ...], list[Member]] = {}
    for (run, config), stands in standing:
        groups.setdefault(_ensemble_key(config, stands), []).append((run, config))
    return [sorted(group, key=lambda member: member[1].optimiser.lr) for group in groups.values()]


def halves(group: Sequence[Member]) -> list[list[Member]]:
    """Two halves, or the one model that there is; their runs may stand at different positions by now."""
    middle = len(group) // 2
    now = [_as_written(member) for member in group]
    halves = [now[:middle], now[middle:]]
    return [ensemble for half in halves if half for ensemble in group_ensembles(with_positions(half))]


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


def _ensemble_key(config: Config, stands: Position) -> tuple[object, ...]:
    return (
        config.data,
        config.model.arch,
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


def mark(group: Sequence[Member], state: State, error: str = "") -> None:
    """Mark runs that did not get to mark themselves, with the epochs that they have saved."""
    for run, config in group:
        report_status(run, Status(state, saved_epochs(run), config.optimiser.epochs, error=error))
