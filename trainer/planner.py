"""Group runs into ensembles, train one after the other on a device, and handle failures."""

from __future__ import annotations

import dataclasses
import gc
import logging
import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
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
from trainer.run_status import Member, fail_as_saved, for_each_run, report_status, saved_epochs
from trainer.train_runs import train_runs

OUT_OF_MEMORY = "{} has no room for this model: train it with a smaller --hidden or --batch-size"
CONTINUE = "once it works again, the same command continues from what was saved"

log = logging.getLogger("trainer")


def train_all(members: Sequence[Member], data: Path, stop_asked: Callable[[], bool]) -> bool:
    """Train one ensemble after the other; return whether all succeeded. Each run's status has its result."""
    positioned = with_positions(members)
    succeeded = len(positioned) == len(members)
    queue = group_ensembles(positioned)
    for ensemble in queue:
        mark(ensemble, "queued")  # as before, but now signed by this process
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
        mark(group, "queued", starting=True)
        try:
            succeeded &= _train(group, data, stop_asked, measured)
        except Exception as error:
            parts = retry_groups(error, group)
            succeeded &= bool(parts)
            queue[:0] = parts
        gc.collect()
        if torch.cuda.is_available():  # the next ensemble needs the memory
            torch.cuda.empty_cache()
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
    return for_each_run(members, lambda member: (member, read_position(member[0])), fail_as_saved)


def retry_groups(error: Exception, group: Sequence[Member]) -> list[list[Member]]:
    """Return the parts of `group` to train after `error` ended its training.

    If memory is exhausted, halves of the group may fit; any other error fails the runs that have not ended.
    """
    rest = [member for member in group if not _has_ended(member[0])]
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
        for member in rest:
            fail_as_saved(member, error)
    else:
        mark(rest, "failed", _cause(error))
    return []


def _cause(error: Exception) -> str:
    """Return one sentence on why a training ended, and log details where they may help."""
    if memory := exhausted_memory(error):
        log.error("%s has no room", memory)
        return OUT_OF_MEMORY.format(memory)
    if failure := device_failure(error):
        log.error("the device failed", exc_info=error)
        return f"the GPU failed in mid-training ({failure}): {CONTINUE}"
    log.error("the training broke", exc_info=error)
    return f"{type(error).__name__}: {error} (more in {LOG})"


def _has_ended(run: Path) -> bool:
    with suppress(Problem):
        return read_status(run).state in ("finished", "failed")
    return False


def _train(
    group: Sequence[Member], data: Path, stop_asked: Callable[[], bool], measured: dict[object, StepTimes]
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
    if device.type == "cpu" and len(group) > 1:  # a single model is always tried
        at_once = max(1, torch.get_num_threads() // threads)
        wanted = training_bytes([config for _, config in group], trial.chosen, at_once)
        if wanted > USABLE_SHARE * free_bytes():
            raise NotEnoughMemory(f"{len(group)} models take {wanted / 1e9:.1f} GB")
    prepared = for_each_run(
        group,
        lambda member: (member[0], prepare(*member, dataset, device, resolved)),
        fail_as_saved,
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

    Runs of one learning rate are adjacent, so that one call of Adam updates them.
    """
    groups: dict[tuple[object, ...], list[Member]] = {}
    for (run, config), position in positioned:
        groups.setdefault(_ensemble_key(config, position), []).append((run, config))
    return [sorted(group, key=lambda member: member[1].optimiser.lr) for group in groups.values()]


def halves(group: Sequence[Member]) -> list[list[Member]]:
    """Split a group in two, unless it is one model; its runs may be at different positions by now."""

    def as_written(member: Member) -> Member:
        with suppress(Problem):
            return member[0], read_config(member[0])  # with the precision and threads of its training
        return member

    middle, written = len(group) // 2, list(map(as_written, group))
    parts = (group_ensembles(with_positions(half)) for half in (written[:middle], written[middle:]))
    return [ensemble for part in parts for ensemble in part]


def _ensemble_key(config: Config, position: Position) -> tuple[object, ...]:
    return (
        config.data,
        config.model.arch,
        config.model.hidden,
        *(config.objective.likelihood, config.objective.bound, config.objective.samples),
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
    """Write versions and device into config.json. Raises `Problem` where the images are not the config's."""
    if config.data.checksum != dataset.checksum:
        raise Problem(
            f"{run.name} was begun on other {config.data.name} images than those in the data folder: "
            "name the folder with --data, or retrain it with --force"
        )
    if device.type == "cpu" and "measured" in config.versions:  # a run keeps its own measurement
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


def mark(group: Sequence[Member], state: State, error: str = "", *, starting: bool = False) -> None:
    """Report `state` for runs with the epochs that they have saved."""
    for run, config in group:
        status = Status(state, saved_epochs(run), config.optimiser.epochs, error=error, starting=starting)
        report_status(run, status)
