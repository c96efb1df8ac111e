"""What can be asked of a training: texts in, checked values out, configurations from them.

`SETTINGS` is the one table behind `vaetui train --help` and the app's train dialog. Nothing heavy is imported
before it is needed, since `--help` reads this file.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from trainer.data import Dataset
    from trainer.run import Config

Kind = Literal["vae", "ae"]
Read = Callable[[str], Any]

DATASETS = ("auto", "mnist", "digits")  # what trainer.data knows, and `auto`
DEVICES = ("auto", "cuda", "mps", "cpu")
MAX_WIDTH = 1 << 16
MAX_COUNT = 1_000_000
MAX_MODELS = 1000


@dataclass(frozen=True)
class TrainOptions:
    """One grid: every kind × latent size × β, the rest shared. `name` "" makes names from the settings."""

    latents: tuple[int, ...] = (10,)
    betas: tuple[float, ...] = (1.0,)
    kinds: tuple[Kind, ...] = ("vae",)
    hidden: tuple[int, ...] = (400,)
    epochs: int = 50
    batch_size: int = 128
    lr: float = 1e-3
    val_fraction: float = 0.1
    seed: int = 0
    dataset: str = "auto"
    device: str = "auto"
    name: str = ""


# --- readers: a text as a value, or `ValueError` without a word; the table has the words -------------


def _whole(low: int, high: int) -> Read:
    def read(text: str) -> int:
        if not re.fullmatch(r"\s*\d{1,10}\s*", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return read


def _number(holds: Callable[[float], bool]) -> Read:
    def read(text: str) -> float:
        value = float(text)
        if "_" in text or not math.isfinite(value) or not holds(value):
            raise ValueError
        return abs(value)  # so that -0 is 0 in names too

    return read


def _one_of(words: Iterable[str]) -> Read:
    def read(text: str) -> str:
        if text.strip() not in words:
            raise ValueError
        return text.strip()

    return read


def _each(read_one: Read, most: int = MAX_MODELS, *, distinct: bool = True) -> Read:
    def read(text: str) -> tuple[Any, ...]:
        values = tuple(read_one(part) for part in text.split(","))
        values = tuple(dict.fromkeys(values)) if distinct else values
        if len(values) > most:
            raise ValueError
        return values

    return read


def _name(text: str) -> str:
    from trainer.run import is_plain_name

    if text and not is_plain_name(text):
        raise ValueError
    return text


# --- the table ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """One option of `train`: the field it fills, its default and metavar, what it is, what it takes."""

    field: str
    default: str
    metavar: str
    help: str
    takes: str
    read: Read


SETTINGS: Mapping[str, Setting] = {
    "latent": Setting(
        "latents",
        "10",
        "LIST",
        "Latent sizes, such as 2,5,10,20.",
        f"whole numbers from 1 to {MAX_WIDTH}, separated by commas",
        _each(_whole(1, MAX_WIDTH)),
    ),
    "beta": Setting(
        "betas",
        "1",
        "LIST",
        "Weights of the rate, such as 0,1,4; a plain autoencoder has none.",
        "numbers of 0 or more, separated by commas",
        _each(_number(lambda beta: beta >= 0)),
    ),
    "kind": Setting(
        "kinds",
        "vae",
        "LIST",
        "vae, ae or vae,ae.",
        "vae, ae or vae,ae",
        _each(_one_of(("vae", "ae"))),
    ),
    "hidden": Setting(
        "hidden",
        "400",
        "LIST",
        "Widths of the hidden layers, from the pixels inwards.",
        f"1 to 16 whole numbers from 1 to {MAX_WIDTH}, separated by commas",
        _each(_whole(1, MAX_WIDTH), 16, distinct=False),
    ),
    "epochs": Setting(
        "epochs",
        "50",
        "N",
        "Passes over the training images; a higher number goes on.",
        f"a whole number from 1 to {MAX_COUNT}",
        _whole(1, MAX_COUNT),
    ),
    "batch-size": Setting(
        "batch_size",
        "128",
        "N",
        "Images a step.",
        f"a whole number from 1 to {MAX_COUNT}",
        _whole(1, MAX_COUNT),
    ),
    "lr": Setting(
        "lr",
        "1e-3",
        "RATE",
        "Adam's learning rate.",
        "a number above 0, such as 1e-3",
        _number(lambda lr: lr > 0),
    ),
    "val-fraction": Setting(
        "val_fraction",
        "0.1",
        "PART",
        "Part of the training images held out for validation.",
        "a number from 0 to below 1",
        _number(lambda part: 0 <= part < 1),
    ),
    "seed": Setting(
        "seed",
        "0",
        "N",
        "Seeds the weights, the split, the order and the noise.",
        "a whole number from 0 to 4294967295",
        _whole(0, (1 << 32) - 1),
    ),
    "dataset": Setting(
        "dataset",
        "auto",
        "|".join(DATASETS),
        "auto is MNIST where it is here or can be downloaded, else the digits that ship with scikit-learn.",
        "auto, mnist or digits",
        _one_of(DATASETS),
    ),
    "device": Setting(
        "device",
        "auto",
        "|".join(DEVICES),
        "auto is the GPU where there is one.",
        "auto, cuda, mps or cpu",
        _one_of(DEVICES),
    ),
    "name": Setting(
        "name",
        "",
        "NAME",
        "Name of the run instead of one made from its settings; a grid puts it in front of each.",
        "letters, digits and . _ - +, 120 at most, not starting with a dot",
        _name,
    ),
}


def parse(texts: Mapping[str, str]) -> TrainOptions:
    """The options that `texts` (keyed as in `SETTINGS`) ask for; what is not there has its default.

    Raises `ValueError`: one sentence naming the option, what it takes and what it got.
    """
    values: dict[str, Any] = {}
    for key, text in texts.items():
        setting = SETTINGS[key]
        try:
            values[setting.field] = setting.read(text)
        except ValueError:
            raise ValueError(f"--{key} takes {setting.takes}, not {text[:80]!r}") from None
    options = TrainOptions(**values)
    models = len(_cells(options))
    if models > MAX_MODELS:
        raise ValueError(f"this grid has {models} models, train up to {MAX_MODELS} at once")
    return options


def _cells(options: TrainOptions) -> list[tuple[Kind, int, float]]:
    """Kind, latent size and β of every model: an autoencoder comes once a latent size, with β 0."""
    cells: list[tuple[Kind, int, float]] = []
    for kind, latent in itertools.product(options.kinds, options.latents):
        betas = options.betas if kind == "vae" else (0.0,)
        cells += [(kind, latent, beta) for beta in betas]
    return cells


def configs(options: TrainOptions, dataset: Dataset) -> list[Config]:
    """One configuration for every model of the grid on `dataset`."""
    from trainer.data import split
    from trainer.run import Config, Data, Model, Objective, Optimiser

    train, val = split(len(dataset.train.labels), options.val_fraction, options.seed)
    data = Data(
        name=dataset.name,
        train=len(train),
        val=len(val),
        test=len(dataset.test.labels),
        val_fraction=options.val_fraction,
        binarize="none",
        checksum=dataset.checksum,
    )
    return [
        Config(
            model=Model(kind, latent, options.hidden),
            objective=Objective("bernoulli", beta),
            optimiser=Optimiser("adam", options.lr, options.batch_size, options.epochs),
            data=data,
            seed=options.seed,
            device=options.device,
        )
        for kind, latent, beta in _cells(options)
    ]
