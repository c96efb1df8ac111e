"""An ensemble to and from run directories: one model a directory, unstacked and unpadded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from trainer.adam import Moments
from trainer.files import DamagedFile
from trainer.gradient import Workspaces
from trainer.learner import Learner
from trainer.model import Ensemble, initial_weights, stack, unstack
from trainer.objective import Tally
from trainer.run import MODEL, STATE, TIMELINE, Config, weight_shapes
from trainer.tensors import Array, read_tensors, write_tensors

MOST_FRAMES = 200
MOMENTS = ("exp_avg", "exp_avg_sq")
BEST = "best"
TALLIES = ("distortion", "squared_error", "kl_per_dim", "mean", "mean_squared")


@dataclass(frozen=True)
class Position:
    """Where a run stands: finished epochs, and steps taken in the next one."""

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0  # spent in the half epoch


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


def save(run: Path, learner: Learner, index: int, position: Position, kept: int) -> None:
    """Write model.safetensors and state.safetensors of the learner's model `index`.

    The model has the weights that are kept, those after epoch `kept`. The state carries the last weights, and
    the best where these are kept: whenever a crash comes, one file alone is enough to resume.
    """
    model = learner.ensemble.configs[index].model
    moments = learner.adam.moments
    parts = {"weight": learner.ensemble.parameters}
    parts |= {moment: getattr(moments, moment) for moment in MOMENTS}
    if learner.best is not None:
        parts[BEST] = learner.best
    arrays = {
        f"{part}/{name}": value
        for part, stacked in parts.items()
        for name, value in unstack(stacked, index, model).items()
    }
    weights = {name: arrays[f"{BEST if BEST in parts else 'weight'}/{name}"] for name in weight_shapes(model)}
    for name in TALLIES:
        own = getattr(learner.tally, name)[index]
        arrays[f"tally/{name}"] = (own[: model.latent] if own.dim() else own).cpu().numpy()
    text = {
        "epoch": str(position.epoch),
        "step": str(position.step),
        "seconds": repr(position.seconds),
        "adam_step": str(moments.steps),
        "tally_images": str(learner.tally.images),
    }
    write_tensors(run / MODEL, weights, {"epoch": str(kept)})
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


def resume(
    runs: Sequence[Path],
    configs: Sequence[Config],
    device: torch.device,
    dtype: torch.dtype,
    workspaces: Workspaces,
) -> Learner:
    """The ensemble as it was saved, all runs at one position; fresh weights where nothing was saved yet."""
    models = [config.model for config in configs]
    saved = [_read_state(run, config) for run, config in zip(runs, configs, strict=True)]
    if not all(arrays for arrays, _ in saved):
        weights = [initial_weights(config) for config in configs]
        return Learner(Ensemble.build(configs, weights, device), dtype, workspaces=workspaces)

    def part(name: str) -> list[dict[str, Tensor]]:
        return [_part(arrays, name) for arrays, _ in saved]

    ensemble = Ensemble.build(configs, part("weight"), device)
    exp_avg, exp_avg_sq = (stack(part(moment), models, device) for moment in MOMENTS)
    text = saved[0][1]
    tally = Tally.of(ensemble)
    tally.images = int(text["tally_images"])
    for name in TALLIES:
        room = getattr(tally, name)
        for i, (arrays, _) in enumerate(saved):
            own = torch.as_tensor(arrays[f"tally/{name}"])
            room[(i, slice(len(own))) if own.dim() else i] = own.to(room)
    best = stack(part(BEST), models, device) if configs[0].optimiser.keep == "best" else None
    moments = Moments(exp_avg, exp_avg_sq, int(text["adam_step"]))
    return Learner(ensemble, dtype, moments, tally, best, workspaces)


def _read_state(run: Path, config: Config) -> tuple[dict[str, Array], Mapping[str, str]]:
    path = run / STATE
    if not path.exists():
        return {}, {}
    parts = ("weight", *MOMENTS, *((BEST,) if config.optimiser.keep == "best" else ()))
    weights = weight_shapes(config.model)
    shapes = {f"{part}/{name}": shape for part in parts for name, shape in weights.items()}
    read = read_tensors(path, shapes)
    missing = {f"tally/{name}" for name in TALLIES} - read.arrays.keys()
    missing |= {"adam_step", "tally_images"} - read.metadata.keys()
    if missing:
        raise DamagedFile(path, f"it lacks {sorted(missing)[0]}")
    return read.arrays, read.metadata


def _part(arrays: Mapping[str, Array], part: str) -> dict[str, Tensor]:
    prefix = f"{part}/"
    return {n.removeprefix(prefix): torch.from_numpy(a) for n, a in arrays.items() if n.startswith(prefix)}
