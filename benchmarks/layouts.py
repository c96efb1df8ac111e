"""How a grid of 28 is best laid out on a CPU: `python -m benchmarks.layouts --data DIR`.

Each way trains the same models for one epoch of `--images` images through the trainer itself, in turn;
milliseconds a step and model, medians over `--rounds`. The last line is what torch.compile has to offer.
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
from trainer.models.objective import distortion

BATCH = 128


@dataclass(frozen=True)
class Way:
    """One network for all or one each, steps of a visit, whether a model has one core or all of them."""

    stacked: bool
    steps: int
    one_core: bool
    precision: Precision

    @property
    def name(self) -> str:
        """In words."""
        cores = "a core each, at once" if self.one_core else "all cores, in turn"
        network = "stacked, batched products" if self.stacked else f"{self.steps} steps, {cores}"
        return f"{network}, {self.precision}"


PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
WAYS = [
    Way(*how, precision)
    for precision in PRECISIONS
    for how in ((True, 16, False), (False, 1, False), (False, 16, False), (False, 1, True), (False, 16, True))
]


def milliseconds(way: Way, setting: Setting) -> float:
    """A step of one model."""

    def layout(models: int, _device: torch.device) -> list[range]:
        return [range(models)] if way.stacked else [range(i, i + 1) for i in range(models)]

    def steps_of_visit(_batch: int, _models: int, _device: torch.device) -> int:
        return way.steps

    def share(_models: int, _device: torch.device) -> int:
        return 1 if way.one_core else torch.get_num_threads()

    with (
        mock.patch.object(trainer.train_runs, "layout", layout),
        mock.patch.object(trainer.engine.train, "steps_of_visit", steps_of_visit),
        mock.patch.object(benchmarks.train_speed, "share", share),
    ):
        seconds = ours(GRID)(replace(setting, precision=way.precision)).epoch
    return 1e3 * seconds / len(GRID) / -(-setting.images // BATCH)


def compiling() -> tuple[float, float, float]:
    """Seconds to compile the losses of a batch, then their milliseconds plain and compiled."""
    logits, x = torch.randn(1, BATCH, PIXELS), torch.rand(BATCH, PIXELS)
    slope, scratch = torch.empty_like(logits), torch.empty_like(logits)

    def losses(logits: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        nats = (torch.nn.functional.softplus(logits) - logits * x).sum(-1)
        slope = torch.sigmoid(logits) - x
        return nats, slope.square().sum(-1), slope

    compiled = torch.compile(losses)
    began = time.perf_counter()
    compiled(logits, x)
    compile_seconds = time.perf_counter() - began
    plain = _median(lambda: distortion("bernoulli", logits, x, slope, scratch))
    return compile_seconds, plain, _median(lambda: compiled(logits, x))


def _median(call: Callable[[], object], times: int = 500) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return 1e3 * statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("--images", type=arguments.count, default=6_400)
    parser.add_argument("--rounds", type=arguments.count, default=3)
    options = parser.parse_args()
    denormals.flush()
    whole = load("mnist", options.data)
    part = Images(whole.train.pixels[: options.images], whole.train.labels[: options.images])
    test = Images(whole.test.pixels[:100], whole.test.labels[:100])
    with tempfile.TemporaryDirectory() as folder:
        dataset = Dataset("mnist", part, test, "")
        setting = Setting(dataset, Path(folder), BATCH, torch.device("cpu"), "fp32", 1)
        took: dict[Way, list[float]] = {way: [] for way in WAYS}
        for _ in range(options.rounds):
            for way in WAYS:
                took[way].append(milliseconds(way, setting))
    print("| grid of 28, batch 128 | ms a step and model |\n| --- | --- |")
    for way, found in took.items():
        print(f"| {way.name} | {statistics.median(found):.2f} |")
    seconds, plain, compiled = compiling()
    network = f"784-{HIDDEN}-{LATENT}"
    print(f"\nlosses of {network}: {plain:.3f} ms plain, {compiled:.3f} ms compiled in {seconds:.1f} s")


if __name__ == "__main__":
    arguments.run(main)
