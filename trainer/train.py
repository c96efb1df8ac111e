"""The training loop, top to bottom."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from trainer import checkpoint
from trainer.checkpoint import Learner, Position
from trainer.data import Dataset, split
from trainer.desk import Desk
from trainer.evaluate import as_input, measure, probe_index
from trainer.model import Ensemble, decode, encode, seed_of
from trainer.objective import Tally, distortion, rate_per_dim
from trainer.run import (
    Config,
)

NOISE_STEPS = 16  # steps whose noise is drawn at once: a draw costs the same for one step or many


@dataclass(frozen=True)
class Resident:
    """The images on the device as uint8 for the whole run; nothing is loaded while training."""

    train: Tensor  # (images, pixels)
    val: Tensor  # (images, pixels)
    probes: Tensor  # (probes, pixels)

    @staticmethod
    def of(dataset: Dataset, config: Config, device: torch.device) -> Resident:
        """Split the training images by the seed and put them on the device."""
        pixels = torch.from_numpy(dataset.train.pixels)
        train, val = split(len(pixels), config.data.val_fraction, config.seed)
        probes = torch.from_numpy(dataset.test.pixels[probe_index(dataset.test)])
        parts = (pixels[torch.from_numpy(train)], pixels[torch.from_numpy(val)], probes)
        return Resident(*(part.to(device) for part in parts))


def train(
    runs: Sequence[Path],
    configs: Sequence[Config],
    dataset: Dataset,
    device: torch.device,
    stop_asked: Callable[[], bool],
) -> bool:
    """Train one ensemble from where its runs stand to its last epoch, then evaluate it on the test images.

    All configs agree in everything but kind, latent size and β, and all runs stand at one position. Returns
    whether every run finished: a run whose objective is no longer a number has failed, the others go on;
    once asked to stop, everything is saved in the middle of the epoch. Raises `Problem` for damaged files.
    """
    config = configs[0]
    data = Resident.of(dataset, config, device)
    start = checkpoint.position(runs[0])
    learners = [
        checkpoint.resume([runs[i] for i in part], [configs[i] for i in part], device)
        for part in layout(len(runs), device)
    ]
    desk = Desk(runs, learners, dataset, start)
    batch_size = config.optimiser.batch_size
    steps = math.ceil(len(data.train) / batch_size)

    for epoch in range(start.epoch + 1, config.optimiser.epochs + 1):
        first_step = start.step if epoch == start.epoch + 1 else 0
        if first_step == 0:
            for learner in learners:
                learner.tally = Tally.of(learner.ensemble)
        order = permutation(config.seed, epoch, len(data.train)).to(device)
        noises = [noise_by_step(learner.ensemble, epoch, first_step, batch_size) for learner in learners]
        desk.epoch_begins(epoch, first_step, steps)

        for step in range(first_step, steps):
            rows = order[step * batch_size : (step + 1) * batch_size]
            x = as_input(data.train.index_select(0, rows))  # (batch, pixels), the same for every model
            for learner, noise in zip(learners, noises, strict=True):
                learn(learner, x, next(noise)[:, : len(x)])

            desk.step_done(step + 1)
            if stop_asked() and step + 1 < steps:
                return desk.stop(Position(epoch - 1, step + 1, desk.seconds()))

        held_out = [measure(learner.ensemble, data.val, "val") for learner in learners if len(data.val)]
        desk.epoch_done(epoch, held_out, data.probes)
        if stop_asked() and epoch < config.optimiser.epochs:
            return desk.stop(Position(epoch))

    return desk.finish(dataset)


def layout(models: int, device: torch.device) -> list[range]:
    """Which models share one stacked network: all of them on a GPU, one each on a CPU.

    A GPU is starved by small products, so there one product serves the whole grid. A CPU is not: single
    products are as fast there as batched ones, need no padding, and leave every model bit for bit what it
    is alone.
    """
    return [range(i, i + 1) for i in range(models)] if device.type == "cpu" else [range(models)]


def learn(learner: Learner, x: Tensor, noise: Tensor) -> None:
    """One step of every model on the images x (batch, pixels), noise (models, batch, latent)."""
    ensemble, parameters = learner.ensemble, learner.ensemble.parameters
    mean, log_var = encode(parameters, x)  # (models, batch, latent)
    z = mean + noise * (0.5 * log_var).exp()  # an autoencoder's noise is zero
    likelihood = ensemble.configs[0].objective.likelihood
    nats, squared_error = distortion(likelihood, decode(parameters, z), x)  # (models, batch)
    kl = rate_per_dim(mean, log_var, ensemble.has_rate)  # (models, batch, latent)
    # Mean over images, sum over models: so each model's gradient is what it would be alone.
    objective = (nats + ensemble.beta * kl.sum(-1)).mean(1).sum()
    learner.adam.step(torch.autograd.grad(objective, list(parameters.values())))
    learner.tally.add(nats, squared_error, kl, mean)


def permutation(seed: int, epoch: int, images: int) -> Tensor:
    """The order of the images in `epoch`, drawn on the CPU so that every device sees the same."""
    generator = torch.Generator().manual_seed(seed_of("order", seed, epoch))
    return torch.randperm(images, generator=generator)


def noise_by_step(ensemble: Ensemble, epoch: int, first_step: int, batch_size: int) -> Iterator[Tensor]:
    """The posterior noise of each step from `first_step` on, (models, batch, latent)."""
    block, offset = divmod(first_step, NOISE_STEPS)
    while True:
        noise = ensemble.noise(("train", epoch, block), NOISE_STEPS, batch_size)
        yield from noise[offset:]
        block, offset = block + 1, 0
