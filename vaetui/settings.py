"""The one table of training settings: how each is spelled, read, explained, stored and displayed.

`vaetui train --help`, the train dialog, commands to copy, `ls`, the sidebar, families, reports and messages
are made from it; run names from `trainer.contract.config.NAME_MARKS`. `--help` imports it, so it imports
nothing slow.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from trainer.contract.datasets.names import NAMES
from trainer.contract.likelihoods import LIKELIHOODS
from vaetui.format import alternatives, plural, thousands

if TYPE_CHECKING:
    from trainer.contract.config import Config

Kind = Literal["vae", "ae"]
Keep = Literal["last", "best"]
Read = Callable[[str], Any]
Words = Callable[[], Mapping[str, str]]  # the words of a choice, each with its value

DEVICES = ("auto", "cuda", "mps", "cpu")
# Pixel values of the images, and which weights were kept, in the protocol of figures.
PIXEL_TEXTS: Mapping[str, str] = {
    "none": "grey levels",
    "dynamic": "dynamic binarization",
    "fixed": "fixed binarization",
}
KEPT_WEIGHTS_TEXTS: Mapping[Keep, str] = {
    "last": "weights of the last epoch",
    "best": "weights of the best epoch by validation ELBO",
}
WEIGHT_DECAY: Mapping[str, float] = {"adam": 0.0, "adamw": 0.01}  # PyTorch's defaults
SYMBOLS = ("z", "β")  # heads that are written as an equation
MAX_WIDTH = 1 << 16
MAX_COUNT = 1_000_000
MAX_MODELS = 1000
MAX_SAMPLES = 1000


# --- readers: parse an option's text, or raise an empty `ValueError`; `Setting.accepted` explains it ----


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
        return abs(value)  # -0 becomes 0, in names too

    return read


def _one_of(choices: Words) -> Read:
    def read(text: str) -> str:
        values = choices()
        if text.strip() not in values:
            raise ValueError
        return values[text.strip()]

    return read


def words(*texts: str) -> Words:
    """Return the words of a choice whose values are the words themselves."""
    return lambda: {text: text for text in texts}


def _datasets() -> Mapping[str, str]:
    return {name: name for name in ("auto", *NAMES)}


def _losses() -> Mapping[str, str]:
    return {row.loss: row.name for row in LIKELIHOODS.values()}


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


# --- formatters: a value of a configuration as text on screens and in reports -----------------------------


def losses_text(likelihoods: Iterable[str]) -> str:
    """Explain the `--loss` of likelihoods."""
    return "; ".join(f"{LIKELIHOODS[name].loss}: {LIKELIHOODS[name].description}" for name in likelihoods)


def loss_of(likelihood: str) -> str:
    """Return the `--loss` of a likelihood."""
    return LIKELIHOODS[likelihood].loss


def distinct_texts(one: Any, other: Any) -> tuple[str, str]:
    """Format two values with as few digits as distinguish them, such as "0.001" and "0.00100001"."""
    for length in range(6, 18):
        texts = tuple(_short(value, length) for value in (one, other))
        if texts[0] != texts[1]:
            break
    return texts[0], texts[1]


def _short(value: Any, length: int) -> str:
    """Format a number with `length` digits, or cut a text to four times as many characters."""
    from trainer.contract.files import clean

    return clean(f"{value:.{length}g}" if isinstance(value, float) else str(value), 4 * length)


# --- the table ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """One training setting, or (without `option`) a value of the configuration that follows from others.

    `panel` to `read` belong to `train --OPTION` and the train dialog; `path` is where the value is in a
    `Config` ("" if it is not stored); `label`, `head` (of a column, or before a value among others) and
    `text_of` display it; `json` is its key in `ls --json`.
    """

    path: str
    label: str
    panel: str = ""
    option: str = ""
    default: str = ""
    metavar: str = ""
    help: str = ""
    takes: str = ""
    words: Words = dict
    read: Read = str
    head: str = ""
    text_of: Callable[[Any], str] = str
    json: str = ""
    loop: int = 0  # of a list that spans the grid: the number of its nested loop, 1 is the outermost
    is_of_vaes: bool = False
    without_rate: Any = 0  # the value that an autoencoder has of a setting of VAEs
    is_requested: bool = False  # may be "auto"; the value in use is then in `Config.versions`
    in_use: str = ""  # where the value in use is in a `Config`, if older runs lack the one at `path`
    parts_families: bool = False  # runs that differ in it are not compared cell by cell
    may_change: bool = False  # a run resumes with another value
    hides_default: bool = False  # displayed only where it is not the default
    in_sidebar: bool = False  # even where it is the default
    in_report: bool = False  # in the table of hyperparameters, even where it is the default
    ls_drop: int = 0  # of a column of `ls`: the order in which narrow terminals leave columns out

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the words that it takes, () where it takes other texts."""
        return tuple(self.words())

    @property
    def placeholder(self) -> str:
        """Return the placeholder of its value in help."""
        return self.metavar or "|".join(self.choices)

    @property
    def accepted(self) -> str:
        """Return a description of the texts that it takes."""
        return self.takes or alternatives(self.choices)

    def accepts(self, text: str) -> bool:
        """Return whether `text` can be read."""
        try:
            self.read(text)
        except ValueError:
            return False
        return True

    def is_default(self, text: str) -> bool:
        """Return whether `text` means the default."""
        return self.accepts(text) and bool(self.read(text) == self.read(self.default))

    def applies(self, config: Config) -> bool:
        """Return whether a model has it: an autoencoder has no rate."""
        return config.model.is_vae or not self.is_of_vaes

    def value(self, config: Config) -> Any:
        """Return its value in `config`; the default where an older run lacks it."""
        found = attrgetter(self.path)(config)
        return self.read(self.default) if found is None else found

    def result(self, config: Config) -> Any:
        """Return the value in use; of one that may be "auto", once the trainer has recorded that."""
        value = attrgetter(self.in_use)(config) if self.in_use else self.value(config)
        return config.versions.get(self.option, value) if self.is_requested else value

    def text(self, config: Config) -> str:
        """Format its value for screens and reports, "" where a model does not have it."""
        return self.text_of(self.result(config)) if self.applies(config) else ""

    @property
    def heading(self) -> str:
        """Return the heading of its column in tables."""
        return self.head or self.label

    def shown_text(self, config: Config, *, is_always: bool) -> str:
        """Format as `text`; "" for a default that is hidden, and for what is not shown always."""
        return self.text(config) if is_always or (self.hides_default and self.tag(config)) else ""

    def difference(self, config: Config, other: Config) -> str:
        """Say how two configurations differ in it, such as "seed 0, not 1"; "" where they do not."""
        values = self.value(config), self.value(other)
        if values[0] == values[1]:
            return ""
        one, two = distinct_texts(*(v if isinstance(v, float) else self.text_of(v) for v in values))
        return f"{self.label} {one}, not {two}"

    def tag(self, config: Config) -> str:
        """Format its value among those of other settings, such as "batch 128"; "" for a hidden default."""
        return self.tag_of(self.result(config)) if self.applies(config) else ""

    def spelled(self, config: Config) -> str:
        """Format its value in a legend or sentence: "z = 10", "learning rate 0.001"; "" where `tag` is."""
        if not self.tag(config):
            return ""
        name = f"{self.head} =" if self.head in SYMBOLS else self.label
        return f"{name} {self.text(config)}"

    def tag_of(self, value: Any) -> str:
        """Format a value as `tag` does."""
        if self.hides_default and self._is_default_value(value):
            return ""
        return f"{self.head} {self.text_of(value)}".strip()

    def _is_default_value(self, value: Any) -> bool:
        """Return whether a model has `value` by default: nothing or 0 if it is not an option."""
        if not self.default:
            return not value
        default = self.read(self.default)
        return bool(value == (default[0] if self.loop else default))

    def command_text(self, config: Config) -> str:
        """Format its value as `train --OPTION` takes it, the default as written in the table."""
        value = loss_of(config.objective.likelihood) if self.option == "loss" else self.value(config)
        if isinstance(value, tuple):
            text = ",".join(map(str, value))
        elif isinstance(value, float) and float(f"{value:g}") == value:
            text = f"{value:g}"
        else:
            text = str(value)
        return self.default if not self.applies(config) or self.is_default(text) else text


def choice(path: str, label: str, panel: str, option: str, choices: Words, **more: Any) -> Setting:
    """Make the row of a setting that is one of a few words; the first is the default.

    The words are looked up at each use, since datasets and likelihoods can be registered.
    """
    default = next(iter(choices()))
    return Setting(path, label, panel, option, default, words=choices, read=_one_of(choices), **more)


MODEL, OBJECTIVE, TRAINING, IMAGES, WHERE = "Model", "Objective", "Training", "Images", "Where and how"

# In the order of `train --help`; the rows without an option follow from others or from the dataset.
# fmt: off
ROWS: tuple[Setting, ...] = (
    Setting("model.latent", "latent size", MODEL, "latent", "10", "LIST",
        help="Latent sizes, such as 2,5,10,20.",
        takes=f"whole numbers from 1 to {MAX_WIDTH}, separated by commas", read=_each(_whole(1, MAX_WIDTH)),
        head="z", json="latent", loop=5, ls_drop=7, in_report=True),
    Setting("model.kind", "kind", MODEL, "kind", "vae", "LIST",
        help="vae, ae (plain autoencoder) or both: vae,ae.", takes="vae, ae or vae,ae",
        read=_each(_one_of(words("vae", "ae"))),
        text_of=str.upper, json="kind", loop=4, ls_drop=9, in_report=True),
    Setting("model.hidden", "hidden widths", MODEL, "hidden", "400", "WIDTHS",
        help="Widths of the encoder's hidden layers, such as 400,200; the decoder mirrors them.",
        takes=f"1 to 16 whole numbers from 1 to {MAX_WIDTH}, separated by commas",
        read=_each(_whole(1, MAX_WIDTH), 16, distinct=False),
        text_of=lambda widths: "×".join(map(str, widths)), json="hidden",
        parts_families=True, in_sidebar=True, in_report=True),
    Setting("model.arch", "architecture", default="mlp", parts_families=True, hides_default=True),
    Setting("objective.beta", "β", OBJECTIVE, "beta", "1", "LIST",
        help="Weights β of the rate, such as 0,1,4; unused by a plain autoencoder.",
        takes="numbers of 0 or more, separated by commas", read=_each(_number(lambda beta: beta >= 0)),
        head="β", text_of="{:g}".format, json="beta", loop=6, is_of_vaes=True, ls_drop=8, in_report=True),
    Setting("objective.beta_warmup", "β warm-up", OBJECTIVE, "beta-warmup", "0", "EPOCHS",
        help="Epochs over which the weight of the rate rises from 0 to β.",
        takes=f"a whole number from 0 to {MAX_COUNT}", read=_whole(0, MAX_COUNT),
        head="warm-up", text_of=lambda count: plural(count, "epoch"), json="beta_warmup",
        is_of_vaes=True, parts_families=True, hides_default=True),
    Setting("objective.beta_cycles", "β cycles", OBJECTIVE, "beta-cycles", "0", "N",
        help="Cycles of β over all epochs: in the first half of each it rises from 0 to β (0: constant β).",
        takes=f"a whole number from 0 to {MAX_COUNT}", read=_whole(0, MAX_COUNT),
        head="β cycles", json="beta_cycles",
        is_of_vaes=True, parts_families=True, hides_default=True),
    Setting("objective.free_bits", "free bits", OBJECTIVE, "free-bits", "0", "NATS",
        help="Free bits: in training a latent dimension's rate counts as at least so many nats (0: off).",
        takes="a number of 0 or more", read=_number(lambda nats: nats >= 0),
        head="free bits", text_of="{:g}".format, json="free_bits",
        is_of_vaes=True, parts_families=True, hides_default=True),
    choice("objective.bound", "objective", OBJECTIVE, "objective", words("elbo", "iwae"),
        help="Bound to maximise: elbo, or iwae, the importance-weighted bound of --samples posterior samples "
             "per image (VAEs with β 1). Metrics are terms of the ELBO at one sample either way.",
        text_of=str.upper, json="objective",
        is_of_vaes=True, without_rate="elbo", parts_families=True, hides_default=True),
    Setting("objective.samples", "samples", OBJECTIVE, "samples", "1", "K",
        help="Posterior samples per image in training, with --objective iwae, such as 5.",
        takes=f"a whole number from 1 to {MAX_SAMPLES}", read=_whole(1, MAX_SAMPLES),
        head="samples", json="samples",
        is_of_vaes=True, without_rate=1, parts_families=True, hides_default=True),
    choice("objective.likelihood", "loss", OBJECTIVE, "loss", _losses,
        help=f"{losses_text(LIKELIHOODS)}; summed over pixels.",
        text_of=loss_of, json="likelihood", parts_families=True, in_sidebar=True, in_report=True),
    choice("optimiser.name", "optimizer", TRAINING, "optimizer", words(*WEIGHT_DECAY),
        help=f"adamw also decays the weights, by {WEIGHT_DECAY['adamw']:g} × the learning rate in each step.",
        json="optimiser", parts_families=True, hides_default=True, in_sidebar=True, in_report=True),
    Setting("optimiser.weight_decay", "weight decay",
        head="decay", text_of="{:g}".format, json="weight_decay", hides_default=True),
    Setting("optimiser.lr", "learning rate", TRAINING, "lr", "1e-3", "LIST",
        help="Learning rates, such as 1e-3,3e-4.", takes="numbers above 0, such as 1e-3, separated by commas",
        read=_each(_number(lambda lr: lr > 0)),
        head="lr", text_of="{:g}".format, json="lr", loop=3,
        parts_families=True, in_sidebar=True, in_report=True),
    Setting("optimiser.batch_size", "batch size", TRAINING, "batch-size", "128", "LIST",
        help="Images per training step.", takes=f"whole numbers from 1 to {MAX_COUNT}, separated by commas",
        read=_each(_whole(1, MAX_COUNT)),
        head="batch", json="batch_size", loop=1, parts_families=True, in_sidebar=True, in_report=True),
    Setting("optimiser.epochs", "epochs", TRAINING, "epochs", "50", "N",
        help="Number of epochs; raise it to continue a finished run.",
        takes=f"a whole number from 1 to {MAX_COUNT}", read=_whole(1, MAX_COUNT),
        head="epochs", may_change=True),
    Setting("optimiser.patience", "patience", TRAINING, "patience", "0", "EPOCHS",
        help="Early stopping: epochs without improvement of validation ELBO (0: off).",
        takes=f"a whole number from 0 to {MAX_COUNT}", read=_whole(0, MAX_COUNT),
        head="patience", text_of=lambda count: plural(count, "epoch"), json="patience",
        parts_families=True, hides_default=True),
    choice("optimiser.keep", "kept weights", TRAINING, "keep", words("last", "best"),
        help="Keep the weights of the last epoch, or of the one with the best validation ELBO.",
        head="keep", json="keep", parts_families=True, hides_default=True),
    Setting("seed", "seed", TRAINING, "seed", "0", "LIST",
        help="Random seeds of weights, order of images and noise, such as 0,1,2.",
        takes="whole numbers from 0 to 4294967295, separated by commas", read=_each(_whole(0, (1 << 32) - 1)),
        head="seed", json="seed", loop=2, in_report=True),
    choice("precision", "precision", TRAINING, "precision", words("auto", "fp32", "tf32", "bf16"),
        help="Precision of matrix products in training: auto is the fastest that is safe on the device, tf32 "
             "is for CUDA only. Figures are always measured in fp32.",
        json="precision", is_requested=True, in_sidebar=True, in_report=True),
    choice("data.name", "dataset", IMAGES, "dataset", _datasets,
        help="auto is MNIST if it is on disk or can be downloaded, else the digits of scikit-learn.",
        json="dataset", parts_families=True),
    choice("data.binarize", "input", IMAGES, "binarize", words("none", "dynamic", "fixed"),
        help="none keeps grey levels; dynamic samples black or white anew every epoch, fixed once.",
        text_of=PIXEL_TEXTS.__getitem__, json="binarize", parts_families=True, hides_default=True,
        in_sidebar=True),
    Setting("data.val_fraction", "validation fraction", IMAGES, "val-fraction", "0.1", "PART",
        help="Fraction of the training images held out for validation.", takes="a number from 0 to below 1",
        read=_number(lambda part: 0 <= part < 1),
        head="val", text_of="{:g}".format, json="val_fraction", parts_families=True, hides_default=True),
    Setting("data.split_seed", "split seed", IMAGES, "split-seed", "0", "N",
        help="Random seed of the split into training and validation images, the same for every --seed.",
        takes="a whole number from 0 to 4294967295", read=_whole(0, (1 << 32) - 1),
        head="split", json="split_seed", in_use="split_seed", parts_families=True, hides_default=True),
    Setting("data.train", "training images",
        text_of=thousands, may_change=True, in_sidebar=True, in_report=True),
    Setting("data.val", "validation images",
        text_of=thousands, may_change=True, in_report=True),
    Setting("data.test", "test images",
        text_of=thousands, may_change=True),
    Setting("data.checksum", "dataset checksum",
        head="data", text_of=lambda checksum: checksum[:6], parts_families=True),
    choice("device", "device", WHERE, "device", words(*DEVICES),
        help="auto is the GPU if there is one.",
        is_requested=True, may_change=True, in_sidebar=True, json="device"),
    Setting("", "name", WHERE, "name", "", "NAME",
        help="Name of the run instead of one made from its settings; for a grid, the prefix of all names.",
        takes="letters, digits and . _ - +, 120 at most, not starting with a dot or a dash", read=_name,
        may_change=True),
)
# fmt: on
SETTINGS: Mapping[str, Setting] = {row.option: row for row in ROWS if row.option}
STORED = tuple(row for row in ROWS if row.path)
# Paths of a configuration that no row is about: where a run came from, not how it is trained.
PROVENANCE = ("versions", "created", "origin", "instead_of")

# Keys of `ls --json` in their order since the first version; those of other rows follow.
_FIRST_KEYS = (
    *("dataset", "origin", "binarize", "kind", "latent", "beta", "beta_warmup", "likelihood", "hidden"),
    *("optimiser", "lr", "weight_decay", "batch_size", "patience", "keep", "val_fraction", "seed"),
    *("precision", "device"),
)
JSON_KEYS = tuple(dict.fromkeys((*_FIRST_KEYS, *(row.json for row in ROWS if row.json))))

# The settings that names and titles of runs begin with; the other rows follow in their order.
_FIRST_IN_TITLES = ("dataset", "loss", "hidden", "seed", "lr", "batch-size", "optimizer")
# The settings that tell runs of one latent size and β apart; runs that differ in the seed only are one model.
TELLING_ROWS = tuple(
    dict.fromkeys((*map(SETTINGS.__getitem__, _FIRST_IN_TITLES), *(r for r in ROWS if r.parts_families)))
)
FAMILY_ROWS = tuple(row for row in TELLING_ROWS if row.parts_families)


def json_values(config: Config) -> dict[str, Any]:
    """Return the settings for programs, by JSON key; None where an autoencoder has none."""
    values = {row.json: row.result(config) if row.applies(config) else None for row in ROWS if row.json}
    return {key: config.origin if key == "origin" else values[key] for key in JSON_KEYS}


def differing_rows(configs: Sequence[Config], rows: Iterable[Setting]) -> list[Setting]:
    """Return those `rows` in which `configs` differ; a model that has no such setting takes no part."""
    return [row for row in rows if len({row.tag(c) for c in configs if row.applies(c)}) > 1]


def differences(configs: Sequence[Config], rows: Iterable[Setting]) -> list[list[str]]:
    """Return for each of `configs` the tags of those `rows` in which they differ, such as "batch 128"."""
    differing = differing_rows(configs, rows)
    return [[tag for row in differing if (tag := row.tag(config))] for config in configs]
