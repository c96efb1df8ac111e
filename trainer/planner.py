"""Group runs into ensembles, train them in turn on a device, and handle failures."""

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
CONTINUE = "once it works again, the same command continues from what was saved"

log = logging.getLogger("trainer")


def train_all(members: Sequence[Member], data: Path, stop_asked: Callable[[], bool]) -> bool:
    """Train every ensemble in turn; return whether none failed. Each run's status says how it ended."""
    positioned = with_positions(members)
    succeeded = len(positioned) == len(members)
    for (run, config), position in positioned:
        # Still queued, but now signed by this process.
        report_status(run, Status("queued", position.epoch, config.optimiser.epochs))
    queue = group_ensembles(positioned)
    measured: dict[object, StepTimes] = {}
    while queue:
        planned = queue.pop(0)
        group = existing(planned)
        succeeded &= len(group) == len(planned)
        if not group:
            continue
        if stop_asked():
            mark(group, "stopped")
            continue
        try:
            succeeded &= _train(group, data, stop_asked, measured)
        except Exception as error:
            parts = retry_groups(error, group)
            succeeded &= bool(parts)
            queue[:0] = parts
        free_memory()
    return succeeded


def existing(group: Sequence[Member]) -> list[Member]:
    """Return those of `group` whose folders are still in place, and mark the others as failed."""
    gone = [member for member in group if lost_folder(member[0])]
    for member in gone:
        log.error("%s: its folder is gone", member[0].name)
    mark(gone, "failed")
    return [member for member in group if member not in gone]


def with_positions(members: Iterable[Member]) -> list[tuple[Member, Position]]:
    """Read the position of every member; one with a damaged state is marked failed and left out."""

    def place(member: Member) -> tuple[Member, Position]:
        return member, read_position(member[0])

    return for_each_run(members, place, lambda member, error: fail(*member, saved_epochs(member[0]), error))


def retry_groups(error: Exception, group: Sequence[Member]) -> list[list[Member]]:
    """Return the smaller groups of `group` to train after `error` ended its training, none if it cannot help.

    If memory is exhausted, halves of the group may fit; any other error fails the runs that are not over.
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
    """Return one sentence on what ended a training; the log has more where that may help."""
    if memory := exhausted_memory(error):
        log.error("%s has no room", memory)
        return OUT_OF_MEMORY.format(memory)
    if failure := device_failure(error):
        log.error("the device failed", exc_info=error)
        return f"the GPU failed in mid-training ({failure}): {CONTINUE}"
    log.error("the training broke", exc_info=error)
    return f"{type(error).__name__}: {error} (more in {LOG})"


def _is_over(run: Path) -> bool:
    """Return whether the training has said how `run` ended: it was queued before that."""
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
    resolved = _resolved(trial, device, threads)
    if device.type == "cpu" and len(group) > 1:  # a single model is tried anyway
        at_once = max(1, torch.get_num_threads() // threads)
        wanted = training_bytes([config for _, config in group], trial.chosen, at_once)
        if wanted > USABLE_SHARE * free_bytes():
            raise NotEnoughMemory(f"{len(group)} models take {wanted / 1e9:.1f} GB")
    prepared = for_each_run(
        group,
        lambda member: (member[0], prepare(*member, dataset, device, resolved)),
        lambda member, error: fail(*member, saved_epochs(member[0]), error),
    )
    if not prepared:
        return False
    runs, configs = zip(*prepared, strict=True)
    succeeded = train_runs(runs, configs, dataset, device, trial.chosen, stop_asked, threads)
    return succeeded and len(prepared) == len(group)


def _resolved(trial: Trial, device: torch.device, threads: int) -> dict[str, str]:
    """Return the entries of `config.versions` on how the models are computed."""
    resolved = {"precision": str(trial.chosen.precision)}
    if device.type == "cpu":
        resolved["threads"] = str(threads)
        if trial.chosen.precision == "fp32":  # bf16 has only one library
            resolved["library"] = trial.chosen.library
        if trial.milliseconds:
            resolved["measured"] = f"{trial} a step"
    return resolved


def group_ensembles(positioned: Iterable[tuple[Member, Position]]) -> list[list[Member]]:
    """Group runs that differ only in kind, latent size, β and learning rate and share a position.

    Runs of one learning rate are neighbours, so that one call of Adam moves them.
    """
    groups: dict[tuple[object, ...], list[Member]] = {}
    for (run, config), position in positioned:
        groups.setdefault(_ensemble_key(config, position), []).append((run, config))
    return [sorted(group, key=lambda member: member[1].optimiser.lr) for group in groups.values()]


def halves(group: Sequence[Member]) -> list[list[Member]]:
    """Split a group in two, unless it is one model; its runs may be at different positions by now."""
    middle = len(group) // 2
    now = [_as_written(member) for member in group]
    halves = [now[:middle], now[middle:]]
    return [ensemble for half in halves if half for ensemble in group_ensembles(with_positions(half))]


def _as_written(member: Member) -> Member:
    """Return the member with its written configuration, which has its precision and threads."""
    try:
        return member[0], read_config(member[0])
    except Problem:
        return member


def free_memory() -> None:
    """Release the GPU memory of an ensemble before the next one allocates its own."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _ensemble_key(config: Config, position: Position) -> tuple[object, ...]:
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
        (position.epoch, position.step),
    )


def prepare(
    run: Path, config: Config, dataset: Dataset, device: torch.device, resolved: Mapping[str, str]
) -> Config:
    """Write into config.json what trains it. Raises `Problem` where the images are not the config's."""
    if config.data.checksum != dataset.checksum:
        raise Problem(
            f"{run.name} was begun on other {config.data.name} images than those in the data folder: "
            "name the folder with --data, or retrain it with --force"
        )
    if device.type == "cpu" and "measured" in config.versions:  # figures of its own, once measured, stay
        resolved = {"measured": config.versions["measured"], **resolved}
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    versions = {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "vaetui": __version__,
        "device": f"{device.type} ({name})",
        **resolved,
    }
    described = dataclasses.replace(config, versions=versions)
    if described != config:
        write_config(run, described)
    log.info(
        "%s: epochs %d on %s, %s",
        run.name,
        config.optimiser.epochs,
        versions["device"],
        ", ".join(f"{about} {text}" for about, text in resolved.items()),
    )
    return described


def mark(group: Sequence[Member], state: State, error: str = "") -> None:
    """Mark runs that did not get to mark themselves, with the epochs that they have saved."""
    for run, config in group:
        report_status(run, Status(state, saved_epochs(run), config.optimiser.epochs, error=error))
