"""The training loop, top to bottom."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from trainer import checkpoint
from trainer.checkpoint import Saved
from trainer.contract.config import Config
from trainer.contract.images import Dataset
from trainer.contract.position import Position
from trainer.engine import device as devices
from trainer.engine.batches import Feed, Resident
from trainer.engine.cpu_pool import Turns
from trainer.engine.cuda_graph import Replay
from trainer.engine.learner import Learner
from trainer.engine.mlp_gradient import Workspaces
from trainer.engine.precision import Arithmetic, training_precision
from trainer.evaluation.figures import measure
from trainer.models.mlp import Ensemble, seed_of
from trainer.recorder import Desk
from trainer.run_status import fail, saved_epochs, separately

NOISE_STEPS = 16  # steps whose noise is drawn at once: a draw costs the same for one step or many
GRAPH_STEPS, GRAPH_IMAGES = (
    16,
    4096,
)  # most steps and images of one CUDA graph: their codes are kept till its end
VISIT_IMAGES = 2048  # images that a model on the CPU learns from before the next model has its turn
ROUND_IMAGES = 80_000  # images × models of a round of visits: a stop is noticed within a second or so


def train(
    runs: Sequence[Path],
    configs: Sequence[Config],
    dataset: Dataset,
    device: torch.device,
    arithmetic: Arithmetic,
    stop_asked: Callable[[], bool],
    threads: int = 1,
) -> bool:
    """Train one ensemble from where its runs stand to its last epoch, then evaluate it on the test images.

    All configs agree in everything but kind, latent size, β and learning rate, and all runs stand at one
    position; on a CPU each model has `threads` threads. Returns whether none failed: a run whose files are
    damaged or whose objective is no longer a number has, one whose patience is at an end is done, the others
    go on; once asked to stop, everything is saved in the middle of the epoch.
    """
    config = configs[0]
    data = Resident.of(dataset, config, device)
    saved = separately(
        zip(runs, configs, strict=True),
        lambda member: checkpoint.open_run(*member, images=len(data.train)),
        lambda member, error: fail(*member, saved_epochs(member[0]), error),
    )
    if not saved:
        return False
    start = saved[0].position
    learners = _learners(saved, device, arithmetic.dtype)
    desk = Desk(saved, learners, data, failed=len(saved) < len(runs))
    batch_size = config.optimiser.batch_size
    steps = math.ceil(len(data.train) / batch_size)
    per_visit = steps_of_visit(batch_size, len(saved), device)
    feed = Feed(min(per_visit * batch_size, len(data.train)), device)
    replay, turns = Replay(device), Turns(device, threads)

    for epoch in range(start.epoch + 1, config.optimiser.epochs + 1):
        learners = desk.learners  # of the runs that are not over
        if not learners:
            break
        first_step = start.step if epoch == start.epoch + 1 else 0
        pixels = data.drawn(config.seed, epoch)  # (images, pixels)
        order = permutation(config.seed, epoch, len(pixels)).to(device)
        ensembles = [learner.ensemble for learner in learners]
        warmths = [warm_up(ensemble.configs, epoch, steps).to(device) for ensemble in ensembles]
        noises = [noise_by_step(ensemble, epoch, first_step, batch_size) for ensemble in ensembles]
        desk.epoch_begins(epoch, first_step, steps)

        for step in range(first_step, steps, per_visit):
            visit = range(step, min(step + per_visit, steps))
            x = feed(pixels, order[visit.start * batch_size : visit.stop * batch_size])  # (images, pixels)
            learn = partial(learn_from, x, visit, replay)
            with training_precision(arithmetic):
                for turn, _ in enumerate(turns(learn, learners, noises, warmths), start=1):
                    desk.tell_progress(step + len(visit) * turn / len(learners))
            if stop_asked() and visit.stop < steps:
                return desk.stop(Position(epoch - 1, visit.stop, desk.seconds()))
            desk.save_if_due(visit.stop)
            if not desk.seats:
                break

        held_out = partial(measure, pixels=data.val, split="val")
        desk.epoch_done(epoch, list(turns(held_out, ensembles)) if len(data.val) else [])
        if stop_asked() and epoch < config.optimiser.epochs:
            return desk.stop(Position(epoch))

    return desk.finish()


def _learners(saved: list[Saved], device: torch.device, dtype: torch.dtype) -> list[Learner]:
    """What goes on from `saved`, which lets go of what was read: it is as large as what is trained."""
    workspaces, learners = Workspaces(), []
    for part in layout(len(saved), device):
        learners.append(checkpoint.resume([saved[i] for i in part], device, dtype, workspaces))
        for i in part:
            saved[i] = dataclasses.replace(saved[i], arrays={})
    return learners


def learn_from(
    x: Tensor,
    visit: range,
    replay: Replay,
    learner: Learner,
    noise: Iterator[Tensor],
    warmth: Tensor,
) -> None:
    """A learner's turn: the steps `visit` on the images x (images, pixels), the same for every model.

    `noise` gives (models, batch, latent) a step; `warmth` (steps, models) is the part of β that counts at
    each step of the epoch.
    """
    drawn = torch.stack([next(noise) for _ in visit])  # (steps, models, batch, latent)
    replay(learner, x, drawn, warmth[visit.start : visit.stop])


def layout(models: int, device: torch.device) -> list[range]:
    """Which models share one stacked network: all of them on a GPU, one each on a CPU.

    A GPU is starved by small products, so there one product serves the whole grid. A CPU is not: single
    products are as fast there as batched ones, need no padding, and leave every model bit for bit what it
    is alone.
    """
    return [range(models)] if devices.stacks(device) else [range(i, i + 1) for i in range(models)]


def steps_of_visit(batch_size: int, models: int, device: torch.device) -> int:
    """How many steps a learner takes before the next one has its turn.

    On a CPU a model's weights and moments come back from memory at each turn: for one step that is dear, for
    some of them it is not (docs/performance.md). A round must stay short, since a stop waits for its end.
    """
    if devices.stacks(device):
        return max(1, min(GRAPH_STEPS, GRAPH_IMAGES // batch_size))
    return max(1, min(VISIT_IMAGES, ROUND_IMAGES // models) // batch_size)


def permutation(seed: int, epoch: int, images: int) -> Tensor:
    """The order of the images in `epoch`, drawn on the CPU so that every device sees the same."""
    generator = torch.Generator().manual_seed(seed_of("order", seed, epoch))
    return torch.randperm(images, generator=generator)


def warm_up(configs: Sequence[Config], epoch: int, steps: int) -> Tensor:
    """The part of β that counts at each step of `epoch`, (steps, models): from 0 up to 1 in the warm-up."""
    warm_steps = torch.tensor([config.objective.beta_warmup * steps for config in configs])
    done = (epoch - 1) * steps + torch.arange(1, steps + 1)
    return (done.unsqueeze(1) / warm_steps.clamp(min=1)).clamp(max=1)


def noise_by_step(ensemble: Ensemble, epoch: int, first_step: int, batch_size: int) -> Iterator[Tensor]:
    """The posterior noise of each step from `first_step` on, (models, batch, latent)."""
    block, offset = divmod(first_step, NOISE_STEPS)
    while True:
        noise = ensemble.noise(("train", epoch, block), NOISE_STEPS, batch_size)
        yield from noise[offset:]
        block, offset = block + 1, 0
