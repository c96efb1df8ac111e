"""What can be asked of a training: texts in, checked values out, configurations from them.

`SETTINGS` is the one table behind `vaetui train --help` and the app's train dialog. Nothing heavy is imported
before it is needed, since `--help` reads this file.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from trainer.contract.likelihoods import LIKELIHOODS, LikelihoodName

if TYPE_CHECKING:
    from trainer.contract.config import Binarize, Config, Precision
    from trainer.contract.images import Dataset

Kind = Literal["vae", "ae"]
Optimizer = Literal["adam", "adamw"]
Keep = Literal["last", "best"]
Read = Callable[[str], Any]

# What trainer.contract.datasets.registry knows, and `auto`.
DATASETS = ("auto", "mnist", "fashion-mnist", "kmnist", "qmnist", "digits")
DEVICES = ("auto", "cuda", "mps", "cpu")
LOSSES: Mapping[str, LikelihoodName] = {row.loss: row.name for row in LIKELIHOODS.values()}
LOSS_OF: Mapping[str, str] = {row.name: row.loss for row in LIKELIHOODS.values()}
# How results tell which images figures are of, and which weights.
PIXEL_TEXTS: Mapping[str, str] = {
    "none": "grey levels",
    "dynamic": "dynamic binarization",
    "fixed": "fixed binarization",
}
KEPT_WEIGHTS_TEXTS: Mapping[Keep, str] = {
    "last": "weights of the last epoch",
    "best": "weights of the best epoch by validation ELBO",
}
WEIGHT_DECAY: Mapping[Optimizer, float] = {"adam": 0.0, "adamw": 0.01}  # PyTorch's defaults
MAX_WIDTH = 1 << 16
MAX_COUNT = 1_000_000
MAX_MODELS = 1000


@dataclass(frozen=True)
class TrainingGrid:
    """One grid: every batch size × seed × rate × kind × latent size × β, the rest shared.

    `name` "" makes names from the settings.
    """

    latents: tuple[int, ...] = (10,)
    kinds: tuple[Kind, ...] = ("vae",)
    hidden: tuple[int, ...] = (400,)
    betas: tuple[float, ...] = (1.0,)
    beta_warmup: int = 0
    likelihood: LikelihoodName = "bernoulli"
    optimiser: Optimizer = "adam"
    lrs: tuple[float, ...] = (1e-3,)
    batch_sizes: tuple[int, ...] = (128,)
    epochs: int = 50
    patience: int = 0
    keep: Keep = "last"
    seeds: tuple[int, ...] = (0,)
    precision: Precision = "auto"
    dataset: str = "auto"
    binarize: Binarize = "none"
    val_fraction: float = 0.1
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


def _one_of(words: Iterable[str] | Mapping[str, str]) -> Read:
    values = words if isinstance(words, Mapping) else {word: word for word in words}

    def read(text: str) -> str:
        if text.strip() not in values:
            raise ValueError
        return values[text.strip()]

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
    from trainer.contract.config import is_plain_name

    if text and not is_plain_name(text):
        raise ValueError
    return unicodedata.normalize("NFC", text)


# --- values in messages: as few digits as do ------------------------------------------------------------


def distinct_texts(one: Any, other: Any) -> tuple[str, str]:
    """Return both values as short as they may be without looking alike, such as "1e-03" and "1.00001e-03"."""
    for length in range(6, 18):
        texts = tuple(_short(value, length) for value in (one, other))
        if texts[0] != texts[1]:
            break
    return texts[0], texts[1]


def _short(value: Any, length: int) -> str:
    """Return a number with so many digits, a text with four times as many characters."""
    from trainer.contract.files import clean

    return clean(f"{value:.{length}g}" if isinstance(value, float) else str(value), 4 * length)


# --- the table ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """One option of `train`: its group, the field it fills, default, metavar, what it is and takes."""

    panel: str
    field: str
    default: str
    metavar: str
    help: str
    takes: str
    read: Read


def _choice(panel: str, field: str, values: Sequence[str] | Mapping[str, str], what: str) -> Setting:
    """A setting that is one of a few words, or what these mean; the first is the default."""
    *words, last = values
    takes = f"{', '.join(words)} or {last}"
    return Setting(panel, field, words[0], "|".join(values), what, takes, _one_of(values))


MODEL, OBJECTIVE, TRAINING, IMAGES, WHERE = "Model", "Objective", "Training", "Images", "Where and how"

SETTINGS: Mapping[str, Setting] = {
    "latent": Setting(
        MODEL,
        "latents",
        "10",
        "LIST",
        "Latent sizes, such as 2,5,10,20.",
        f"whole numbers from 1 to {MAX_WIDTH}, separated by commas",
        _each(_whole(1, MAX_WIDTH)),
    ),
    "kind": Setting(
        MODEL,
        "kinds",
        "vae",
        "LIST",
        "vae, ae (a plain autoencoder) or both: vae,ae.",
        "vae, ae or vae,ae",
        _each(_one_of(("vae", "ae"))),
    ),
    "hidden": Setting(
        MODEL,
        "hidden",
        "400",
        "WIDTHS",
        "The hidden layers, from the pixels inwards, such as 400,200.",
        f"1 to 16 whole numbers from 1 to {MAX_WIDTH}, separated by commas",
        _each(_whole(1, MAX_WIDTH), 16, distinct=False),
    ),
    "beta": Setting(
        OBJECTIVE,
        "betas",
        "1",
        "LIST",
        "Weights of the rate, such as 0,1,4; a plain autoencoder has none.",
        "numbers of 0 or more, separated by commas",
        _each(_number(lambda beta: beta >= 0)),
    ),
    "beta-warmup": Setting(
        OBJECTIVE,
        "beta_warmup",
        "0",
        "EPOCHS",
        "Let the weight of the rate rise from 0 to its β over this many epochs.",
        f"a whole number from 0 to {MAX_COUNT}",
        _whole(0, MAX_COUNT),
    ),
    "loss": _choice(
        OBJECTIVE,
        "likelihood",
        LOSSES,
        "bce is the cross-entropy of a Bernoulli likelihood, mse the squared error of a Gaussian; "
        "both summed over pixels.",
    ),
    "optimizer": _choice(
        TRAINING,
        "optimiser",
        tuple(WEIGHT_DECAY),
        f"adamw also decays the weights, by {WEIGHT_DECAY['adamw']:g} × the learning rate each step.",
    ),
    "lr": Setting(
        TRAINING,
        "lrs",
        "1e-3",
        "LIST",
        "Learning rates, such as 1e-3,3e-4.",
        "numbers above 0, such as 1e-3, separated by commas",
        _each(_number(lambda lr: lr > 0)),
    ),
    "batch-size": Setting(
        TRAINING,
        "batch_sizes",
        "128",
        "LIST",
        "Images a step.",
        f"whole numbers from 1 to {MAX_COUNT}, separated by commas",
        _each(_whole(1, MAX_COUNT)),
    ),
    "epochs": Setting(
        TRAINING,
        "epochs",
        "50",
        "N",
        "Passes over the training images; a higher number goes on.",
        f"a whole number from 1 to {MAX_COUNT}",
        _whole(1, MAX_COUNT),
    ),
    "patience": Setting(
        TRAINING,
        "patience",
        "0",
        "EPOCHS",
        "End a model early when this many epochs brought no better validation ELBO; 0 never does.",
        f"a whole number from 0 to {MAX_COUNT}",
        _whole(0, MAX_COUNT),
    ),
    "keep": _choice(
        TRAINING,
        "keep",
        ("last", "best"),
        "Keep the weights of the last epoch, or of the one with the best validation ELBO.",
    ),
    "seed": Setting(
        TRAINING,
        "seeds",
        "0",
        "LIST",
        "Seeds the weights, the split, the order and the noise.",
        "whole numbers from 0 to 4294967295, separated by commas",
        _each(_whole(0, (1 << 32) - 1)),
    ),
    "precision": _choice(
        TRAINING,
        "precision",
        ("auto", "fp32", "tf32", "bf16"),
        "In what the training multiplies: auto is the fastest that is safe on the device, tf32 exists on "
        "CUDA only. Figures are always measured in fp32.",
    ),
    "dataset": _choice(
        IMAGES,
        "dataset",
        DATASETS,
        "auto is MNIST where it is here or can be downloaded, else the digits that ship with scikit-learn.",
    ),
    "binarize": _choice(
        IMAGES,
        "binarize",
        ("none", "dynamic", "fixed"),
        "none takes grey levels as they are; dynamic draws black or white anew every epoch, fixed once.",
    ),
    "val-fraction": Setting(
        IMAGES,
        "val_fraction",
        "0.1",
        "PART",
        "Part of the training images held out for validation.",
        "a number from 0 to below 1",
        _number(lambda part: 0 <= part < 1),
    ),
    "device": _choice(WHERE, "device", DEVICES, "auto is the GPU where there is one."),
    "name": Setting(
        WHERE,
        "name",
        "",
        "NAME",
        "Name of the run instead of one made from its settings; a grid puts it in front of each.",
        "letters, digits and . _ - +, 120 at most, not starting with a dot or a dash",
        _name,
    ),
}


# --- texts → options → configurations ---------------------------------------------------------------


def parse(texts: Mapping[str, str]) -> TrainingGrid:
    """The options that `texts` (keyed as in `SETTINGS`) ask for; what is not there has its default.

    Raises `ValueError`: one sentence naming the option, what it takes and what it got, or which do not go
    together.
    """
    values: dict[str, Any] = {}
    for key, text in texts.items():
        setting = SETTINGS[key]
        try:
            values[setting.field] = setting.read(text)
        except ValueError:
            raise ValueError(f"--{key} takes {setting.takes}, not {text[:80]!r}") from None
    options = TrainingGrid(**values)
    for complaint, holds in _contradictions(options).items():
        if holds:
            raise ValueError(complaint)
    return options


def _contradictions(options: TrainingGrid) -> Mapping[str, bool]:
    """What does not go together, each with whether it was asked for."""
    device, models = options.device, _models(options)
    unjudged = options.val_fraction == 0
    mend = "which --val-fraction 0 leaves none of: hold some out, such as --val-fraction 0.1"
    return {
        f"--precision tf32 is for --device cuda, not {device}: take fp32 or auto": (
            options.precision == "tf32" and device not in ("auto", "cuda")
        ),
        f"--patience needs validation images, {mend}": options.patience > 0 and unjudged,
        f"--keep best needs validation images, {mend}": options.keep == "best" and unjudged,
        f"this grid has {models} models, train up to {MAX_MODELS} at once": models > MAX_MODELS,
    }


def _models(options: TrainingGrid) -> int:
    """How many models the grid has; counted, since the lists may be too long to be multiplied out."""
    shared = (options.batch_sizes, options.seeds, options.lrs, options.latents)
    columns = sum(len(options.betas) if kind == "vae" else 1 for kind in options.kinds)
    return math.prod(map(len, shared)) * columns


def _cells(options: TrainingGrid) -> list[tuple[Kind, int, float]]:
    """Kind, latent size and β of every model: an autoencoder comes once a latent size, with β 0."""
    cells: list[tuple[Kind, int, float]] = []
    for kind, latent in itertools.product(options.kinds, options.latents):
        betas = options.betas if kind == "vae" else (0.0,)
        cells += [(kind, latent, beta) for beta in betas]
    return cells


def configs(options: TrainingGrid, dataset: Dataset) -> list[Config]:
    """One configuration for every model of the grid on `dataset`, those that train together side by side."""
    from trainer.contract.config import Config, Data, Model, Objective, Optimiser
    from trainer.contract.images import split

    # Each seed splits in its own way, but all of them into parts of these sizes.
    train, val = split(len(dataset.train.labels), options.val_fraction, options.seeds[0])
    data = Data(
        name=dataset.name,
        train=len(train),
        val=len(val),
        test=len(dataset.test.labels),
        val_fraction=options.val_fraction,
        binarize=options.binarize,
        checksum=dataset.checksum,
    )
    grid = itertools.product(options.batch_sizes, options.seeds, options.lrs, _cells(options))
    return [
        Config(
            model=Model(kind, latent, options.hidden),
            objective=Objective(options.likelihood, beta, options.beta_warmup if kind == "vae" else 0),
            optimiser=Optimiser(
                options.optimiser,
                lr,
                batch_size,
                options.epochs,
                weight_decay=WEIGHT_DECAY[options.optimiser],
                patience=options.patience,
                keep=options.keep,
            ),
            data=data,
            seed=seed,
            precision=options.precision,
            device=options.device,
        )
        for batch_size, seed, lr, (kind, latent, beta) in grid
    ]


def configs_of(grids: Iterable[TrainingGrid], dataset: Dataset) -> list[Config]:
    """The configurations of several grids on one dataset, each once."""
    made: list[Config] = []
    for grid in grids:
        made += [config for config in configs(grid, dataset) if config not in made]
    return made
