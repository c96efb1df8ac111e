"""Published figures beside ours: `python -m benchmarks.reproduce --data DIR`. Exit code 1: one is missed.

All are test −ELBO in nats per image on MNIST: grayscale cross-entropy, one posterior draw an image, 10 000
test images, trained on all 60 000, Adam 1e-3, batch 128, ReLU.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # as the trainer does

from trainer.data import load
from trainer.plan import carry_out
from trainer.run import (
    Config,
    Data,
    Model,
    Objective,
    Optimiser,
    Precision,
    Status,
    read_config,
    read_evaluation,
    write_config,
    write_status,
)


@dataclass(frozen=True)
class Published:
    """Somebody's figures for one network, by the number of epochs, and how far ours may be."""

    hidden: int
    latent: int
    figures: dict[int, float]
    tolerance: float


PUBLISHED = (
    # Three independent runs gave 105.59, 105.61 and 105.56.
    Published(400, 20, {10: 105.59}, 0.4),
    Published(600, 100, {10: 105.14, 15: 103.90}, 0.5),
)


@dataclass(frozen=True)
class Ours:
    """What we have trained, and its test −ELBO by the number of epochs, one for each seed."""

    published: Published
    precision: str
    elbos: dict[int, list[float]]
    seconds: float


def train(published: Published, data: Path, seeds: Sequence[int], precision: Precision) -> Ours:
    images = load("mnist", data)
    sizes = (len(images.train.labels), 0, len(images.test.labels))
    configs = [
        Config(
            model=Model("vae", published.latent, (published.hidden,)),
            objective=Objective("bernoulli", 1.0),
            optimiser=Optimiser("adam", 1e-3, 128, 1),
            data=Data("mnist", *sizes, 0.0, "none", images.checksum),
            seed=seed,
            precision=precision,
        )
        for seed in seeds
    ]
    elbos: dict[int, list[float]] = {}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        runs = [Path(folder) / config.name for config in configs]
        for epochs in published.figures:  # each goes on from the one before
            for run, config in zip(runs, configs, strict=True):
                run.mkdir(exist_ok=True)
                write_config(run, replace(config, optimiser=replace(config.optimiser, epochs=epochs)))
                write_status(run, Status("queued", 0, epochs))
            if not carry_out([(run, read_config(run)) for run in runs], data, lambda: False):
                raise SystemExit("a training failed")
            elbos[epochs] = [-read_evaluation(run).figures.elbo for run in runs]
        used = read_config(runs[0]).versions["precision"]
    return Ours(published, used, elbos, time.perf_counter() - began)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--precision", nargs="+", default=["auto"], choices=["auto", "fp32", "tf32", "bf16"])
    options = parser.parse_args()
    print(
        "| network | epochs | precision | published | ours, a seed each | mean | off by | may be | seconds |"
    )
    print(f"|{' --- |' * 9}")
    missed = False
    for published in PUBLISHED:
        for precision in options.precision:
            ours = train(published, options.data, options.seeds, precision)
            for epochs, figure in published.figures.items():
                mean = statistics.mean(ours.elbos[epochs])
                missed |= abs(mean - figure) > published.tolerance
                cells = (
                    f"784-{published.hidden}-{published.latent}",
                    f"{epochs}",
                    ours.precision,
                    f"{figure:.2f}",
                    " ".join(f"{elbo:.2f}" for elbo in ours.elbos[epochs]),
                    f"{mean:.2f}",
                    f"{mean - figure:+.2f}",
                    f"±{published.tolerance}",
                    f"{ours.seconds:.0f}",
                )
                print(f"| {' | '.join(cells)} |", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
