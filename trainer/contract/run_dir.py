"""The run directory: the one contract between the trainer and everything that reads its results.

Input is untrusted: sizes are bounded before anything is allocated, values are checked against the
configuration, and a file that does not fit raises `Problem`.

    <runs>/<dataset>/<name>/
        config.json            `Config`, written first; enough to train the run again
        status.json            `Status`, replaced at most four times a second
        metrics.jsonl          one `Epoch` a line
        model.safetensors      the weights of one model, named and shaped as in `weight_shapes`
        state.safetensors      the training state: weights, Adam moments, metric sums of an unfinished epoch,
                               and the settings that it was trained with
        latents.safetensors    test posterior: mean, log_var (images, latent), labels and distortion (images,)
        timeline.safetensors   per epoch: reconstructed probes and decoded prior samples, uint8
        evaluation.json        test figures with their protocol, and those of `vaetui evaluate`
        note.txt               a note of the user in one line
        run.lock, train.log
"""

from __future__ import annotations

import dataclasses
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from trainer.contract.config import CONFIG, Time
from trainer.contract.files import (
    MAX_JSON_BYTES,
    MissingFile,
    Problem,
    clean,
    read_bounded,
    write_bytes,
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
LOG, NOTE = "train.log", "note.txt"
MAX_NOTE, MAX_NOTE_BYTES = 200, 1 << 14  # characters of a note that is shown; bytes of its file
EXAMPLES = "examples"  # the folder of the shipped runs, where no training writes


State = Literal["queued", "running", "stopped", "failed", "finished"]


@dataclass(frozen=True)
class Status:
    """The progress of a run. Whether it is alive is known from its lock (`is_alive`), not from this.

    `images_per_second` is the speed measured last, 0 before the first measurement. `early`: it finished
    before its last epoch by early stopping. `starting`: it is queued, and next; its trainer loads PyTorch or
    images.
    """

    state: State
    epoch: EpochNumber
    epochs: EpochNumber
    progress: Annotated[float, Between(0, 1)] = 0.0
    images_per_second: Figure = 0.0
    error: str = ""
    pid: Annotated[int, Between(0, (1 << 31) - 1)] = 0
    host: str = ""
    updated: Time = 0.0
    early: bool = False
    starting: bool = False


def read_status(run: Path) -> Status:
    """Read the status of `run`. Raises `Problem`."""
    return parse(Status, read_bounded(run / STATUS, MAX_JSON_BYTES), run / STATUS)


def write_status(run: Path, status: Status) -> None:
    """Replace status.json, with the current time; not synced to disk, since it is soon replaced again."""
    stamped = dataclasses.replace(status, updated=time.time())
    write_json(run / STATUS, dataclasses.asdict(stamped), durable=False)


def measured_speed(run: Path) -> float:
    """Return the images per second in the status of `run`, 0 if it cannot be read."""
    with suppress(Problem):
        return read_status(run).images_per_second
    return 0.0


def read_note(run: Path) -> str:
    """Return the note on `run` in one line, its beginning if it is long, "" without one. Raises `Problem`."""
    try:
        text = read_bounded(run / NOTE, MAX_NOTE_BYTES)
    except MissingFile:
        return ""
    return clean(text.decode(errors="replace"), MAX_NOTE)


def write_note(run: Path, text: str) -> None:
    """Replace the note on `run`; "" removes it. Raises `OSError`."""
    note = clean(text, MAX_NOTE)
    if note:
        write_bytes(run / NOTE, f"{note}\n".encode(errors="replace"))
    else:
        (run / NOTE).unlink(missing_ok=True)


def is_run(folder: Path) -> bool:
    """Return whether `folder` has a config.json, of whatever kind. Raises `OSError`."""
    try:
        (folder / CONFIG).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
