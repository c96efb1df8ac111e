"""Save an ensemble to run directories and load it: one model a directory, unstacked and unpadded."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from trainer.contract.config import PIXELS, Config, weight_shapes
from trainer.contract.files import DamagedFile, Problem, clean, sync, write_files
from trainer.contract.metrics import METRICS, Epoch, keep_epochs
from trainer.contract.position import Position, check_counts, check_settings, position_of, settings
from trainer.contract.run_dir import DRAWS, MODEL, MOST_FRAMES, PROBES, STATE, TIMELINE
from trainer.contract.tensors import Array, read_tensors, tensor_bytes
from trainer.engine.adam import Moments
from trainer.engine.learner import Learner
from trainer.engine.metric_sums import MetricSums
from trainer.engine.mlp_gradient import Workspaces
from trainer.models.ensemble import Ensemble
from trainer.models.registry import architecture_of, initial_weights

MOMENTS = ("exp_avg", "exp_avg_sq")
BEST = "best"
SUMS = ("distortion", "squared_error", "kl_per_dim", "mean", "mean_squared")

log = logging.getLogger("trainer")


class Diverged(Problem):
    """The weights or metrics of a model are no longer finite."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"its loss was not finite in epoch {epoch}: train it with a lower --lr")


# --- the timeline -------------------------------------------------------------------------------------


@dataclass
class Timeline:
    """Reconstructions of the probes and decoded prior samples of each finished epoch, uint8.

    A long training keeps about `MOST_FRAMES` epochs, so that saving stays cheap.
    """

    epochs: list[int] = field(default_factory=list)
    probes: list[Array] = field(default_factory=list)  # each (probes, pixels)
    draws: list[Array] = field(default_factory=list)  # each (draws, pixels)

    @staticmethod
    def wants(epoch: int, epochs: int) -> bool:
        """Return whether the frame of `epoch` is saved in a training of `epochs`."""
        return epoch in (1, epochs) or epoch % math.ceil(epochs / MOST_FRAMES) == 0

    def append(self, epoch: int, probes: Array, draws: Array) -> None:
        """Add one epoch's frame."""
        self.epochs.append(epoch)
        self.probes.append(probes)
        self.draws.append(draws)

    def arrays(self, probe_index: Array) -> dict[str, Array]:
        """Return the content of timeline.safetensors; not for an empty timeline."""
        return {
            "epoch": np.array(self.epochs, dtype=np.int32),
            "probes": np.stack(self.probes),  # (epochs, probes, pixels)
            "draws": np.stack(self.draws),  # (epochs, draws, pixels)
            "probe_index": probe_index,
        }

    @staticmethod
    def load(run: Path, last: int) -> Timeline:
        """Load the frames up to epoch `last`; empty where there are none yet.

        They are only for display, so a damaged file does not end a training: the timeline starts again.
        """
        path = run / TIMELINE
        if last == 0 or not path.exists():
            return Timeline()
        try:
            return _timeline(path, last)
        except Problem as problem:
            log.warning("%s: %s; the timeline starts again", run.name, problem)
            return Timeline()


def _timeline(path: Path, last: int) -> Timeline:
    arrays = read_tensors(path).arrays
    if not {"epoch", "probes", "draws"} <= arrays.keys():
        raise DamagedFile(path, "it lacks epoch, probes or draws")
    numbers = arrays["epoch"]
    frames, probes = len(numbers.ravel()), len(arrays.get("probe_index", np.arange(PROBES)).ravel())
    for name, shape in {"probes": (frames, probes, PIXELS), "draws": (frames, DRAWS, PIXELS)}.items():
        if arrays[name].dtype != np.uint8 or arrays[name].shape != shape:
            raise DamagedFile(path, f"its {name} are {arrays[name].dtype} {arrays[name].shape}")
    if numbers.ndim != 1 or numbers.dtype.kind != "i" or (np.diff(numbers, prepend=0) < 1).any():
        raise DamagedFile(path, "its epochs do not rise")
    kept = np.flatnonzero(numbers <= last)
    return Timeline(
        numbers[kept].tolist(), *([arrays[name][i] for i in kept] for name in ("probes", "draws"))
    )


# --- saving -------------------------------------------------------------------------------------------


def save(
    run: Path,
    learner: Learner,
    index: int,
    position: Position,
    kept: int,
    timeline: Timeline,
    probe_index: Array,
) -> None:
    """Write timeline, state and model of the learner's model `index`: all of them, or none.

    The model has the kept weights, those after epoch `kept` and the steps of the position, unless the best
    are kept. The state has the last weights, and the best
    where these are kept: it alone is enough to resume. It is replaced before the model, so there is no model
    without a state. Raises `Diverged` where a number is not finite, and `OSError`.
    """
    arrays = _state_arrays(learner, index)
    if not all(np.isfinite(value).all() for value in arrays.values()):
        raise Diverged(position.epoch + (position.step > 0))
    config = learner.ensemble.configs[index]
    part = BEST if learner.best is not None else "weight"
    weights = {name: arrays[f"{part}/{name}"] for name in weight_shapes(config.model)}
    text = {
        "epoch": str(position.epoch),
        "step": str(position.step),
        "seconds": repr(position.seconds),
        "adam_step": str(learner.adam.moments.steps),
        "tally_images": str(learner.metrics.images),
        **settings(config),
    }
    if (run / METRICS).exists():
        sync(run / METRICS)  # the rows of the epochs before the state

    def files() -> Iterator[tuple[Path, bytes]]:  # one at a time in memory
        if timeline.epochs:
            yield run / TIMELINE, tensor_bytes(timeline.arrays(probe_index))
        yield run / STATE, tensor_bytes(arrays, text)
        step = position.step if part == "weight" else 0
        yield run / MODEL, tensor_bytes(weights, {"epoch": str(kept), "step": str(step)})

    write_files(files())


def _state_arrays(learner: Learner, index: int) -> dict[str, Array]:
    model = learner.ensemble.configs[index].model
    moments = learner.adam.moments
    parts = {"weight": learner.ensemble.parameters}
    parts |= {moment: getattr(moments, moment) for moment in MOMENTS}
    if learner.best is not None:
        parts[BEST] = learner.best
    arrays = {
        f"{part}/{name}": value
        for part, stacked in parts.items()
        for name, value in learner.ensemble.architecture.unstack(stacked, index, model).items()
    }
    for name in SUMS:
        own = getattr(learner.metrics, name)[index]
        arrays[f"tally/{name}"] = (own[: model.latent] if own.dim() else own).cpu().numpy()
    return arrays


# --- resuming -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SavedRun:
    """A run to be trained and its saved state; `arrays` is empty where nothing was saved."""

    run: Path
    config: Config
    position: Position
    arrays: Mapping[str, Array]
    metadata: Mapping[str, str]
    timeline: Timeline
    epochs: Sequence[Epoch]  # the rows up to its position


def open_run(run: Path, config: Config, images: int) -> SavedRun:
    """Read the saved state of `run`, which has `images` training images, and drop later rows of metrics.

    Raises `Problem` for a file that is damaged or does not match the configuration, and `OSError`.
    """
    arrays, metadata = _read_state(run, config, images)
    position = position_of(run / STATE, metadata) if arrays else Position()
    epochs = keep_epochs(run, position.epoch, config.model)
    _check_rows(run, config, position, epochs)
    return SavedRun(run, config, position, arrays, metadata, Timeline.load(run, position.epoch), epochs)


def _check_rows(run: Path, config: Config, position: Position, epochs: Sequence[Epoch]) -> None:
    """Warn of missing rows of metrics, or raise where the best epoch depends on them."""
    lacking = set(range(1, position.epoch + 1)) - {row.epoch for row in epochs}
    if not lacking:
        return
    if config.optimiser.patience or config.optimiser.keep == "best":
        cause = f"it lacks epoch {min(lacking)}, and the best epoch is known by its rows"
        raise DamagedFile(run / METRICS, cause)
    log.warning("%s: %s lacks the figures of %d epochs", run.name, METRICS, len(lacking))


def _read_state(run: Path, config: Config, images: int) -> tuple[Mapping[str, Array], Mapping[str, str]]:
    path = run / STATE
    if not path.exists():
        return {}, {}
    parts = ("weight", *MOMENTS, *((BEST,) if config.optimiser.keep == "best" else ()))
    weights = weight_shapes(config.model)
    shapes = {f"{part}/{name}": shape for part in parts for name, shape in weights.items()}
    shapes |= {f"tally/{name}": () for name in SUMS[:2]}
    shapes |= {f"tally/{name}": (config.model.latent,) for name in SUMS[2:]}
    read = read_tensors(path, shapes)
    for name in shapes:
        if read.arrays[name].dtype.kind != "f":
            raise DamagedFile(path, f"{clean(name)} is {read.arrays[name].dtype}")
    check_settings(run, read.metadata, config)
    check_counts(path, read.metadata, images, config.optimiser.batch_size)
    return read.arrays, read.metadata


def resume(
    saved: Sequence[SavedRun], device: torch.device, dtype: torch.dtype, workspaces: Workspaces
) -> Learner:
    """Return a learner of runs saved at one position, with fresh weights where nothing was saved yet."""
    configs = [one.config for one in saved]
    models = [config.model for config in configs]
    if not all(one.arrays for one in saved):
        weights = [initial_weights(config) for config in configs]
        return Learner(Ensemble.build(configs, weights, device), dtype, workspaces=workspaces)

    def part(name: str) -> list[dict[str, Tensor]]:
        return [_part(one.arrays, name) for one in saved]

    ensemble = Ensemble.build(configs, part("weight"), device)
    stack = architecture_of(models[0]).stack
    exp_avg, exp_avg_sq = (stack(part(moment), models, device) for moment in MOMENTS)
    text = saved[0].metadata
    metrics = MetricSums.of(ensemble)
    metrics.images = int(text["tally_images"])
    for name in SUMS:
        stacked = getattr(metrics, name)
        for i, one in enumerate(saved):
            own = torch.as_tensor(one.arrays[f"tally/{name}"])
            stacked[(i, slice(len(own))) if own.dim() else i] = own.to(stacked)
    best = stack(part(BEST), models, device) if configs[0].optimiser.keep == "best" else None
    moments = Moments(exp_avg, exp_avg_sq, int(text["adam_step"]))
    return Learner(ensemble, dtype, moments, metrics, best, workspaces)


def _part(arrays: Mapping[str, Array], part: str) -> dict[str, Tensor]:
    prefix = f"{part}/"
    return {n.removeprefix(prefix): torch.from_numpy(a) for n, a in arrays.items() if n.startswith(prefix)}
