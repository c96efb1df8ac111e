"""One trained autoencoder in numpy: posterior, decoded images, and distortion and rate in nats.

What depends on the architecture is behind `Network`; `vaetui.models.registry` has one row for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from trainer.contract.config import Config
from trainer.contract.position import Position
from vaetui.arrays import Floats
from vaetui.models.likelihoods import FORMULAS

if TYPE_CHECKING:
    from vaetui.models.onnx_graph import Graph

# Limits of values and log-variances, so that their squares and sums stay in float32.
MAX_VALUE, MAX_LOG_VAR = np.float32(1e15), np.float32(60)


@dataclass(frozen=True, eq=False)
class Posterior:
    """q(z|x) of a batch: `mean` and `log_var`, both `(batch, latent)`; an autoencoder has no `log_var`."""

    mean: Floats
    log_var: Floats | None


class Network(Protocol):
    """The encoder and decoder of one architecture, with the weights of one model."""

    def encode(self, pixels: Floats) -> Posterior:
        """Return the posterior of images `(batch, pixels)` in 0…1."""

    def decode(self, z: Floats) -> Floats:
        """Return the decoder's outputs `(batch, pixels)` for points `(batch, latent)`, without activation."""


@runtime_checkable
class OnnxNetwork(Network, Protocol):
    """A network that can also be written as ONNX graphs."""

    def add_encoder(self, graph: Graph, images: str) -> list[str]:
        """Add the encoder to an ONNX graph; return the names of its mean and log-variance, if it has one."""

    def add_decoder(self, graph: Graph, z: str) -> str:
        """Add the decoder to an ONNX graph; return the name of its outputs."""


@dataclass(frozen=True, eq=False)
class Vae:
    """The model of one run after `epoch` epochs and `step` steps of the next one.

    `weights` are named as the trainer names them.
    """

    config: Config
    epoch: int
    network: Network
    weights: Mapping[str, Floats]
    step: int = 0

    @cached_property
    def position_text(self) -> str:
        """Return in words after which epoch its weights are, such as "epoch 3"."""
        return Position(self.epoch, self.step).text

    @cached_property
    def is_after_epoch(self) -> bool:
        """Return whether the weights are those after an epoch, not untrained or from within one."""
        return self.epoch > 0 and not self.step

    @property
    def latent(self) -> int:
        """Return the number of latent dimensions."""
        return self.config.model.latent

    @property
    def nbytes(self) -> int:
        """Return the size of the weights in bytes."""
        return sum(array.nbytes for array in self.weights.values())

    def encode(self, pixels: Floats) -> Posterior:
        """Return the posterior of images `(batch, pixels)` in 0…1."""
        posterior = self.network.encode(pixels)
        if posterior.log_var is None:
            return posterior
        return Posterior(posterior.mean, bounded_log_var(posterior.log_var))

    def decode_outputs(self, z: Floats) -> Floats:
        """Return the decoder's outputs `(batch, pixels)` for points `(batch, latent)`."""
        return self.network.decode(z)

    def decode(self, z: Floats) -> Floats:
        """Return the mean images `(batch, pixels)` in 0…1 of points `(batch, latent)`."""
        return FORMULAS[self.config.objective.likelihood].mean(self.network.decode(z))

    def distortion(self, pixels: Floats, z: Floats) -> Floats:
        """Return the distortion −log p(x|z) of each of the images `pixels` in nats, `(batch,)`."""
        outputs = self.network.decode(z)
        with np.errstate(over="ignore", invalid="ignore"):
            nats: Floats = FORMULAS[self.config.objective.likelihood].nats(outputs, pixels).sum(-1)
        return nats

    def rate(self, posterior: Posterior) -> Floats:
        """Return KL(q(z|x) ‖ N(0, I)) of each image `(batch,)` in nats."""
        mean, log_var = posterior.mean, posterior.log_var
        if log_var is None:
            return np.zeros(mean.shape[:-1], np.float32)
        return np.asarray(kl_divergence(mean, log_var).sum(-1), np.float32)


def kl_divergence(mean: Floats, log_var: Floats) -> Floats:
    """Return KL(N(mean, exp(log_var)) ‖ N(0, 1)) of each dimension in nats, `(…, latent)` throughout.

    Kingma & Welling 2014, appendix B.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        nats = 0.5 * (np.square(mean) + np.exp(log_var) - 1 - log_var)
    return np.asarray(nats, np.float32)


def bounded_log_var(log_var: Floats) -> Floats:
    """Return log-variances within ±`MAX_LOG_VAR`."""
    return np.clip(log_var, -MAX_LOG_VAR, MAX_LOG_VAR)
