"""The position of a run, from the metadata of its state, checked against its configuration."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.contract.config import CONFIG, Config, config_values
from trainer.contract.files import DamagedFile, Problem, clean
from trainer.contract.run_dir import STATE
from trainer.contract.tensors import read_metadata

# The parts of a configuration that a state depends on, and the values that may differ in them: epochs may be
# raised unless cycles of β divide them, and the checksum covers the numbers of images. Device, precision and
# versions may change.
PARTS = ("model", "objective", "optimiser", "data", "seed")
FREE = ("optimiser.epochs", "data.train", "data.val", "data.test")

_PREFIX = "config."
_COUNT = re.compile(r"[0-9]{1,12}", re.ASCII)
_MOST_SECONDS = 1e9


@dataclass(frozen=True)
class Position:
    """The position of a run: finished epochs, and steps taken in the next one."""

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0  # spent in the unfinished epoch

    @property
    def text(self) -> str:
        """Return in words which weights those at this position are, such as "partway through epoch 1"."""
        if self.step:
            return f"partway through epoch {self.epoch + 1}"
        return f"epoch {self.epoch}" if self.epoch else "untrained"


def read_position(run: Path) -> Position:
    """Read the saved position of `run` from its state's header. Raises `Problem` for a damaged one."""
    path = run / STATE
    return position_of(path, read_metadata(path)) if path.exists() else Position()


def position_of(path: Path, metadata: Mapping[str, str]) -> Position:
    """Return the position in the metadata of the state `path`. Raises `DamagedFile`."""
    try:
        seconds = float(metadata["seconds"])
    except (KeyError, ValueError):
        seconds = math.nan
    if not 0 <= seconds <= _MOST_SECONDS:
        raise DamagedFile(path, "it does not say where the run stood")
    return Position(count_of(path, metadata, "epoch"), count_of(path, metadata, "step"), seconds)


def count_of(path: Path, metadata: Mapping[str, str], name: str) -> int:
    """Return one whole number of the metadata of the state `path`. Raises `DamagedFile`."""
    if not _COUNT.fullmatch(metadata.get(name, "")):
        raise DamagedFile(path, f"it does not say where the run stood: its {name} is not a number")
    return int(metadata[name])


def check_counts(path: Path, metadata: Mapping[str, str], images: int, batch_size: int) -> None:
    """Raises `DamagedFile` unless steps and images of the state `path` follow from its epoch and step."""
    position, steps = position_of(path, metadata), math.ceil(images / batch_size)
    if position.step > steps:  # after the last one, before the epoch's figures
        raise DamagedFile(path, f"it stands at step {position.step} of an epoch of {steps}")
    done = position.epoch * steps + position.step
    if count_of(path, metadata, "adam_step") != done:
        raise DamagedFile(path, f"its {metadata['adam_step']} steps of Adam are not the {done} of its epochs")
    # Between two epochs the sums are of the one that is over, or cleared.
    seen = (min(position.step * batch_size, images),) if position.step else (0, images)
    if count_of(path, metadata, "tally_images") not in seen:
        raise DamagedFile(path, f"its sums are over {metadata['tally_images']} images, not {seen[-1]}")


def settings(config: Config) -> dict[str, str]:
    """Return the settings that a state depends on, as metadata: keys like `config.seed`, values as JSON."""
    flat: dict[str, Any] = {}
    values = config_values(config)
    for part in PARTS:
        inner = values[part]
        flat |= {f"{part}.{key}": v for key, v in inner.items()} if isinstance(inner, dict) else {part: inner}
    free = {*FREE} - ({"optimiser.epochs"} if config.objective.beta_cycles else set())
    return {
        _PREFIX + key: json.dumps(value, separators=(",", ":"))
        for key, value in flat.items()
        if key not in free
    }


def check_settings(run: Path, metadata: Mapping[str, str], config: Config) -> None:
    """Raises `Problem` where config.json was changed since the state with `metadata` was written.

    Only settings that both know are compared: older and newer versions may have others.
    """
    now = settings(config)
    for key in now.keys() & metadata.keys():
        if metadata[key] != clean(now[key]):
            name = key.removeprefix(_PREFIX)
            raise Problem(
                f"{clean(str(run / CONFIG))} says {name} {clean(now[key], 40)}, and what is saved was "
                f"trained with {clean(metadata[key], 40)}: put that back, or retrain the run with --force"
            )
