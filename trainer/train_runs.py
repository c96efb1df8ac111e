"""Train one ensemble from its run directories: load what was saved, then run the training loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from trainer import checkpoint
from trainer.checkpoint import SavedRun
from trainer.contract.config import Config
from trainer.contract.images import Dataset
from trainer.engine import device as devices
from trainer.engine.batches import DeviceImages
from trainer.engine.learner import Learner
from trainer.engine.mlp_gradient import Workspaces
from trainer.engine.precision import Arithmetic
from trainer.engine.train import train
from trainer.models.registry import architecture_of
from trainer.recorder import RunRecorder
from trainer.run_status import fail_as_saved, for_each_run


def train_runs(
    runs: Sequence[Path],
    configs: Sequence[Config],
    dataset: Dataset,
    device: torch.device,
    arithmetic: Arithmetic,
    stop_asked: Callable[[], bool],
    threads: int = 1,
) -> bool:
    """Train one ensemble from its saved position to its last epoch, then evaluate it on the test images.

    All configs agree in everything but kind, latent size, β and learning rate, and all runs are saved at one
    position; on a CPU each model computes with `threads` threads. Return whether no run failed: a run with
    damaged files or a non-finite objective fails alone, a run that ran out of patience finishes early. Once
    `stop_asked` returns True, everything is saved, in the middle of an epoch where necessary.
    """
    config = configs[0]
    images = DeviceImages.of(dataset, config, device)
    saved = for_each_run(
        zip(runs, configs, strict=True),
        lambda member: checkpoint.open_run(*member, images=len(images.train)),
        fail_as_saved,
    )
    if not saved:
        return False
    learners = _learners(saved, device, arithmetic.dtype)
    recorder = RunRecorder(saved, learners, images, failed=len(saved) < len(runs))
    train(images, config, saved[0].position, recorder, arithmetic, stop_asked, threads)
    return not recorder.failed


def _learners(saved: list[SavedRun], device: torch.device, dtype: torch.dtype) -> list[Learner]:
    """Return learners that continue from `saved`, and drop its arrays: they are as large as the models."""
    workspaces, learners = Workspaces(), []
    stackable = architecture_of(saved[0].config.model).is_stackable
    parts = layout(len(saved), device) if stackable else [range(i, i + 1) for i in range(len(saved))]
    for part in parts:
        learners.append(checkpoint.resume([saved[i] for i in part], device, dtype, workspaces))
        for i in part:
            saved[i] = dataclasses.replace(saved[i], arrays={})
    return learners


def layout(models: int, device: torch.device) -> list[range]:
    """Return the models of each stacked network: all of them in one on a GPU, one each on a CPU.

    Small products leave a GPU idle, so one batched product serves the whole grid. On a CPU single products
    are as fast as batched ones, need no padding, and every model is bit for bit the same as alone with as
    many threads; with more, some processors round fp32 products differently.
    """
    return [range(models)] if devices.stacks_models(device) else [range(i, i + 1) for i in range(models)]
