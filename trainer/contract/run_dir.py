"""The run directory: the one contract between the trainer and everything that reads its results.

Standard library, numpy and safetensors only, so that the app can import it without PyTorch.
Input is untrusted: sizes are bounded before anything is allocated, values are checked against the
configuration, and a file that does not fit raises `Problem`.

    <runs>/<dataset>/<name>/
        config.json            `Config`, written first; enough to train the run again
        status.json            `Status`, replaced at most four times a second
        metrics.jsonl          one `Epoch` a line
        model.safetensors      the weights of one model, named and shaped as in `weight_shapes`
        state.safetensors      what resuming needs: weights, Adam moments, the metrics of a half epoch, and
                               the settings that all of it was trained with
        latents.safetensors    test posterior: mean, log_var (images, latent), labels and distortion (images,)
        timeline.safetensors   per epoch: reconstructed probes and decoded prior draws, uint8
        evaluation.json        test figures with their protocol, and what `vaetui evaluate` adds
        run.lock, train.log
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from trainer.contract.config import CONFIG, Time
from trainer.contract.files import (
    MAX_JSON_BYTES,
    read_bounded,
    write_json,
)
from trainer.contract.lock import LOCK as LOCK
from trainer.contract.lock import hold as hold
from trainer.contract.lock import is_alive as is_alive
from trainer.contract.metrics import EpochNumber
from trainer.contract.values import Between, Figure, parse

PROBES, DRAWS, MOST_FRAMES = 20, 16, 200  # of a timeline: images a frame, and about how many frames

STATUS = "status.json"
MODEL, STATE = "model.safetensors", "state.safetensors"
LATENTS, TIMELINE = "latents.safetensors", "timeline.safetensors"
LOG = "train.log"
EXAMPLES = "examples"  # the folder of the shipped runs, where no training writes


Share = Annotated[float, Between(0, 1)]
Pid = Annotated[int, Between(0, (1 << 31) - 1)]

State = Literal["queued", "running", "stopped", "failed", "finished"]


# --- values -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Status:
    """The progress of a run. Whether it is alive is known from its lock (`is_alive`), not from this.

    `early`: it finished before its last epoch by early stopping.
    """

    state: State
    epoch: EpochNumber
    epochs: EpochNumber
    progress: Share = 0.0
    images_per_second: Figure = 0.0
    error: str = ""
    pid: Pid = 0
    host: str = ""
    updated: Time = 0.0
    early: bool = False


# --- JSON -------------------------------------------------------------------------------------------


def read_status(run: Path) -> Status:
    """Read the status of `run`. Raises `Problem`."""
    status: Status = parse(Status, read_bounded(run / STATUS, MAX_JSON_BYTES), run / STATUS)
    return status


def write_status(run: Path, status: Status) -> None:
    """Replace status.json, stamped with the time; not synced to disk, since it is only news."""
    stamped = dataclasses.replace(status, updated=time.time())
    write_json(run / STATUS, dataclasses.asdict(stamped), durable=False)


def is_run(folder: Path) -> bool:
    """Whether `folder` is a run directory: one with a config.json, whatever that is. Raises `OSError`."""
    try:
        (folder / CONFIG).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
