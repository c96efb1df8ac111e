"""How fast training is, against the loops that people write: `python -m benchmarks.train_speed --data DIR`.

In one process, in turn, on the same images, model (784-400-20), batch size and optimiser:

  (a) textbook   torchvision's MNIST and ToTensor, a DataLoader, autograd, torch's Adam, .item() every step
  (b) resident   images as one uint8 tensor, autograd, fused Adam, no .item()
  (c) ours       one model, through the trainer itself, files and all
  (d) grid       seven latent sizes × four β, through the trainer itself

Each is timed `--rounds` times and the median told, since machines are shared and noisy: trust ratios, not
seconds. FLOP/s are those of the products that a step cannot do without, over what this machine's matrix
product reaches at the same shapes in fp32.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # as the trainer does

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.data import Dataset, Images, load
from trainer.run import (
    Config,
    Data,
    Model,
    Objective,
    Optimiser,
    Status,
    read_epochs,
    weight_shapes,
    write_config,
    write_status,
)
from trainer.train import train

HIDDEN, LATENT = 400, 20
GRID = [(latent, beta) for latent in (2, 5, 10, 20, 40, 50, 100) for beta in (0.5, 1.0, 4.0, 10.0)]


@dataclass(frozen=True)
class Setting:
    """What all contenders share."""

    dataset: Dataset
    folder: Path  # with torchvision's uncompressed files
    batch_size: int
    device: torch.device

    @property
    def images(self) -> int:
        """Training images an epoch."""
        return len(self.dataset.train.labels)


# --- the loops that people write


class Textbook(nn.Module):
    """The VAE of every tutorial."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(784, HIDDEN)
        self.mean, self.log_var = nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)
        self.up, self.out = nn.Linear(LATENT, HIDDEN), nn.Linear(HIDDEN, 784)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = functional.relu(self.encoder(x))
        mean, log_var = self.mean(hidden), self.log_var(hidden)
        z = mean + torch.randn_like(mean) * (0.5 * log_var).exp()
        return self.out(functional.relu(self.up(z))), mean, log_var


def loss_of(logits: Tensor, x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return (cross_entropy - 0.5 * (1 + log_var - mean.square() - log_var.exp()).sum()) / len(x)


def textbook(setting: Setting) -> float:
    from torch.utils.data import DataLoader, Subset
    from torchvision import datasets, transforms

    images = datasets.MNIST(str(setting.folder), train=True, transform=transforms.ToTensor())
    loader = DataLoader(Subset(images, range(setting.images)), setting.batch_size, shuffle=True)
    model = Textbook().to(setting.device)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    began, total = time.perf_counter(), 0.0
    for batch, _ in loader:
        x = batch.view(-1, 784).to(setting.device)
        optimiser.zero_grad()
        loss = loss_of(*_in_order(model(x), x))
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        total += loss.item()
    return time.perf_counter() - began


def resident(setting: Setting) -> float:
    pixels = torch.from_numpy(setting.dataset.train.pixels).to(setting.device)
    model = Textbook().to(setting.device)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    _synchronise(setting.device)
    began = time.perf_counter()
    order = torch.randperm(len(pixels), device=setting.device)
    for start in range(0, len(order), setting.batch_size):
        rows = order[start : start + setting.batch_size]
        x = pixels.index_select(0, rows).float() / 255
        optimiser.zero_grad()
        loss_of(*_in_order(model(x), x)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    _synchronise(setting.device)
    return time.perf_counter() - began


def _in_order(output: tuple[Tensor, Tensor, Tensor], x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return output[0], x, output[1], output[2]


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


# --- ours, through the trainer itself


def ours(models: list[tuple[int, float]]) -> Callable[[Setting], float]:
    def run(setting: Setting) -> float:
        with tempfile.TemporaryDirectory() as folder:
            configs = [config(setting, latent, beta) for latent, beta in models]
            runs = [Path(folder) / one.name for one in configs]
            for path, one in zip(runs, configs, strict=True):
                path.mkdir()
                write_config(path, one)
                write_status(path, Status("queued", 0, 1))
            train(runs, configs, setting.dataset, setting.device, lambda: False)
            return read_epochs(runs[0])[-1].seconds

    return run


def config(setting: Setting, latent: int, beta: float) -> Config:
    sizes = (setting.images, 0, len(setting.dataset.test.labels))
    return Config(
        model=Model("vae", latent, (HIDDEN,)),
        objective=Objective("bernoulli", beta),
        optimiser=Optimiser("adam", 1e-3, setting.batch_size, 1),
        data=Data("mnist", *sizes, 0.0, "none", ""),
        seed=0,
        device=setting.device.type,
    )


# --- what the machine can do


def flops(models: list[tuple[int, float]]) -> int:
    """FLOP an image of the products of a step: forward, by weight, and by input but for the first layer."""
    total = 0
    for latent, _ in models:
        shapes = weight_shapes(Model("vae", latent, (HIDDEN,)))
        weights = {name: shape for name, shape in shapes.items() if name.endswith("weight")}
        total += sum(2 * a * b * (2 if name == "encoder.0.weight" else 3) for name, (a, b) in weights.items())
    return total


def matmul_flops_per_second(setting: Setting) -> float:
    """What plain fp32 products of these shapes reach here."""
    batch = setting.batch_size
    x, hidden = (torch.rand(batch, width, device=setting.device) for width in (784, HIDDEN))
    weight = torch.rand(784, HIDDEN, device=setting.device)

    def products() -> None:
        torch.mm(x, weight)
        torch.mm(hidden, weight.t())
        torch.mm(x.t(), hidden)

    products()
    _synchronise(setting.device)
    began, repeats = time.perf_counter(), 60
    for _ in range(repeats):
        products()
    _synchronise(setting.device)
    return repeats * 3 * 2 * batch * 784 * HIDDEN / (time.perf_counter() - began)


# --- the table


CONTENDERS: dict[str, tuple[Callable[[Setting], float], list[tuple[int, float]]]] = {
    "(a) textbook": (textbook, [(LATENT, 1.0)]),
    "(b) resident": (resident, [(LATENT, 1.0)]),
    "(c) ours": (ours([(LATENT, 1.0)]), [(LATENT, 1.0)]),
    f"(d) grid of {len(GRID)}": (ours(GRID), GRID),
}


def compare(setting: Setting, rounds: int) -> list[dict[str, Any]]:
    """Time every contender in turn, `rounds` times; a row each, medians."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    reached: list[float] = []
    for _ in range(rounds):
        for name, (run, _) in CONTENDERS.items():
            seconds[name].append(run(setting))
            reached.append(matmul_flops_per_second(setting))
    peak = statistics.median(reached)
    rows: list[dict[str, Any]] = []
    for name, (_, models) in CONTENDERS.items():
        took = statistics.median(seconds[name])
        speed = setting.images * len(models) / took
        rows.append(
            {
                "loop": name,
                "batch": setting.batch_size,
                "models": len(models),
                "seconds an epoch of 60 000": took * 60_000 / setting.images,
                "spread": (max(seconds[name]) - min(seconds[name])) / took / 2,
                "images/s × models": speed,
                "ratio to (a)": 0.0,
                "of matmul FLOP/s": setting.images * flops(models) / took / peak,
                "matmul GFLOP/s": peak / 1e9,
            }
        )
    for row in rows:
        row["ratio to (a)"] = row["images/s × models"] / rows[0]["images/s × models"]
    return rows


COLUMNS: dict[str, str] = {
    "loop": "{}",
    "batch": "{}",
    "seconds an epoch of 60 000": "{:.2f}",
    "spread": "±{:.0%}",
    "images/s × models": "{:,.0f}",
    "ratio to (a)": "{:.2f}",
    "of matmul FLOP/s": "{:.2f}",
}


def show(rows: list[dict[str, Any]]) -> None:
    """The rows as a Markdown table."""
    print(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    for row in rows:
        print(f"| {' | '.join(pattern.format(row[name]) for name, pattern in COLUMNS.items())} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("--images", type=int, default=12_800, help="training images of a timed epoch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, nargs="+", default=[128, 1024])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--json", type=Path, help="write the rows here too")
    options = parser.parse_args()
    whole = load("mnist", options.data)
    part = Images(whole.train.pixels[: options.images], whole.train.labels[: options.images])
    test = Images(whole.test.pixels[:100], whole.test.labels[:100])
    with tempfile.TemporaryDirectory() as folder:
        unpack(options.data / "MNIST/raw", Path(folder) / "MNIST/raw")
        device = torch.device(options.device)
        rows: list[dict[str, Any]] = []
        for batch_size in options.batch_size:
            setting = Setting(Dataset("mnist", part, test, ""), Path(folder), batch_size, device)
            rows += compare(setting, options.rounds)
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"{options.images} images a timed epoch, median of {options.rounds} rounds; {device}; {machine}\n")
    show(rows)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1))


def unpack(source: Path, target: Path) -> None:
    """torchvision reads the uncompressed files only."""
    target.mkdir(parents=True)
    for file in source.iterdir():
        packed = file.read_bytes()
        plain = gzip.decompress(packed) if file.suffix == ".gz" else packed
        (target / file.name.removesuffix(".gz")).write_bytes(plain)


if __name__ == "__main__":
    main()
