"""Write the status of runs; an error of one run does not end the others."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from trainer.contract import disk_space
from trainer.contract.config import Config
from trainer.contract.files import Problem, overwrite
from trainer.contract.lock import lost_folder
from trainer.contract.position import read_position
from trainer.contract.run_dir import STATUS, Status, measured_speed, read_status, write_status

Member = tuple[Path, Config]

M = TypeVar("M")
T = TypeVar("T")

log = logging.getLogger("trainer")


def report_status(run: Path, status: Status) -> None:
    """Replace status.json, signed by this process; without a new measurement of speed the last one stays.

    If it cannot be written the training continues, and readers see by the lock whether the run is alive. On a
    full disk it is written in place, so a reader may see half of it. If the folder was moved, the run is
    marked as failed in its current folder.
    """
    if lost := lost_folder(run):
        if lost.current is None:
            return
        run, status = lost.current, dataclasses.replace(status, state="failed", error=lost.cause)
    speed = status.images_per_second or measured_speed(run)
    signed = dataclasses.replace(status, images_per_second=speed, pid=os.getpid(), host=socket.gethostname())
    try:
        write_status(run, signed)
    except OSError as error:
        if error.errno in disk_space.FULL:
            with contextlib.suppress(OSError):
                now = dataclasses.replace(signed, updated=time.time())
                overwrite(run / STATUS, json.dumps(dataclasses.asdict(now)).encode())


def fail(run: Path, config: Config, epoch: int, error: OSError | Problem) -> None:
    """Mark `run` as failed after `epoch` epochs, with the cause, and log it."""
    sentence = disk_space.cause(run, config, error)
    log.error("%s: %s", run.name, sentence)
    report_status(run, Status("failed", epoch, config.optimiser.epochs, error=sentence))


def fail_as_saved(member: Member, error: OSError | Problem) -> None:
    """Mark a run as failed after the epochs that it has saved, with the cause, and log it."""
    fail(*member, saved_epochs(member[0]), error)


def saved_epochs(run: Path) -> int:
    """Return how many epochs of `run` are saved, wherever its folder is now.

    Fall back to its status where its state cannot be read.
    """
    lost = lost_folder(run)
    folder = lost.current if lost else run
    if folder is None:
        return 0
    for read in (read_position, read_status):
        with contextlib.suppress(Problem):
            return read(folder).epoch
    return 0


def for_each_run(
    members: Iterable[M], act: Callable[[M], T], failed: Callable[[M, OSError | Problem], None]
) -> list[T]:
    """Call `act` for every member and return the results; one that raises `OSError` or `Problem` fails alone.

    Other errors, such as those of the device, concern all of them and propagate.
    """
    results = []
    for member in members:
        try:
            results.append(act(member))
        except (OSError, Problem) as error:
            failed(member, error)
    return results
