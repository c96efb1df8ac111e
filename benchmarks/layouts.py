"""Compare CPU layouts of a grid of 28 models: `python -m benchmarks.layouts --data DIR`.

Each layout trains the same models for one epoch of `--images` images with the trainer, in turn. Printed are
milliseconds per step and model, medians over `--rounds`, and the gain of torch.compile on the losses.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from unittest import mock

import torch
from torch import Tensor

import benchmarks.train_speed
import trainer.engine.train
import trainer.train_runs
from benchmarks import arguments
from benchmarks.train_speed import GRID, HIDDEN, LATENT, Setting, ours
from trainer.contract.config import PIXELS, Precision
from trainer.contract.datasets.registry import load
from trainer.contract.images import Dataset, Images
from trainer.engine import denormals
from trainer.models.likelihoods import distortion

BATCH = 128


@dataclass(frozen=True)
class Layout:
    """One stacked network or one per model, steps per visit, one core or all cores per model."""

    stacked: bool
    steps: int
    one_core: bool
    precision: Precision

    @property
    def name(self) -> str:
        """Return a label for the table."""
        cores = "a core each, at once" if self.one_core else "all cores, in turn"
        network = "stacked, batched products" if self.stacked else f"{self.steps} steps, {cores}"
        return f"{network}, {self.precision}"


PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
LAYOUTS = [
    Layout(*options, precision)
    for precision in PRECISIONS
    for options in (
        (True, 16, False),
        (False, 1, False),
        (False, 16, False),
        (False, 1, True),
        (False, 16, True),
    )
]


def milliseconds(chosen: Layout, setting: Setting) -> float:
    """Return the milliseconds per step of one model."""

    def layout(models: int, _device: torch.device) -> list[range]:
        return [range(models)] if chosen.stacked else [range(i, i + 1) for i in range(models)]

    def steps_per_block(_batch: int, _models: int, _device: torch.device) -> int:
        return chosen.steps

    def share(_models: int, _device: torch.device) -> int:
        return 1 if chosen.one_core else torch.get_num_threads()

    with (
        mock.patch.object(trainer.train_runs, "layout", layout),
        mock.patch.object(trainer.engine.train, "steps_per_block", steps_per_block),
        mock.patch.object(benchmarks.train_speed, "threads_per_model", share),
    ):
        seconds = ours(GRID)(replace(setting, precision=chosen.precision)).epoch
    return 1e3 * seconds / len(GRID) / -(-setting.images // BATCH)


def compile_losses() -> tuple[float, float, float]:
    """Return the seconds to compile the losses of a batch, and their milliseconds plain and compiled."""
    logits, x = torch.randn(1, BATCH, PIXELS), torch.rand(BATCH, PIXELS)
    slope, scratch = torch.empty_like(logits), torch.empty_like(logits)

    def losses(logits: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        nats = (torch.nn.functional.softplus(logits) - logits * x).sum(-1)
        slope = torch.sigmoid(logits) - x
        return nats, slope.square().sum(-1), slope

    compiled = torch.compile(losses)
    started = time.perf_counter()
    compiled(logits, x)
    compile_seconds = time.perf_counter() - started
    plain = _median(lambda: distortion("bernoulli", logits, x, slope, scratch))
    return compile_seconds, plain, _median(lambda: compiled(logits, x))


def _median(call: Callable[[], object], repeats: int = 500) -> float:
    """Return the median milliseconds of `call`."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return 1e3 * statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that contains MNIST/raw")
    parser.add_argument("--images", type=arguments.count, default=6_400, help="images per epoch")
    parser.add_argument("--rounds", type=arguments.count, default=3, help="epochs timed per layout")
    options = parser.parse_args()
    denormals.flush()
    whole = load("mnist", options.data)
    part = Images(whole.train.pixels[: options.images], whole.train.labels[: options.images])
    test = Images(whole.test.pixels[:100], whole.test.labels[:100])
    with tempfile.TemporaryDirectory() as folder:
        dataset = Dataset("mnist", part, test, "")
        setting = Setting(dataset, Path(folder), BATCH, torch.device("cpu"), "fp32", 1)
        times: dict[Layout, list[float]] = {layout: [] for layout in LAYOUTS}
        for _ in range(options.rounds):
            for layout in LAYOUTS:
                times[layout].append(milliseconds(layout, setting))
    print("| grid of 28, batch 128 | ms a step and model |\n| --- | --- |")
    for layout, rounds in times.items():
        print(f"| {layout.name} | {statistics.median(rounds):.2f} |")
    seconds, plain, compiled = compile_losses()
    network = f"784-{HIDDEN}-{LATENT}"
    print(f"\nlosses of {network}: {plain:.3f} ms plain, {compiled:.3f} ms compiled in {seconds:.1f} s")


if __name__ == "__main__":
    arguments.run(main)
