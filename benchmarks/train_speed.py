"""Compare training speed with other training loops: `python -m benchmarks.train_speed --data DIR`.

All loops run in one process, in turn, with the same images, model (784-400-20), batch size and optimiser:

  (a) textbook   torchvision's MNIST and ToTensor, a DataLoader, autograd, torch's Adam, .item() every step
  (b) resident   images as one uint8 tensor, autograd, fused Adam, no .item()
  (c) ours       one model, trained by the trainer, writing of files included
  (d) grid       seven latent sizes × four β, trained by the trainer
  (e) pythae     with --peer pythae: another library, in its own environment (`benchmarks.peer`)

Each is timed `--rounds` times; the median is printed. Ratios are more reliable than seconds on a shared
machine. FLOP/s count the matrix products that a step requires, relative to the fp32 matrix product of this
machine at the same shapes, TF32 off. (a), (b) and (e) compute in fp32; (c) and (d) in `--precision`, by
default the trainer's choice.

On a GPU ours trains `--epochs` epochs: the epoch time is the median after the first epoch, "capture" the
extra time of the first one (CUDA graphs, loading of libraries), and "total" the whole training with
evaluation and files.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks import arguments, peer
from trainer.contract.config import (
    Config,
    Data,
    Model,
    Objective,
    Optimiser,
    Precision,
    weight_shapes,
    write_config,
)
from trainer.contract.datasets.registry import load
from trainer.contract.files import Problem
from trainer.contract.images import Dataset, Images
from trainer.contract.metrics import read_epochs
from trainer.contract.run_dir import Status, write_status
from trainer.engine import denormals
from trainer.engine.cpu_pool import threads_per_model
from trainer.engine.precision_trial import choose_arithmetic
from trainer.train_runs import train_runs

HIDDEN, LATENT = 400, 20
GRID = [(latent, beta) for latent in (2, 5, 10, 20, 40, 50, 100) for beta in (0.5, 1.0, 4.0, 10.0)]


@dataclass(frozen=True)
class Setting:
    """Settings shared by all loops."""

    dataset: Dataset
    folder: Path  # with torchvision's uncompressed files
    batch_size: int
    device: torch.device
    precision: Precision  # of ours, as requested
    epochs: int  # of ours

    @property
    def images(self) -> int:
        """Return the number of training images per epoch."""
        return len(self.dataset.train.labels)


@dataclass(frozen=True)
class Timing:
    """Seconds of an epoch, extra seconds of the first one, total seconds, precision and number of epochs.

    `losses` are the training losses of the epochs in nats per image, if the loop reports them.
    """

    epoch: float
    capture: float | None = None
    total: float | None = None
    precision: str = "fp32"
    epochs: int = 1
    losses: tuple[float, ...] = ()


Models = list[tuple[int, float]]  # latent size and β of each
Loop = tuple[Callable[[Setting], Timing], Models]


# --- plain PyTorch loops


class Textbook(nn.Module):
    """A standard VAE with autograd."""

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


def textbook(setting: Setting) -> Timing:
    from torch.utils.data import DataLoader, Subset
    from torchvision import datasets, transforms

    images = datasets.MNIST(str(setting.folder), train=True, transform=transforms.ToTensor())
    loader = DataLoader(Subset(images, range(setting.images)), setting.batch_size, shuffle=True)
    model = Textbook().to(setting.device)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    started, total = time.perf_counter(), 0.0
    for batch, _ in loader:
        x = batch.view(-1, 784).to(setting.device)
        optimiser.zero_grad()
        loss = loss_of(*_in_order(model(x), x))
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        total += loss.item()
    return Timing(time.perf_counter() - started, losses=(total / len(loader),))


def resident(setting: Setting) -> Timing:
    pixels = torch.from_numpy(setting.dataset.train.pixels).to(setting.device)
    model = Textbook().to(setting.device)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    _synchronise(setting.device)
    started = time.perf_counter()
    order = torch.randperm(len(pixels), device=setting.device)
    for start in range(0, len(order), setting.batch_size):
        rows = order[start : start + setting.batch_size]
        x = pixels.index_select(0, rows).float() / 255
        optimiser.zero_grad()
        loss_of(*_in_order(model(x), x)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    _synchronise(setting.device)
    return Timing(time.perf_counter() - started)


def _in_order(output: tuple[Tensor, Tensor, Tensor], x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return output[0], x, output[1], output[2]


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


# --- ours, with the trainer


def ours(models: Models) -> Callable[[Setting], Timing]:
    def run(setting: Setting) -> Timing:
        with tempfile.TemporaryDirectory() as folder:
            configs = [config(setting, latent, beta) for latent, beta in models]
            runs = [Path(folder) / one.name for one in configs]
            for path, one in zip(runs, configs, strict=True):
                path.mkdir()
                write_config(path, one)
                write_status(path, Status("queued", 0, setting.epochs))
            threads = threads_per_model(len(models), setting.device)
            arithmetic = choose_arithmetic(configs, setting.device, threads).chosen
            started = time.perf_counter()
            train_runs(runs, configs, setting.dataset, setting.device, arithmetic, lambda: False, threads)
            total = time.perf_counter() - started
            epochs = read_epochs(runs[0])
            first, *later = [epoch.seconds for epoch in epochs]
            epoch_seconds = statistics.median(later or [first])
            capture = first - epoch_seconds if later else None
            losses = tuple(
                epoch.train.distortion + configs[0].objective.beta * epoch.train.rate for epoch in epochs
            )
            return Timing(epoch_seconds, capture, total, arithmetic.name, setting.epochs, losses)

    return run


def config(setting: Setting, latent: int, beta: float) -> Config:
    sizes = (setting.images, 0, len(setting.dataset.test.labels))
    return Config(
        model=Model("vae", latent, (HIDDEN,)),
        objective=Objective("bernoulli", beta),
        optimiser=Optimiser("adam", 1e-3, setting.batch_size, setting.epochs),
        data=Data("mnist", *sizes, 0.0, "none", ""),
        seed=0,
        precision=setting.precision,
        device=setting.device.type,
    )


# --- another library


def pythae(python: Path) -> Callable[[Setting], Timing]:
    """Return the loop of pythae, run by `python`, the interpreter of its environment."""

    def run(setting: Setting) -> Timing:
        pixels, device = setting.dataset.train.pixels, setting.device.type
        training = peer.Training(pixels, HIDDEN, LATENT, setting.batch_size, torch.get_num_threads(), device)
        trained = peer.train(python, training)
        return Timing(trained.seconds[-1], epochs=len(trained.seconds), losses=trained.losses)

    return run


# --- the machine's fp32 peak


def flops(models: Models) -> int:
    """Return FLOP per image of a step's products: forward, weight and input gradients (not of the images)."""
    total = 0
    for latent, _ in models:
        shapes = weight_shapes(Model("vae", latent, (HIDDEN,)))
        weights = {name: shape for name, shape in shapes.items() if name.endswith("weight")}
        total += sum(2 * a * b * (2 if name == "encoder.0.weight" else 3) for name, (a, b) in weights.items())
    return total


def matmul_flops_per_second(setting: Setting) -> float:
    """Measure the FLOP/s of plain fp32 products of these shapes."""
    batch = setting.batch_size
    x, hidden = (torch.rand(batch, width, device=setting.device) for width in (784, HIDDEN))
    weight = torch.rand(784, HIDDEN, device=setting.device)

    def products() -> None:
        torch.mm(x, weight)
        torch.mm(hidden, weight.t())
        torch.mm(x.t(), hidden)

    products()
    _synchronise(setting.device)
    started, repeats = time.perf_counter(), 60
    for _ in range(repeats):
        products()
    _synchronise(setting.device)
    return repeats * 3 * 2 * batch * 784 * HIDDEN / (time.perf_counter() - started)


# --- the table


LOOPS: dict[str, Loop] = {
    "(a) textbook": (textbook, [(LATENT, 1.0)]),
    "(b) resident": (resident, [(LATENT, 1.0)]),
    "(c) ours": (ours([(LATENT, 1.0)]), [(LATENT, 1.0)]),
    f"(d) grid of {len(GRID)}": (ours(GRID), GRID),
}


def compare(setting: Setting, rounds: int, loops: Mapping[str, Loop] = LOOPS) -> list[dict[str, Any]]:
    """Time every loop in turn, `rounds` times; return a row of medians for each."""
    timings: dict[str, list[Timing]] = {name: [] for name in loops}
    peaks: list[float] = []
    for _ in range(rounds):
        for name, (run, _) in loops.items():
            timings[name].append(run(setting))
            peaks.append(matmul_flops_per_second(setting))
    peak = statistics.median(peaks)
    rows: list[dict[str, Any]] = []
    for name, (_, models) in loops.items():
        seconds = [timing.epoch for timing in timings[name]]
        epoch = statistics.median(seconds)
        speed = setting.images * len(models) / epoch
        rows.append(
            {
                "loop": name,
                "batch": setting.batch_size,
                "models": len(models),
                "precision": timings[name][0].precision,
                "seconds an epoch of 60 000": epoch * 60_000 / setting.images,
                "spread": (max(seconds) - min(seconds)) / epoch / 2,
                "images/s × models": speed,
                "ratio to (a)": 0.0,
                "of fp32 matmul FLOP/s": setting.images * flops(models) / epoch / peak,
                "fp32 matmul GFLOP/s": peak / 1e9,
                "epochs": timings[name][0].epochs,
                "capture s": _median([timing.capture for timing in timings[name]]),
                "total s": _median([timing.total for timing in timings[name]]),
                "losses": _by_epoch([timing.losses for timing in timings[name]]),
            }
        )
    for row in rows:
        row["ratio to (a)"] = row["images/s × models"] / rows[0]["images/s × models"]
    return rows


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _by_epoch(losses: list[tuple[float, ...]]) -> list[float]:
    return [statistics.median(ones) for ones in zip(*losses, strict=True)]


COLUMNS: dict[str, str] = {
    "loop": "{}",
    "batch": "{}",
    "precision": "{}",
    "seconds an epoch of 60 000": "{:.2f}",
    "spread": "±{:.0%}",
    "images/s × models": "{:,.0f}",
    "ratio to (a)": "{:.2f}",
    "of fp32 matmul FLOP/s": "{:.2f}",
}
CPU_DEFAULTS = {"images": 30_000, "epochs": 2, "rounds": 3}
ON_GPU: dict[str, str] = {"epochs": "{}", "capture s": "{:.2f}", "total s": "{:.2f}"}


def show(rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    """Print the rows as a Markdown table."""
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for row in rows:
        cells = ["–" if row[name] is None else form.format(row[name]) for name, form in columns.items()]
        print(f"| {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that contains MNIST/raw")
    parser.add_argument(
        "--images",
        type=arguments.count,
        help="training images per timed epoch (default: 30000, on a GPU 60000)",
    )
    parser.add_argument("--epochs", type=arguments.count, help="epochs of ours (default: 2, on a GPU 50)")
    parser.add_argument(
        "--rounds", type=arguments.count, help="repeats of each loop (default: 3, on a GPU 1)"
    )
    parser.add_argument("--batch-size", type=arguments.count, nargs="+", default=[128, 1024])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--precision", default="auto", choices=["auto", "fp32", "tf32", "bf16"])
    parser.add_argument("--peer", choices=["pythae"], help="also time this library (installed on first use)")
    parser.add_argument("--json", type=arguments.new_file, help="also write the rows to this file")
    options = parser.parse_args()
    denormals.flush()  # as in the trainer; long runs of the other loops benefit, too
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise Problem("PyTorch sees no NVIDIA GPU: check that `nvidia-smi` lists one, or leave out --device")
    defaults = {"images": 60_000, "epochs": 50, "rounds": 1} if device.type == "cuda" else CPU_DEFAULTS
    images, epochs, rounds = (getattr(options, name) or value for name, value in defaults.items())
    whole = load("mnist", options.data)
    part = Images(whole.train.pixels[:images], whole.train.labels[:images])
    test = Images(whole.test.pixels[:100], whole.test.labels[:100])
    loops = dict(LOOPS)
    if options.peer:
        loops[f"(e) {peer.NAME}"] = (pythae(peer.environment()), [(LATENT, 1.0)])
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        unpack(options.data / "MNIST/raw", Path(folder) / "MNIST/raw")
        for batch_size in options.batch_size:
            setting = Setting(
                Dataset("mnist", part, test, ""), Path(folder), batch_size, device, options.precision, epochs
            )
            rows += compare(setting, rounds, loops)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    machine = f"{name}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"{images} images a timed epoch, median of {rounds} rounds; {machine}\n")
    show(rows, COLUMNS | (ON_GPU if device.type == "cuda" else {}))
    if options.peer:
        print(f"\n{peer.loss_lines(rows)}\n\n{peer.PROTOCOL}")
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1))


def unpack(source: Path, target: Path) -> None:
    """Decompress the files for torchvision, which reads uncompressed ones only."""
    target.mkdir(parents=True)
    for file in source.iterdir():
        content = file.read_bytes()
        content = gzip.decompress(content) if file.suffix == ".gz" else content
        (target / file.name.removesuffix(".gz")).write_bytes(content)


if __name__ == "__main__":
    arguments.run(main)
