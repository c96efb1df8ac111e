"""An ensemble to and from run directories: one model a directory, unstacked and unpadded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from trainer.adam import Adam
from trainer.files import Array, DamagedFile, read_tensors, write_tensors
from trainer.model import Ensemble, initial_weights, stack, unstack
from trainer.objective import Tally
from trainer.run import MODEL, STATE, TIMELINE, Config, weight_shapes

MOST_FRAMES = 200
MOMENTS = ("exp_avg", "exp_avg_sq")
TALLIES = [field.name for field in fields(Tally) if field.name != "images"]


@dataclass(frozen=True)
class Position:
    """Where a run stands: finished epochs, and steps taken in the next one."""

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0  # spent in the half epoch


@dataclass
class Learner:
    """An ensemble in training: its weights, Adam's moments, and the sums of the epoch under way."""

    ensemble: Ensemble
    adam: Adam
    tally: Tally


@dataclass
class Timeline:
    """Per finished epoch, the probes reconstructed and the prior draws decoded, uint8.

    A long training keeps about `MOST_FRAMES` of them, so that saving stays cheap.
    """

    epochs: list[int]
    probes: list[Array]  # each (probes, pixels)
    draws: list[Array]  # each (draws, pixels)

    @staticmethod
    def wants(epoch: int, epochs: int) -> bool:
        """Whether the frame of `epoch` is kept in a training of `epochs`."""
        return epoch in (1, epochs) or epoch % math.ceil(epochs / MOST_FRAMES) == 0

    def append(self, epoch: int, probes: Array, draws: Array) -> None:
        """Add one epoch's frame."""
        self.epochs.append(epoch)
        self.probes.append(probes)
        self.draws.append(draws)

    def save(self, run: Path, probe_index: Array) -> None:
        """Write timeline.safetensors, once there is a frame."""
        if not self.epochs:
            return
        arrays = {
            "epoch": np.array(self.epochs, dtype=np.int32),
            "probes": np.stack(self.probes),  # (epochs, probes, pixels)
            "draws": np.stack(self.draws),  # (epochs, draws, pixels)
            "probe_index": probe_index,
        }
        write_tensors(run / TIMELINE, arrays)

    @staticmethod
    def load(run: Path, last: int) -> Timeline:
        """The frames up to epoch `last`; empty where there are none yet. Raises `DamagedFile`."""
        path = run / TIMELINE
        if last == 0 or not path.exists():
            return Timeline([], [], [])
        arrays = read_tensors(path).arrays
        if not {"epoch", "probes", "draws"} <= arrays.keys():
            raise DamagedFile(path, "it lacks epoch, probes or draws")
        kept = [i for i, epoch in enumerate(arrays["epoch"].tolist()) if epoch <= last]
        frames = (
            [arrays["epoch"].tolist()[i] for i in kept],
            *([arrays[n][i] for i in kept] for n in ("probes", "draws")),
        )
        return Timeline(*frames)


def save(run: Path, learner: Learner, index: int, position: Position) -> None:
    """Write model.safetensors and state.safetensors of the ensemble's model `index`.

    The state carries the weights once more: whenever a crash comes, one file alone is enough to resume.
    """
    model = learner.ensemble.configs[index].model
    weights = unstack(learner.ensemble.parameters, index, model)
    arrays = {f"weight/{name}": value for name, value in weights.items()}
    for moment in MOMENTS:
        single = unstack(getattr(learner.adam, moment), index, model)
        arrays |= {f"{moment}/{name}": value for name, value in single.items()}
    for name in TALLIES:
        own = getattr(learner.tally, name)[index]
        arrays[f"tally/{name}"] = (own[: model.latent] if own.dim() else own).cpu().numpy()
    text = {
        "epoch": str(position.epoch),
        "step": str(position.step),
        "seconds": repr(position.seconds),
        "adam_step": str(learner.adam.step_count),
        "tally_images": str(learner.tally.images),
    }
    write_tensors(run / MODEL, weights, {"epoch": str(position.epoch)})
    write_tensors(run / STATE, arrays, text)


def position(run: Path) -> Position:
    """Where `run` can go on from. Raises `Problem` for a damaged state."""
    path = run / STATE
    if not path.exists():
        return Position()
    text = read_tensors(path).metadata
    try:
        return Position(int(text["epoch"]), int(text["step"]), float(text["seconds"]))
    except (KeyError, ValueError):
        raise DamagedFile(path, "it does not say where the run stood") from None


def resume(runs: Sequence[Path], configs: Sequence[Config], device: torch.device) -> Learner:
    """The ensemble as it was saved, all runs at one position; fresh weights where nothing was saved yet."""
    models = [config.model for config in configs]
    saved = [_read_state(run, config) for run, config in zip(runs, configs, strict=True)]
    weights = [
        _part(arrays, "weight") if arrays else initial_weights(config)
        for (arrays, _), config in zip(saved, configs, strict=True)
    ]
    ensemble = Ensemble.build(configs, weights, device)
    adam = Adam(ensemble.parameters, configs[0].optimiser.lr)
    tally = Tally.of(ensemble)
    if all(arrays for arrays, _ in saved):
        for moment in MOMENTS:
            stacked = stack([_part(arrays, moment) for arrays, _ in saved], models, device)
            setattr(adam, moment, stacked)
        adam.set_step_count(int(saved[0][1]["adam_step"]))
        tally.images = int(saved[0][1]["tally_images"])
        for name in TALLIES:
            room = getattr(tally, name)
            for i, (arrays, _) in enumerate(saved):
                own = torch.as_tensor(arrays[f"tally/{name}"])
                room[(i, slice(len(own))) if own.dim() else i] = own.to(room)
    return Learner(ensemble, adam, tally)


def _read_state(run: Path, config: Config) -> tuple[dict[str, Array], Mapping[str, str]]:
    path = run / STATE
    if not path.exists():
        return {}, {}
    weights = weight_shapes(config.model)
    shapes = {f"{part}/{name}": shape for part in ("weight", *MOMENTS) for name, shape in weights.items()}
    read = read_tensors(path, shapes)
    missing = {f"tally/{name}" for name in TALLIES} - read.arrays.keys()
    missing |= {"adam_step", "tally_images"} - read.metadata.keys()
    if missing:
        raise DamagedFile(path, f"it lacks {sorted(missing)[0]}")
    return read.arrays, read.metadata


def _part(arrays: Mapping[str, Array], part: str) -> dict[str, Tensor]:
    prefix = f"{part}/"
    return {n.removeprefix(prefix): torch.from_numpy(a) for n, a in arrays.items() if n.startswith(prefix)}
