"""Disk space: how much runs need, whether it is free, and messages for failed writes."""

from __future__ import annotations

import errno
import math
import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.config import PIXELS, Config, weight_shapes
from trainer.contract.files import DamagedFile, Problem, clean
from trainer.contract.run_dir import DRAWS, MOST_FRAMES, PROBES
from trainer.contract.tensors import MAX_TENSOR_BYTES

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

GO_ON = "then the same command goes on from what was saved"

_CONSTANT = 32 << 10  # configuration, status, evaluation, headers, the log's beginning; blocks rounded up
_ROW, _NUMBER, _LOG_LINE = 450, 25, 80  # bytes of a row of metrics, of a number in it, of an epoch in the log


@dataclass(frozen=True)
class Need:
    """Bytes of a finished run, of the files replaced by one save, of the largest file, and of the state."""

    total: int
    save: int
    largest: int
    state: int


def need(config: Config) -> Need:
    """Return the disk space that a run of `config` needs."""
    weights = 4 * sum(math.prod(shape) for shape in weight_shapes(config.model).values())
    state = weights * (4 if config.optimiser.keep == "best" else 3)
    epochs, latent = config.optimiser.epochs, config.model.latent
    frames = min(epochs, MOST_FRAMES + 2)
    timeline = frames * (PROBES + DRAWS) * PIXELS
    latents = config.data.test * (8 * latent + 5)
    rows = epochs * (_ROW + _LOG_LINE + _NUMBER * latent)
    save = weights + state + timeline
    largest = max(state, timeline, latents, rows)
    return Need(save + latents + rows + _CONSTANT, save, largest, state)


def check_room(folder: Path, members: Sequence[tuple[Path, Config]]) -> None:
    """Raise `Problem` if the disk of `folder` has no room for training `members`, or a model is too large.

    Their existing files count as space that is used already; a save needs room for old and new files.
    """
    if not members:
        return
    needs = [need(config) for _, config in members]
    state = max(one.state for one in needs)
    if state > MAX_TENSOR_BYTES:
        raise Problem(
            "a model is saved in one file with all that resuming needs, of "
            f"{megabytes(MAX_TENSOR_BYTES)} at most, and this training needs {megabytes(state)}: choose a "
            "smaller --hidden"
        )
    largest = max(one.largest for one in needs)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if limit != resource.RLIM_INFINITY and largest > limit:
        raise Problem(
            f"the size of a file is limited to {megabytes(limit)} (ulimit -f), and this training writes one "
            f"of {megabytes(largest)}: raise the limit"
        )
    lacking = sum(max(one.total - _written(run), 0) for one, (run, _) in zip(needs, members, strict=True))
    lacking += max(one.save for one in needs)
    free = free_bytes(folder)
    if free is not None and free < lacking:
        who = f"these {len(members)} runs need" if len(members) > 1 else "this run needs"
        raise Problem(
            f"{clean(str(folder))} has no room: {who} about {megabytes(lacking)} there and "
            f"{megabytes(free)} are free, so free some or choose another folder with --runs"
        )


def free_bytes(folder: Path) -> int | None:
    """Return the bytes that may be written below `folder`, which may not exist yet; None if unknown."""
    for one in (folder.absolute(), *folder.absolute().parents):
        try:
            disk = os.statvfs(one)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return None
        return disk.f_bavail * disk.f_frsize if disk.f_blocks else None  # unknown on some network disks
    return None


def _written(run: Path) -> int:
    try:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(run))
    except OSError:
        return 0


def megabytes(count: int) -> str:
    """Return `count` bytes as text."""
    if count < 100_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def cause(run: Path, config: Config, error: OSError | Problem) -> str:
    """Return one sentence on why `run` could not continue, and the remedy."""
    if isinstance(error, Problem):
        return f"{error}: retrain the run with --force" if isinstance(error, DamagedFile) else str(error)
    folder = clean(str(run))
    if error.errno == errno.EFBIG:
        largest = megabytes(need(config).largest)
        return f"{folder} cannot be written, a file of {largest} is too large here: raise ulimit -f, {GO_ON}"
    if error.errno in FULL:
        free, needed = free_bytes(run), need(config).save
        room = f"saving takes {megabytes(needed)}"
        room += "" if free is None or free > needed else f", {megabytes(free)} are free"
        left = "your quota leaves no space" if error.errno == errno.EDQUOT else "no space is left"
        return f"{left} for {folder} ({room}): free some, {GO_ON}"
    if not run.is_dir():
        return f"its folder {folder} is gone: it was removed or renamed while the run was trained"
    name = str(error.filename2 or error.filename or run)
    what = folder if name.endswith(".tmp") else clean(name)
    return f"{what} cannot be written ({error.strerror or error}): fix that, {GO_ON}"
