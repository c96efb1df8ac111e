"""The run directory: the one contract between the trainer and everything that reads its results.

Standard library, numpy and safetensors only, so that the app can import it without PyTorch.
Whatever is read here may come from a stranger: sizes are bounded before anything is allocated,
values are checked against the configuration, and a file that does not fit raises `Problem`.

    <runs>/<dataset>/<name>/
        config.json            `Config`, written first; enough to train the run again
        status.json            `Status`, replaced at most four times a second
        metrics.jsonl          one `Epoch` a line
        model.safetensors      the weights of one model, named and shaped as in `weight_shapes`
        state.safetensors      what resuming needs: weights, Adam moments, the tally of a half epoch, and
                               the settings that all of it was trained with
        latents.safetensors    test posterior: mean, log_var (images, latent), labels and distortion (images,)
        timeline.safetensors   per epoch: reconstructed probes and decoded prior draws, uint8
        evaluation.json        test figures with their protocol, and what `vaetui evaluate` adds
        run.lock, train.log
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from trainer.contract.evaluation import CLASSES, Count, Figure, Marginal, Quality, Seed
from trainer.contract.files import (
    MAX_JSON_BYTES,
    DamagedFile,
    MissingFile,
    Problem,
    append_bytes,
    clean,
    json_bytes,
    load_json,
    read_bounded,
    write_bytes,
    write_json,
)
from trainer.contract.lock import LOCK as LOCK
from trainer.contract.lock import hold as hold
from trainer.contract.lock import is_alive as is_alive
from trainer.contract.values import Between, parse

SCHEMA = 1
PIXELS = 28 * 28
PROBES, DRAWS, MOST_FRAMES = 20, 16, 200  # of a timeline: images a frame, and about how many frames

CONFIG, STATUS, METRICS = "config.json", "status.json", "metrics.jsonl"
MODEL, STATE = "model.safetensors", "state.safetensors"
LATENTS, TIMELINE, EVALUATION = "latents.safetensors", "timeline.safetensors", "evaluation.json"
LOG = "train.log"
TRAINED, EXAMPLE = "trainer", "example"  # who wrote a run
EXAMPLES = "examples"  # the folder of the shipped runs, where no training writes


MAX_EPOCHS = 1_000_000
MAX_WIDTH = 1 << 16

# What a number that is read may be; `Config.check` bounds those of a configuration.
EpochNumber = Annotated[int, Between(0, MAX_EPOCHS)]
Units = Annotated[int, Between(0, MAX_WIDTH)]
Seconds = Annotated[float, Between(0, 1e10)]
Share = Annotated[float, Between(0, 1)]
Time = Annotated[float, Between(0, 1e11)]  # seconds since 1970, up to the year 5138
Pid = Annotated[int, Between(0, (1 << 31) - 1)]

State = Literal["queued", "running", "stopped", "failed", "finished"]
Binarize = Literal["none", "dynamic", "fixed"]
Precision = Literal["auto", "fp32", "tf32", "bf16"]


# --- values -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """The shape of one autoencoder: PIXELS → hidden… → latent → …hidden reversed → PIXELS, ReLU between."""

    kind: Literal["vae", "ae"]
    latent: int
    hidden: tuple[int, ...]

    @property
    def is_vae(self) -> bool:
        """Whether it has a posterior, and so a rate and an ELBO; an autoencoder's code is a point."""
        return self.kind == "vae"


@dataclass(frozen=True)
class Objective:
    """distortion + beta · rate, in nats per image; an autoencoder has no rate and its beta is 0.

    Over the first `beta_warmup` epochs the rate's weight rises from 0 to `beta`, a little each step.
    """

    likelihood: Literal["bernoulli", "gaussian"]
    beta: float
    beta_warmup: int = 0


@dataclass(frozen=True)
class Optimiser:
    """How the weights are moved, for how long, and which of them are kept.

    With a `patience` of p epochs a model whose validation ELBO has not improved for p epochs ends early; 0 is
    never. `keep`: the weights of the last epoch, or of the one with the best validation ELBO.
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
    """Which images; `checksum` is the SHA-256 of the training pixels and labels that were trained on."""

    name: str
    train: int
    val: int
    test: int
    val_fraction: float
    binarize: Binarize
    checksum: str


@dataclass(frozen=True)
class Config:
    """Everything needed to train one run again.

    `device` and `precision` are what was asked for; what they came to is in `versions`, which the trainer
    fills in. `origin` is EXAMPLE in a copy that `trainer.ship` made: it has no state to resume from, and no
    command changes its folder.
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
    origin: str = TRAINED

    @property
    def is_example(self) -> bool:
        """Whether the run is a shipped copy, which is only looked at."""
        return self.origin == EXAMPLE

    def check(self) -> None:
        """Bound every number. Raises `ValueError` that names the field."""
        widths = (self.model.latent, *self.model.hidden)
        floats = (
            self.objective.beta,
            self.optimiser.lr,
            self.optimiser.weight_decay,
            self.data.val_fraction,
        )
        judged = self.optimiser.patience > 0 or self.optimiser.keep == "best"
        counts = (self.data.train, self.data.val, self.data.test)
        rules = {
            "model.latent and model.hidden must be 1 to 65536": all(1 <= w <= MAX_WIDTH for w in widths),
            "model.hidden must name 1 to 16 layers": 1 <= len(self.model.hidden) <= 16,
            "numbers must be finite": all(math.isfinite(x) for x in floats),
            "objective.beta must be 0 or more": self.objective.beta >= 0,
            "objective.beta_warmup must be 0 to 1000000": 0 <= self.objective.beta_warmup <= 1_000_000,
            "optimiser.lr must be above 0": self.optimiser.lr > 0,
            "optimiser.weight_decay must be 0 or more": self.optimiser.weight_decay >= 0,
            "optimiser.patience must be 0 to 1000000": 0 <= self.optimiser.patience <= 1_000_000,
            "optimiser.batch_size must be 1 to 1000000": 1 <= self.optimiser.batch_size <= 1_000_000,
            "optimiser.epochs must be 1 to 1000000": 1 <= self.optimiser.epochs <= 1_000_000,
            "data.val_fraction must be 0 to below 1": 0 <= self.data.val_fraction < 1,
            "patience and keeping the best need validation images": not judged or self.data.val > 0,
            "data sizes must be 0 to 100000000": all(0 <= n <= 10**8 for n in counts),
            "data.name must be a plain name": is_plain_name(self.data.name),
            "seed must be 0 to 4294967295": 0 <= self.seed < 1 << 32,
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(rule)

    @property
    def name(self) -> str:
        """Kind, latent size, β, likelihood and seed, then each setting that is not the default."""
        marks = {
            f"-p{self.optimiser.patience}": self.optimiser.patience > 0,
            f"-{self.optimiser.keep}": self.optimiser.keep != "last",
            f"-{self.precision}": self.precision != "auto",
        }
        return self.course + "".join(mark for mark, given in marks.items() if given)

    @property
    def course(self) -> str:
        """The part of the name that tells what is trained, not when it ends or how exactly it is computed.

        Models of one course draw the same noise, so that they compare.
        """
        loss = {"bernoulli": "bce", "gaussian": "mse"}[self.objective.likelihood]
        beta = f"-b{self.objective.beta:g}" if self.model.is_vae else ""
        marks = {
            f"-h{'x'.join(map(str, self.model.hidden))}": self.model.hidden != (400,),
            f"-bs{self.optimiser.batch_size}": self.optimiser.batch_size != 128,
            f"-lr{self.optimiser.lr:g}": self.optimiser.lr != 1e-3,
            f"-val{self.data.val_fraction:g}": self.data.val_fraction != 0.1,
            f"-{self.optimiser.name}": self.optimiser.name != "adam",
            f"-{self.data.binarize}": self.data.binarize != "none",
            f"-w{self.objective.beta_warmup}": self.objective.beta_warmup > 0,
        }
        other = "".join(mark for mark, given in marks.items() if given)
        return f"{self.model.kind}-z{self.model.latent}{beta}-{loss}-s{self.seed}{other}"


@dataclass(frozen=True)
class Status:
    """How far a run is. Whether it is alive is told by its lock (`is_alive`), not by this.

    `early`: it finished before its last epoch, as its patience was at an end.
    """

    state: State
    epoch: EpochNumber
    epochs: EpochNumber
    progress: Share = 0.0
    images_per_second: Figure = 0.0
    error: str = ""
    pid: Pid = 0
    host: str = ""
    updated: Time = 0.0
    early: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over images: distortion, rate and ELBO in nats per image, squared error per pixel.

    All at one posterior draw per image; an autoencoder has no posterior, so at its code.
    """

    distortion: Figure
    rate: Figure
    elbo: Figure
    mse: Figure


@dataclass(frozen=True, slots=True)
class Epoch:
    """One line of metrics.jsonl.

    `train` is the running mean over the epoch's own steps, one posterior draw an image; `val` is measured at
    the epoch's end, one draw an image, or None without a validation split. `kl_per_dim` (nats, one a latent
    dimension) and `active_units` come from the validation images, else from the epoch's own steps.
    """

    epoch: Annotated[int, Between(1, MAX_EPOCHS)]
    train: Figures
    val: Figures | None
    active_units: Units
    kl_per_dim: tuple[Figure, ...]
    seconds: Seconds

    def check(self, model: Model) -> None:
        """Raises `ValueError` where it is not of a model of this shape."""
        _check_dimensions(model, self.kl_per_dim, self.active_units)

    @property
    def held_out(self) -> Figures:
        """The figures to judge by: validation, or training where nothing was held out."""
        return self.val or self.train


@dataclass(frozen=True)
class Evaluation:
    """Test figures and how they were measured.

    `figures.mse` is measured at one posterior draw per image, `mse_posterior_mean` at the posterior mean: the
    mean squared error per pixel of what is shown as the reconstruction. None in files of older versions.

    `weights`, `marginal` and `quality` come from `vaetui evaluate`: `weights` is the checksum of the
    model.safetensors that was measured, "" where the trainer measured what it had in memory.
    """

    figures: Figures
    active_units: Units
    kl_per_dim: tuple[Figure, ...]
    per_class_distortion: dict[str, Figure]
    per_class_mse: dict[str, Figure]
    split: str
    images: Count
    posterior_draws: Count
    binarize: str
    likelihood: str
    seed: Seed
    epoch: EpochNumber
    precision: str
    weights: str = ""
    marginal: Marginal | None = None
    quality: Quality | None = None
    mse_posterior_mean: Figure | None = None

    def check(self, model: Model | None) -> None:
        """Raises `ValueError` where its parts do not agree, or it is not of a `model` of this shape."""
        for name, classes in (("distortion", self.per_class_distortion), ("mse", self.per_class_mse)):
            if not classes.keys() <= set(map(str, range(CLASSES))):
                raise ValueError(f"per_class_{name} is of other classes than 0 to {CLASSES - 1}")
        if self.quality is not None:
            self.quality.check()
        if model is not None:
            _check_dimensions(model, self.kl_per_dim, self.active_units)


def _check_dimensions(model: Model, kl_per_dim: tuple[float, ...], active_units: int) -> None:
    if len(kl_per_dim) != model.latent:
        raise ValueError(f"kl_per_dim has {len(kl_per_dim)} values, the model {model.latent} dimensions")
    if active_units > model.latent:
        raise ValueError(f"active_units is {active_units}, the model has {model.latent} dimensions")


def weight_shapes(model: Model) -> dict[str, tuple[int, ...]]:
    """Name → shape of every weight, in the order of the computation; a layer is `x @ weight + bias`.

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


def is_plain_name(name: str) -> bool:
    """Return whether `name` can be one folder, and an argument that is not taken for an option.

    Letters with the marks that belong to them, digits, `.`, `_`, `-`, `+`, not starting with a dot, a dash or
    a mark.
    """
    is_short = 0 < len(name) <= 120 and len(name.encode("utf-8", "surrogatepass")) <= 255
    return (
        is_short
        and (name[0].isalnum() or name[0] in "_+")
        and all(c.isalnum() or c in "._-+" or unicodedata.category(c)[0] == "M" for c in name)
    )


# --- JSON -------------------------------------------------------------------------------------------


def read_config(run: Path) -> Config:
    """The configuration of `run`. Raises `Problem` (missing, damaged, or of a newer schema)."""
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
    config: Config = parse(Config, text, path)
    try:
        config.check()
    except ValueError as error:
        raise DamagedFile(path, str(error)) from None
    return config


def write_config(run: Path, config: Config) -> None:
    """Write config.json. Raises `OSError` where the folder cannot be written."""
    config.check()
    write_json(run / CONFIG, {"schema": SCHEMA, **dataclasses.asdict(config)}, durable=True)


def read_status(run: Path) -> Status:
    """The status of `run`. Raises `Problem`."""
    status: Status = parse(Status, read_bounded(run / STATUS, MAX_JSON_BYTES), run / STATUS)
    return status


def write_status(run: Path, status: Status) -> None:
    """Replace status.json, stamped with the time; not synced to disk, since it is only news."""
    stamped = dataclasses.replace(status, updated=time.time())
    write_json(run / STATUS, dataclasses.asdict(stamped), durable=False)


def read_evaluation(run: Path, model: Model | None = None) -> Evaluation:
    """The test figures of `run`, held against its `model` where that is given. Raises `Problem`."""
    path = run / EVALUATION
    evaluation: Evaluation = parse(Evaluation, read_bounded(path, MAX_JSON_BYTES), path)
    try:
        evaluation.check(model)
    except ValueError as error:
        raise DamagedFile(path, str(error)) from None
    return evaluation


def write_evaluation(run: Path, evaluation: Evaluation) -> None:
    """Write evaluation.json."""
    write_bytes(run / EVALUATION, evaluation_bytes(evaluation))


def evaluation_bytes(evaluation: Evaluation) -> bytes:
    """Return the content of evaluation.json. Raises `ValueError` for figures that are not finite."""
    return json_bytes(dataclasses.asdict(evaluation))


def parse_epoch(line: bytes, path: Path, model: Model | None = None) -> Epoch:
    """One line of metrics.jsonl, held against the run's `model` where given. Raises `DamagedFile`."""
    epoch: Epoch = parse(Epoch, line, path)
    try:
        if model is not None:
            epoch.check(model)
    except ValueError as error:
        raise DamagedFile(path, f"epoch {epoch.epoch}: {error}") from None
    return epoch


def append_epoch(run: Path, epoch: Epoch) -> None:
    """Append one line to metrics.jsonl, whole or not at all. Raises `OSError`."""
    append_epochs(run, [epoch])


def append_epochs(run: Path, epochs: Sequence[Epoch]) -> None:
    """Append a line each to metrics.jsonl, all of them or none. Raises `OSError`."""
    rows = (json.dumps(dataclasses.asdict(one), allow_nan=False, separators=(",", ":")) for one in epochs)
    append_bytes(run / METRICS, "".join(f"{row}\n" for row in rows).encode())


def read_epochs(run: Path) -> list[Epoch]:
    """All whole lines of metrics.jsonl, oldest first; empty where there is no file yet."""
    path = run / METRICS
    try:
        whole = read_bounded(path, 64 * MAX_JSON_BYTES).rpartition(b"\n")[0]
    except MissingFile:
        return []
    return [parse_epoch(line, path) for line in whole.splitlines() if line.strip()]


def keep_epochs(run: Path, last: int, model: Model | None = None) -> list[Epoch]:
    """Drop the lines of metrics.jsonl after epoch `last`, which a resumed run writes again; what is left.

    They are not looked at: a crash or a full disk may have torn them. Raises `Problem` for a damaged line
    before them, and `OSError`.
    """
    path = run / METRICS
    try:
        found = read_bounded(path, 64 * MAX_JSON_BYTES)
    except MissingFile:
        found = b""
    whole = found[: found.rfind(b"\n") + 1]
    epochs: list[Epoch] = []
    lines: list[bytes] = []
    for line in whole.splitlines(keepends=True):
        if last == 0 or (epochs and epochs[-1].epoch >= last):
            break
        if line.strip():
            epochs.append(parse_epoch(line, path, model))
            lines.append(line)
    if epochs and epochs[-1].epoch > last:
        del epochs[-1], lines[-1]
    kept = b"".join(lines)
    if kept != found:
        write_bytes(path, kept)
    return epochs


def is_run(folder: Path) -> bool:
    """Whether `folder` is a run directory: one with a config.json, whatever that is. Raises `OSError`."""
    try:
        (folder / CONFIG).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
