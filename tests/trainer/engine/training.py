"""Train tiny models and read what they wrote, for the tests of the training."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.trainer.small import config, dataset, directories
from trainer.contract.config import Config, Precision
from trainer.contract.metrics import Figures
from trainer.contract.run_dir import MODEL
from trainer.contract.tensors import Array, read_tensors
from trainer.engine.metric_sums import MetricSums
from trainer.engine.precision import Arithmetic
from trainer.recorder import RunRecorder
from trainer.train_runs import train_runs

CPU = torch.device("cpu")

GRID = [config(2, 1.0), config(2, 4.0), config(5, 0.0), config(5, kind="ae")]


def never() -> bool:
    return False


def after(steps: int) -> Callable[[], bool]:
    """Return a function that is True from call `steps` on; the loop calls it after each block and epoch."""
    count = 0

    def asked() -> bool:
        nonlocal count
        count += 1
        return count >= steps

    return asked


def go(
    runs: list[Path],
    configs: list[Config],
    stop: Callable[[], bool] = never,
    precision: Precision = "fp32",
    threads: int = 1,
) -> bool:
    return train_runs(runs, configs, dataset(), CPU, Arithmetic(precision), stop, threads)


def trained(
    folder: Path, configs: list[Config], stop: Callable[[], bool] = never, precision: Precision = "fp32"
) -> list[Path]:
    runs = directories(folder, configs)
    go(runs, configs, stop, precision)
    return runs


def weights(run: Path) -> dict[str, Array]:
    return read_tensors(run / MODEL).arrays


def same(one: Path, other: Path) -> bool:
    return all(np.array_equal(value, weights(other)[name]) for name, value in weights(one).items())


def scripted(monkeypatch: pytest.MonkeyPatch, script: dict[str, list[float]]) -> None:
    """Replace the measured validation ELBOs by those of `script`, by base name and epoch."""
    figures = MetricSums.figures

    def end_epoch(recorder: RunRecorder, epoch: int, held_out: list[MetricSums]) -> None:
        for learner, metrics in zip(recorder.learners, held_out, strict=True):
            alive.append(metrics)  # or its id would come again
            for i, one in enumerate(learner.ensemble.configs):
                scripted_elbo[id(metrics), i] = script[one.base_name][epoch - 1]
        done(recorder, epoch, held_out)

    alive: list[MetricSums] = []
    scripted_elbo: dict[tuple[int, int], float] = {}

    def scripted_figures(metrics: MetricSums, index: int) -> Figures:
        found = figures(metrics, index)
        elbo = scripted_elbo.get((id(metrics), index))
        return found if elbo is None else Figures(found.distortion, found.rate, elbo, found.mse)

    done = RunRecorder.end_epoch
    monkeypatch.setattr(RunRecorder, "end_epoch", end_epoch)
    monkeypatch.setattr(MetricSums, "figures", scripted_figures)


LAYOUTS = {
    "a network each": lambda models, device: [range(i, i + 1) for i in range(models)],
    "stacked": lambda models, device: [range(models)],
}
