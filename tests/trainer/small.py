"""A data set and configurations small enough to train in a blink."""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from trainer.contract.config import (
    Binarize,
    Config,
    Data,
    Model,
    Objective,
    Optimiser,
    Precision,
    write_config,
)
from trainer.contract.images import Dataset, Images
from trainer.contract.run_dir import Status, write_status

TRAIN, VAL, TEST = 270, 30, 57  # no multiple of the batch size: the last batch is a partial one


def dataset(seed: int = 0) -> Dataset:
    """Ten kinds of bars, each a little different: easy to learn, and real enough to be imperfect."""
    rng = np.random.default_rng(seed)

    def images(count: int) -> Images:
        labels = (np.arange(count) % 10).astype(np.uint8)
        pixels = rng.integers(0, 40, (count, 28, 28))
        for i, label in enumerate(labels):
            start = 2 * int(label) + rng.integers(0, 3)
            pixels[i, start : start + 6, 4:24] += rng.integers(120, 215)
        return Images(pixels.astype(np.uint8).reshape(count, 784), labels)

    return Dataset("bars", images(TRAIN + VAL), images(TEST), f"bars-{seed}")


def config(
    latent: int = 3,
    beta: float = 1.0,
    kind: str = "vae",
    *,
    epochs: int = 2,
    hidden: tuple[int, ...] = (16,),
    lr: float = 1e-3,
    batch_size: int = 64,
    val_fraction: float = 0.1,
    seed: int = 0,
    loss: Literal["bernoulli", "gaussian"] = "bernoulli",
    optimizer: Literal["adam", "adamw"] = "adam",
    beta_warmup: int = 0,
    patience: int = 0,
    keep: Literal["last", "best"] = "last",
    binarize: Binarize = "none",
    precision: Precision = "fp32",  # what `auto` measures changes from time to time
    **objective: Any,
) -> Config:
    """Return a configuration; `objective` are further fields of a VAE's `Objective`."""
    val = round(300 * val_fraction)
    decay = {"adam": 0.0, "adamw": 0.01}[optimizer]
    return Config(
        model=Model("vae" if kind == "vae" else "ae", latent, hidden),
        objective=Objective(loss, beta, beta_warmup, **objective) if kind == "vae" else Objective(loss, 0.0),
        optimiser=Optimiser(optimizer, lr, batch_size, epochs, decay, patience, keep),
        data=Data("bars", 300 - val, val, TEST, val_fraction, binarize, "bars-0"),
        seed=seed,
        precision=precision,
        device="cpu",
    )


def directories(folder: Path, configs: list[Config]) -> list[Path]:
    """Run directories as `vaetui train` leaves them for the trainer."""
    runs = []
    for one in configs:
        run = folder / one.data.name / one.name
        run.mkdir(parents=True)
        write_config(run, one)
        write_status(run, Status("queued", 0, one.optimiser.epochs))
        runs.append(run)
    return runs
