"""Time training of other networks, batch sizes and datasets: `python -m benchmarks.shapes --data DIR`.

Compare each with a plain PyTorch loop over images in memory: autograd, fused Adam, fp32. Both run in turn,
`--rounds` times; medians. Ours is the second of two epochs of the trainer, writing of files included, in the
arithmetic that `--precision auto` chooses. Ratios are more reliable than seconds.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks import arguments
from benchmarks.train_speed import loss_of
from trainer.contract.config import Config, Data, Model, Objective, Optimiser, write_config
from trainer.contract.datasets.registry import load
from trainer.contract.images import Dataset, Images
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import Status, write_status
from trainer.engine import denormals
from trainer.engine.cpu_pool import threads_per_model
from trainer.engine.precision_trial import choose_arithmetic
from trainer.train_runs import train_runs

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Shape:
    """One row of the table."""

    dataset: str
    hidden: tuple[int, ...]
    latent: int
    batch_size: int
    models: int = 1

    @property
    def name(self) -> str:
        """Return the layer widths and the number of models."""
        network = "-".join(map(str, (784, *self.hidden, self.latent)))
        return network if self.models == 1 else f"{self.models} × {network}"


SHAPES = (
    Shape("mnist", (400,), 2, 128),
    Shape("mnist", (400,), 20, 128),
    Shape("mnist", (400,), 100, 128),
    Shape("mnist", (400, 400), 20, 128),
    Shape("mnist", (1000, 500, 250), 20, 128),
    Shape("mnist", (2000,), 20, 128),
    Shape("mnist", (400,), 20, 1024),
    Shape("mnist", (400,), 20, 32),
    Shape("digits", (400,), 20, 128),
    Shape("digits", (400,), 2, 128, 12),
)


class Plain(nn.Module):
    """A standard VAE with autograd, of any number of hidden layers."""

    def __init__(self, hidden: Sequence[int], latent: int) -> None:
        super().__init__()
        self.encoder = _layers([784, *hidden], ends_linear=False)
        self.mean, self.log_var = nn.Linear(hidden[-1], latent), nn.Linear(hidden[-1], latent)
        self.decoder = _layers([latent, *reversed(hidden), 784], ends_linear=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map images (batch, 784) to logits (batch, 784), mean and log variance (batch, latent)."""
        code = self.encoder(x)
        mean, log_var = self.mean(code), self.log_var(code)
        z = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        return self.decoder(z), mean, log_var


def _layers(widths: Sequence[int], *, ends_linear: bool) -> nn.Sequential:
    pairs = [(nn.Linear(a, b), nn.ReLU()) for a, b in itertools.pairwise(widths)]
    parts: list[nn.Module] = [part for pair in pairs for part in pair]
    return nn.Sequential(*(parts[:-1] if ends_linear else parts))


def plain(shape: Shape, dataset: Dataset) -> float:
    """Return the seconds of one epoch of one model in the plain loop."""
    pixels = torch.from_numpy(dataset.train.pixels)
    model = Plain(shape.hidden, shape.latent)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    started = time.perf_counter()
    for rows in torch.split(torch.randperm(len(pixels)), shape.batch_size):
        x = pixels.index_select(0, rows).float() / 255
        adam.zero_grad()
        logits, mean, log_var = model(x)
        loss_of(logits, x, mean, log_var).backward()  # type: ignore[no-untyped-call]
        adam.step()
    return time.perf_counter() - started


def ours(shape: Shape, dataset: Dataset) -> tuple[float, str]:
    """Return the seconds of the second epoch of all models, and the name of the arithmetic."""
    counts = (len(dataset.train.labels), 0, len(dataset.test.labels))
    one = Config(
        model=Model("vae", shape.latent, shape.hidden),
        objective=Objective("bernoulli", 1.0),
        optimiser=Optimiser("adam", 1e-3, shape.batch_size, 2),
        data=Data(dataset.name, *counts, 0.0, "none", ""),
        seed=0,
        device="cpu",
    )
    configs = [replace(one, objective=Objective("bernoulli", 1.0 + i)) for i in range(shape.models)]
    threads = threads_per_model(len(configs), CPU)
    arithmetic = choose_arithmetic(configs, CPU, threads).chosen
    with tempfile.TemporaryDirectory() as folder:
        runs = [Path(folder, config.name) for config in configs]
        for run, config in zip(runs, configs, strict=True):
            run.mkdir()
            write_config(run, config)
            write_status(run, Status("queued", 0, 2))
        train_runs(runs, configs, dataset, CPU, arithmetic, lambda: False, threads)
        return read_epochs(runs[0])[-1].seconds, arithmetic.name


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that contains MNIST/raw")
    parser.add_argument("--images", type=arguments.count, default=12_800, help="training images of MNIST")
    parser.add_argument("--rounds", type=arguments.count, default=3, help="repeats of each loop")
    options = parser.parse_args()
    denormals.flush()
    print("| images | network | batch | precision | plain loop, images/s | ours, images/s × models | ratio |")
    print(f"|{' --- |' * 7}")
    for shape in SHAPES:
        dataset = _subset(load(shape.dataset, options.data), options.images)
        plain_seconds, our_seconds, arithmetic = [], [], ""
        for _ in range(options.rounds):
            plain_seconds.append(plain(shape, dataset))
            seconds, arithmetic = ours(shape, dataset)
            our_seconds.append(seconds)
        images = len(dataset.train.labels)
        speed = images * shape.models / statistics.median(our_seconds)
        plain_speed = images / statistics.median(plain_seconds)
        cells = (
            shape.dataset,
            shape.name,
            shape.batch_size,
            arithmetic,
            f"{plain_speed:,.0f}",
            f"{speed:,.0f}",
        )
        print(f"| {' | '.join(map(str, cells))} | {speed / plain_speed:.2f} |", flush=True)


def _subset(dataset: Dataset, images: int) -> Dataset:
    train_images = Images(dataset.train.pixels[:images], dataset.train.labels[:images])
    test_images = Images(dataset.test.pixels[:100], dataset.test.labels[:100])
    return Dataset(dataset.name, train_images, test_images, "")


if __name__ == "__main__":
    arguments.run(main)
