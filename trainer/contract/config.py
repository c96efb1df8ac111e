"""config.json: everything needed to train a run again, and the run name derived from it."""

from __future__ import annotations

import dataclasses
import itertools
import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Literal

from trainer.contract.files import (
    MAX_JSON_BYTES,
    DamagedFile,
    Problem,
    clean,
    load_json,
    read_bounded,
    write_json,
)
from trainer.contract.likelihoods import LIKELIHOODS
from trainer.contract.values import Between, Seed, parse

SCHEMA = 1

# The one shape of images, greyscale, and the number of classes: those of MNIST.
SIDE, CLASSES = 28, 10
PIXELS = SIDE * SIDE

CONFIG = "config.json"
EXAMPLE = "example"  # the origin of a shipped copy
MAX_EPOCHS = 1_000_000
MAX_WIDTH = 1 << 16
MAX_SAMPLES = 1000

Time = Annotated[float, Between(0, 1e11)]  # seconds since 1970, up to the year 5138
Binarize = Literal["none", "dynamic", "fixed"]
Bound = Literal["elbo", "iwae"]
RISING_PART = 0.5  # of each cycle of β (Fu et al. 2019, R)
Precision = Literal["auto", "fp32", "tf32", "bf16"]


@dataclass(frozen=True)
class Model:
    """The shape of one autoencoder.

    `arch` is a key of `WEIGHT_SHAPES`; "mlp" is PIXELS → hidden… → latent → …hidden reversed → PIXELS, with
    ReLU between the layers.
    """

    kind: Literal["vae", "ae"]
    latent: int
    hidden: tuple[int, ...]
    arch: str = "mlp"

    @property
    def is_vae(self) -> bool:
        """Whether it has a posterior, and so a rate and an ELBO; an autoencoder's code is a point."""
        return self.kind == "vae"


@dataclass(frozen=True)
class Objective:
    """distortion + beta · rate, in nats per image; an autoencoder has no rate and its beta is 0.

    Over the first `beta_warmup` epochs the rate's weight rises from 0 to `beta`, a little each step; with
    `beta_cycles` it does so in the first half of each of so many cycles, which divide the whole training (Fu
    et al. 2019). The rate of a dimension, averaged over the batch, counts as `free_bits` nats at least
    (Kingma et al. 2016). The bound "iwae" is the importance-weighted one of `samples` posterior samples per
    image (Burda et al. 2015), with β = 1.
    """

    likelihood: str  # a key of `LIKELIHOODS`
    beta: float
    beta_warmup: int = 0
    free_bits: float = 0.0
    beta_cycles: int = 0
    bound: Bound = "elbo"
    samples: int = 1

    @property
    def is_plain(self) -> bool:
        """Whether the rate's weight is 1 throughout, without free bits: as the IWAE bound needs it."""
        return self.beta == 1 and not (self.beta_warmup or self.beta_cycles or self.free_bits)

    def scheduled_epochs(self, epochs: int) -> int:
        """Return the epochs until β stays as it is, in a training of `epochs`."""
        if self.beta_cycles:
            return math.ceil(epochs * (1 - (1 - RISING_PART) / self.beta_cycles))
        return self.beta_warmup


@dataclass(frozen=True)
class Optimiser:
    """The optimiser, the number of epochs, early stopping, and which weights are kept.

    Training ends early when the validation ELBO has not improved for `patience` epochs; 0 is off. `keep`: the
    weights of the last epoch, or of the one with the best validation ELBO.
    """

    name: Literal["adam", "adamw"]
    lr: float
    batch_size: int
    epochs: int
    weight_decay: float = 0.0
    patience: int = 0
    keep: Literal["last", "best"] = "last"


@dataclass(frozen=True)
class Data:
    """The images; `checksum` is the SHA-256 of the training pixels and labels.

    `split_seed` is that of the split into training and validation images, the same for every `Config.seed`.
    Runs of older versions have None, and are split by their own seed: see `Config.split_seed`.
    """

    name: str
    train: int
    val: int
    test: int
    val_fraction: float
    binarize: Binarize
    checksum: str
    split_seed: Seed | None = None


@dataclass(frozen=True)
class Config:
    """Everything needed to train one run again.

    `device` and `precision` are the requested ones; those in use are in `versions`, which the trainer fills
    in. `origin` is EXAMPLE in a copy made by `trainer.ship`: it has no state to resume from, and no command
    changes its folder. `instead_of` is the data set that was asked for, where it could not be had.
    """

    model: Model
    objective: Objective
    optimiser: Optimiser
    data: Data
    seed: int
    precision: Precision = "auto"
    device: str = "auto"
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    created: Time = 0.0
    origin: str = "trainer"
    instead_of: str = ""

    @property
    def is_example(self) -> bool:
        """Whether the run is a shipped copy, which is read-only."""
        return self.origin == EXAMPLE

    @property
    def split_seed(self) -> int:
        """The seed that the training and validation images are split by."""
        return self.seed if self.data.split_seed is None else self.data.split_seed

    def check(self) -> None:
        """Check every value. Raises `ValueError` that names the field."""
        widths = (self.model.latent, *self.model.hidden)
        objective, is_iwae = self.objective, self.objective.bound == "iwae"
        floats = (
            *(objective.beta, objective.free_bits),
            *(self.optimiser.lr, self.optimiser.weight_decay, self.data.val_fraction),
        )
        needs_val = self.optimiser.patience > 0 or self.optimiser.keep == "best"
        counts = (self.data.train, self.data.val, self.data.test)
        rules = {
            f"model.arch must be {_choice(WEIGHT_SHAPES)}": self.model.arch in WEIGHT_SHAPES,
            f"objective.likelihood must be {_choice(LIKELIHOODS)}": self.objective.likelihood in LIKELIHOODS,
            "model.latent and model.hidden must be 1 to 65536": all(1 <= w <= MAX_WIDTH for w in widths),
            "model.hidden must name 1 to 16 layers": 1 <= len(self.model.hidden) <= 16,
            "numbers must be finite": all(math.isfinite(x) for x in floats),
            "objective.beta must be 0 or more": objective.beta >= 0,
            "objective.beta_warmup must be 0 to 1000000": 0 <= objective.beta_warmup <= 1_000_000,
            "objective.beta_cycles must be 0 to 1000000": 0 <= objective.beta_cycles <= 1_000_000,
            "objective.beta_cycles and beta_warmup exclude each other": (
                not (objective.beta_cycles and objective.beta_warmup)
            ),
            "objective.free_bits must be 0 or more": objective.free_bits >= 0,
            f"objective.samples must be 1 to {MAX_SAMPLES}, and 1 for elbo": (
                1 <= objective.samples <= (MAX_SAMPLES if is_iwae else 1)
            ),
            "objective.bound iwae needs a VAE with a constant beta of 1 and no free bits": (
                not is_iwae or (self.model.is_vae and objective.is_plain)
            ),
            "optimiser.lr must be above 0": self.optimiser.lr > 0,
            "optimiser.weight_decay must be 0 or more": self.optimiser.weight_decay >= 0,
            "optimiser.patience must be 0 to 1000000": 0 <= self.optimiser.patience <= 1_000_000,
            "optimiser.batch_size must be 1 to 1000000": 1 <= self.optimiser.batch_size <= 1_000_000,
            "optimiser.epochs must be 1 to 1000000": 1 <= self.optimiser.epochs <= 1_000_000,
            "data.val_fraction must be 0 to below 1": 0 <= self.data.val_fraction < 1,
            "patience and keeping the best need validation images": not needs_val or self.data.val > 0,
            "data sizes must be 0 to 100000000": all(0 <= n <= 10**8 for n in counts),
            "data.name must be a plain name": is_plain_name(self.data.name),
            "seed must be 0 to 4294967295": 0 <= self.seed < 1 << 32,
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(rule)

    @property
    def name(self) -> str:
        """The marks of all settings that are not the default, such as "vae-z10-b4-bce-s0-h400x200"."""
        return "".join(mark.text(self) for mark in NAME_MARKS)[1:]

    @property
    def base_name(self) -> str:
        """The run name without the settings that leave the noise as it is, so that such models compare."""
        return "".join(mark.text(self) for mark in NAME_MARKS if mark.seeds_noise)[1:]


@dataclass(frozen=True)
class NameMark:
    """The `pattern` for the setting at `path` of a configuration in the name of a run.

    It is left out where the setting has its `default`, and where a model has none: an autoencoder, or a run
    of an older version. Models get the same noise if they agree in all settings that `seeds_noise`.
    """

    path: str
    pattern: str = "-{}"
    default: object = None
    is_of_vaes: bool = False
    seeds_noise: bool = True

    def text(self, config: Config) -> str:
        """Return the mark in the name of `config`, "" where it has none."""
        is_absent = self.is_of_vaes and not config.model.is_vae
        is_written = attrgetter(self.path)(config) not in (self.default, None)
        return self.written(config) if is_written and not is_absent else ""

    def written(self, config: Config) -> str:
        """Format the value of `config`, the default as well."""
        value = attrgetter(self.path)(config)
        if isinstance(value, tuple):
            value = "x".join(map(str, value))
        return self.pattern.format(LIKELIHOODS[value].loss if value in LIKELIHOODS else value)


# In the order of the name. New marks go to the end and need a default, so that old names stay.
NAME_MARKS = (
    NameMark("model.kind"),
    NameMark("model.latent", "-z{}"),
    NameMark("objective.beta", "-b{:g}", is_of_vaes=True),
    NameMark("objective.likelihood"),
    NameMark("seed", "-s{}"),
    NameMark("model.arch", "-{}", "mlp"),
    NameMark("model.hidden", "-h{}", (400,)),
    NameMark("optimiser.batch_size", "-bs{}", 128),
    NameMark("optimiser.lr", "-lr{:g}", 1e-3),
    NameMark("data.val_fraction", "-val{:g}", 0.1),
    NameMark("optimiser.name", "-{}", "adam"),
    NameMark("data.binarize", "-{}", "none"),
    NameMark("objective.beta_warmup", "-w{}", 0),
    NameMark("optimiser.patience", "-p{}", 0, seeds_noise=False),
    NameMark("optimiser.keep", "-{}", "last", seeds_noise=False),
    NameMark("precision", "-{}", "auto", seeds_noise=False),
    NameMark("data.split_seed", "-split{}", 0, seeds_noise=False),
    NameMark("objective.free_bits", "-fb{:g}", 0.0, seeds_noise=False),
    NameMark("objective.beta_cycles", "-cyc{}", 0, seeds_noise=False),
    NameMark("objective.bound", "-{}", "elbo", seeds_noise=False),
    NameMark("objective.samples", "-k{}", 1, seeds_noise=False),
)


def _choice(names: dict[str, Any]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def mlp_weight_shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a multilayer perceptron; a layer is `x @ weight + bias`.

    Weights are (in, out), biases (out,). A VAE has a log_var head beside its mean head, an AE has not.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def layer(name: str, fan_in: int, fan_out: int) -> None:
        shapes[f"{name}.weight"] = (fan_in, fan_out)
        shapes[f"{name}.bias"] = (fan_out,)

    down = (PIXELS, *model.hidden)
    up = (model.latent, *reversed(model.hidden), PIXELS)
    for i, (fan_in, fan_out) in enumerate(itertools.pairwise(down)):
        layer(f"encoder.{i}", fan_in, fan_out)
    layer("mean", down[-1], model.latent)
    if model.is_vae:
        layer("log_var", down[-1], model.latent)
    for i, (fan_in, fan_out) in enumerate(itertools.pairwise(up)):
        layer(f"decoder.{i}", fan_in, fan_out)
    return shapes


# The weights of each architecture; `trainer.models.registry` has what is computed with them.
WEIGHT_SHAPES: dict[str, Callable[[Model], dict[str, tuple[int, ...]]]] = {"mlp": mlp_weight_shapes}


def weight_shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """Return name → shape of every weight of `model`, in the order of the computation."""
    return WEIGHT_SHAPES[model.arch](model)


def is_plain_name(name: str) -> bool:
    """Return whether `name` can be one folder, and an argument that cannot be mistaken for an option.

    Letters with their combining marks, numerals, `.`, `_`, `-`, `+`, not starting with `.`, `-` or a mark.
    """
    is_short = 0 < len(name) <= 120 and len(name.encode("utf-8", "surrogatepass")) <= 255
    return (
        is_short
        and (name[0].isalnum() or name[0] in "_+")
        and all(c.isalnum() or c in "._-+" or unicodedata.category(c)[0] == "M" for c in name)
    )


def read_config(run: Path) -> Config:
    """Read the configuration of `run`. Raises `Problem` (missing, damaged, or of a newer schema)."""
    path = run / CONFIG
    text = read_bounded(path, MAX_JSON_BYTES)
    try:
        raw = load_json(text)
    except ValueError as error:
        raise DamagedFile(path, str(error)) from None
    schema = raw.get("schema", SCHEMA) if isinstance(raw, dict) else SCHEMA
    if type(schema) is not int or schema > SCHEMA:
        raise Problem(
            f"{clean(str(path))} has schema {clean(repr(schema), 20)}, this vaetui reads up to {SCHEMA}: "
            "update vaetui"
        )
    return parse(Config, text, path, Config.check)


def write_config(run: Path, config: Config) -> None:
    """Write config.json. Raises `OSError` where the folder cannot be written."""
    config.check()
    write_json(run / CONFIG, {"schema": SCHEMA, **config_values(config)}, durable=True)


def config_values(config: Config) -> dict[str, Any]:
    """Return `config` as in config.json, without what older files lack: the architecture "mlp", no split."""
    values = dataclasses.asdict(config)
    if values["model"]["arch"] == "mlp":
        del values["model"]["arch"]
    if values["data"]["split_seed"] is None:
        del values["data"]["split_seed"]
    return values
