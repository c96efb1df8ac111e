"""The training loop, top to bottom."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from trainer.contract.config import RISING_PART, Config
from trainer.contract.position import Position
from trainer.engine import device as devices
from trainer.engine.batches import BatchLoader, DeviceImages
from trainer.engine.cpu_pool import CpuPool
from trainer.engine.cuda_graph import GraphReplay
from trainer.engine.learner import Learner
from trainer.engine.metric_sums import MetricSums
from trainer.engine.precision import Arithmetic, training_precision
from trainer.models.ensemble import Ensemble
from trainer.models.seeds import seed_of

NOISE_STEPS = 16  # steps whose noise is generated in one call, which costs the same for one step or many
GRAPH_STEPS, GRAPH_IMAGES = 16, 4096  # limits of one CUDA graph, which keeps its codes to the end
BLOCK_IMAGES = 2048  # images of a block on a CPU
ROUND_IMAGES = 80_000  # images × models of one round of blocks: a stop takes about a second


class Recorder(Protocol):
    """The calls of the training loop that record it; `trainer.recorder` writes run directories."""

    @property
    def learners(self) -> Sequence[Learner]:
        """The learners of all models that still train; they may change between two epochs."""

    @property
    def is_done(self) -> bool:
        """Whether no model trains any more."""

    def start_epoch(self, epoch: int, first_step: int, steps: int) -> None:
        """Start an epoch of `steps` steps at `first_step`, which is not 0 after a stop within the epoch."""

    def report_progress(self, steps: float) -> None:
        """Report how many steps of the epoch are done, averaged over models."""

    def save_if_due(self, step: int) -> None:
        """Save after `step` steps of the epoch if the last save is long ago."""

    def validate(self, ensemble: Ensemble) -> MetricSums:
        """Measure an ensemble on the validation images."""

    def end_epoch(self, epoch: int, validation: Sequence[MetricSums]) -> None:
        """Record an epoch; `validation` has an item for each learner, none without validation images."""

    def stop(self, step: int = 0) -> None:
        """Save after `step` steps of the next epoch and mark the runs as stopped."""

    def finish(self) -> None:
        """Evaluate and save all models that still train."""


def train(
    images: DeviceImages,
    config: Config,
    start: Position,
    recorder: Recorder,
    arithmetic: Arithmetic,
    stop_asked: Callable[[], bool],
    threads: int = 1,
) -> None:
    """Train the recorder's models from `start` to the last epoch of `config`, or until asked to stop.

    `config` is that of any model: all agree in data, batch size, epochs and seed. On a CPU each model
    computes with `threads` threads.
    """
    device, batch_size = images.train.device, config.optimiser.batch_size
    steps = math.ceil(len(images.train) / batch_size)
    models = sum(len(learner.ensemble.configs) for learner in recorder.learners)
    block_size = steps_per_block(batch_size, max(models, 1), device)
    loader = BatchLoader(min(block_size * batch_size, len(images.train)), device)
    replay, pool = GraphReplay(device), CpuPool(device, threads)

    for epoch in range(start.epoch + 1, config.optimiser.epochs + 1):
        learners = recorder.learners
        if not learners:
            break
        first_step = start.step if epoch == start.epoch + 1 else 0
        pixels = images.epoch_pixels(config.seed, epoch)  # (images, pixels)
        order = permutation(config.seed, epoch, len(pixels)).to(device)
        ensembles = [learner.ensemble for learner in learners]
        beta_scales = [beta_schedule(ensemble.configs, epoch, steps).to(device) for ensemble in ensembles]
        noises = [noise_by_step(ensemble, epoch, first_step, batch_size) for ensemble in ensembles]
        recorder.start_epoch(epoch, first_step, steps)

        for step in range(first_step, steps, block_size):
            block = range(step, min(step + block_size, steps))
            x = loader(pixels, order[block.start * batch_size : block.stop * batch_size])  # (images, pixels)
            learn = partial(train_block, x, block, replay)
            with training_precision(arithmetic):
                for done, _ in enumerate(pool(learn, learners, noises, beta_scales), start=1):
                    recorder.report_progress(step + len(block) * done / len(learners))
            if stop_asked() and block.stop < steps:
                return recorder.stop(block.stop)
            recorder.save_if_due(block.stop)
            if recorder.is_done:
                break

        recorder.end_epoch(epoch, list(pool(recorder.validate, ensembles)) if len(images.val) else [])
        if stop_asked() and epoch < config.optimiser.epochs:
            return recorder.stop()

    return recorder.finish()


def train_block(
    x: Tensor,
    block: range,
    replay: GraphReplay,
    learner: Learner,
    noise: Iterator[Tensor],
    beta_scale: Tensor,
) -> None:
    """Take the steps `block` of one learner on the images x (images, pixels).

    `noise` yields (models, batch, latent) for each step; `beta_scale` (steps, models) scales β at each step
    of the epoch.
    """
    stacked = torch.stack([next(noise) for _ in block])  # (steps, models, batch, latent)
    replay(learner, x, stacked, beta_scale[block.start : block.stop])


def steps_per_block(batch_size: int, models: int, device: torch.device) -> int:
    """Return how many steps a learner takes before the next learner.

    On a CPU a model's weights and moments are loaded from memory for each block, which is slow for one step
    and negligible for several (docs/performance.md). A round must stay short, since a stop waits for its end.
    """
    if devices.stacks_models(device):
        return max(1, min(GRAPH_STEPS, GRAPH_IMAGES // batch_size))
    return max(1, min(BLOCK_IMAGES, ROUND_IMAGES // models) // batch_size)


def permutation(seed: int, epoch: int, images: int) -> Tensor:
    """Return the order of the images in `epoch`, generated on the CPU: the same on every device."""
    generator = torch.Generator().manual_seed(seed_of("order", seed, epoch))
    return torch.randperm(images, generator=generator)


def beta_schedule(configs: Sequence[Config], epoch: int, steps: int) -> Tensor:
    """Return the scale of β at each step of `epoch`, (steps, models): 1, or rising from 0 to 1 to begin with.

    It rises once in a warm-up, or in the first half of each of some cycles, which divide the steps of the
    whole training (Fu et al. 2019, equation 6).
    """
    before = (epoch - 1) * steps + torch.arange(steps)  # steps of the training
    return torch.stack([_beta_scale(config, before, steps) for config in configs], 1)


def _beta_scale(config: Config, before: Tensor, steps: int) -> Tensor:
    """Return the scale of one model's β after the steps `before`, of so many steps an epoch."""
    if cycles := config.objective.beta_cycles:
        every = config.optimiser.epochs * steps
        return (before * cycles % every / (RISING_PART * every)).clamp(max=1)
    return ((before + 1) / max(config.objective.beta_warmup * steps, 1)).clamp(max=1)


def noise_by_step(ensemble: Ensemble, epoch: int, first_step: int, batch_size: int) -> Iterator[Tensor]:
    """Yield the posterior noise of each step from `first_step` on, as in `Ensemble.training_noise`."""
    block, offset = divmod(first_step, NOISE_STEPS)
    while True:
        noise = ensemble.training_noise(("train", epoch, block), NOISE_STEPS, batch_size)
        yield from noise[offset:]
        block, offset = block + 1, 0
