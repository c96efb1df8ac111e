"""One trained autoencoder in numpy: encode, decode, and what an image costs in nats.

A layer is `x @ weight + bias`, ReLU between layers, all in float32; names and shapes are those of
`trainer.contract.run_dir.weight_shapes`. A digit is three matrix products, so nothing here needs PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from trainer.contract.config import Config, weight_shapes
from trainer.contract.files import DamagedFile, MissingFile, Problem, clean
from trainer.contract.run_dir import MODEL
from trainer.contract.tensors import Tensors, read_tensors
from vaetui.arrays import Floats

Layer = tuple[Floats, Floats]

# What the nats of `Vae.nats` are, for captions; those of a Gaussian leave its constant out.
COSTS = {"bernoulli": "−log p(x|z)", "gaussian": "squared error, variance 1/2"}

# What values and log-variances are kept within, so that squares and sums of them stay in float32.
MAX_VALUE, MAX_LOG_VAR = np.float32(1e15), np.float32(60)

MAX_WEIGHTS = 100_000_000  # 400 MB in float32; the usual model has 0.65 million
_SLACK = 1 << 21  # bytes that a header may add to the weights


@dataclass(frozen=True, eq=False)
class Posterior:
    """q(z|x) of a batch: `mean` and `log_var`, both `(batch, latent)`; an autoencoder has no `log_var`."""

    mean: Floats
    log_var: Floats | None


@dataclass(frozen=True, eq=False)
class Vae:
    """The weights of one run as they were after `epoch` epochs."""

    config: Config
    epoch: int
    encoder: tuple[Layer, ...]
    mean: Layer
    log_var: Layer | None
    decoder: tuple[Layer, ...]

    @property
    def latent(self) -> int:
        """The number of latent dimensions."""
        return self.config.model.latent

    def encode(self, pixels: Floats) -> Posterior:
        """The posterior of images `(batch, 784)` with pixels in 0…1."""
        hidden = pixels
        for layer in self.encoder:
            hidden = np.maximum(_apply(layer, hidden), 0)  # (batch, hidden)
        log_var = None if self.log_var is None else bounded_log_var(_apply(self.log_var, hidden))
        return Posterior(_apply(self.mean, hidden), log_var)

    def decode_logits(self, z: Floats) -> Floats:
        """What the last layer says of points `(batch, latent)`: `(batch, 784)`, logits if Bernoulli."""
        hidden = _apply(self.decoder[0], z)
        for layer in self.decoder[1:]:
            hidden = _apply(layer, np.maximum(hidden, 0))  # (batch, hidden), at last (batch, 784)
        return hidden

    def decode(self, z: Floats) -> Floats:
        """The mean images `(batch, 784)`, pixels in 0…1, of points `(batch, latent)`."""
        logits = self.decode_logits(z)
        return sigmoid(logits) if self._is_bernoulli else np.clip(logits, 0, 1)

    def nats(self, pixels: Floats, z: Floats) -> Floats:
        """The distortion −log p(x|z) of each image `(batch,)`, in nats, for pixels `(batch, 784)` in 0…1.

        Bernoulli: cross-entropy summed over pixels. Gaussian: summed squared error, that is σ² = ½ without
        its constant.
        """
        logits = self.decode_logits(z)
        with _quiet():
            per_pixel = (
                softplus(logits) - pixels * logits if self._is_bernoulli else np.square(logits - pixels)
            )  # (batch, 784)
            nats: Floats = per_pixel.sum(-1)
        return nats

    def rate(self, posterior: Posterior) -> Floats:
        """KL(q(z|x) ‖ N(0, I)) of each image `(batch,)` in nats (Kingma & Welling 2014, appendix B)."""
        mean, log_var = posterior.mean, posterior.log_var
        if log_var is None:
            return np.zeros(mean.shape[:-1], np.float32)
        with _quiet():
            per_dim = 0.5 * (np.square(mean) + np.exp(log_var) - 1 - log_var)  # (batch, latent)
            nats: Floats = per_dim.sum(-1)
        return nats

    @property
    def _is_bernoulli(self) -> bool:
        return self.config.objective.likelihood == "bernoulli"


def _apply(layer: Layer, x: Floats) -> Floats:
    """x @ weight + bias, kept within ±`MAX_VALUE`.

    Weights from a stranger may be so large that their products overflow: a wrong digit, not a number that
    nothing can be done with.
    """
    weight, bias = layer
    with _quiet():
        y: Floats = x @ weight + bias
        return y if np.isfinite(np.vdot(y, y)) else np.fmin(np.fmax(y, -MAX_VALUE), MAX_VALUE)


def _quiet() -> np.errstate:
    return np.errstate(over="ignore", invalid="ignore")


def bounded_log_var(log_var: Floats) -> Floats:
    """Return log-variances within ±`MAX_LOG_VAR`."""
    return np.clip(log_var, -MAX_LOG_VAR, MAX_LOG_VAR)


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(−x)) without overflow."""
    return np.asarray(0.5 * np.tanh(0.5 * x) + 0.5, np.float32)


def softplus(x: Floats) -> Floats:
    """log(1 + exp(x)) without overflow."""
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), np.float32)


def load(run: Path, config: Config) -> Vae:
    """The model of the run directory `run`.

    Raises `Problem` where there is no model yet, where it would need more than 400 MB, or where its file is
    damaged or does not fit `config`.
    """
    shapes = weight_shapes(config.model)
    numbers = sum(map(prod, shapes.values()))
    if numbers > MAX_WEIGHTS:
        raise Problem(
            f"{clean(str(run))} says it has {numbers:,} weights, more than the {MAX_WEIGHTS:,} opened here"
        )
    file = _read(run, shapes, numbers)
    layers = {
        name.removesuffix(".weight"): (file.arrays[name], file.arrays[name.replace(".weight", ".bias")])
        for name in shapes
        if name.endswith(".weight")
    }
    return Vae(
        config,
        int(file.metadata["epoch"]),
        encoder=tuple(layer for name, layer in layers.items() if name.startswith("encoder.")),
        mean=layers["mean"],
        log_var=layers.get("log_var"),
        decoder=tuple(layer for name, layer in layers.items() if name.startswith("decoder.")),
    )


def _read(run: Path, shapes: dict[str, tuple[int, ...]], numbers: int) -> Tensors:
    """The model file of `run`, its size and shapes checked before it is read, its types and epoch after."""
    path = run / MODEL
    try:
        file = read_tensors(path, shapes, limit=4 * numbers + _SLACK)
    except MissingFile:
        raise Problem(
            f"{clean(run.name)} has no model yet: the trainer writes it at the end of the first epoch"
        ) from None
    for name in shapes:
        if file.arrays[name].dtype != np.float32:
            raise DamagedFile(path, f"{name} is {file.arrays[name].dtype}, expected float32 or float16")
    epoch = file.metadata.get("epoch", "")
    if not (epoch.isascii() and epoch.isdigit() and len(epoch) < 10):
        raise DamagedFile(path, f"its epoch is {epoch!r}")
    return file
