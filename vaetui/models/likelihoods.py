"""The table of likelihoods in numpy: what turns a decoder's outputs into an image, and into nats.

The names and words of each row are in `trainer.contract.likelihoods`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Floats


@dataclass(frozen=True)
class Formulas:
    """The formulas of one likelihood.

    `mean` maps the decoder's outputs `(batch, pixels)` to the mean image in 0…1. `nats` maps outputs and
    pixels, both `(batch, pixels)`, to −log p(x|z) of each pixel. `onnx` is the ONNX operator of `mean` with
    its constants, None where it is not one operator.
    """

    mean: Callable[[Floats], Floats]
    nats: Callable[[Floats, Floats], Floats]
    onnx: tuple[str, dict[str, float]] | None = None


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(−x)) without overflow."""
    return np.asarray(0.5 * np.tanh(0.5 * x) + 0.5, np.float32)


def softplus(x: Floats) -> Floats:
    """Return log(1 + exp(x)) without overflow."""
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), np.float32)


def _clip(x: Floats) -> Floats:
    return np.clip(x, 0, 1)


def _cross_entropy(outputs: Floats, pixels: Floats) -> Floats:
    return softplus(outputs) - pixels * outputs


def _squared_error(outputs: Floats, pixels: Floats) -> Floats:
    """Return the Gaussian's nats for σ² = ½, without its constant."""
    return np.asarray(np.square(outputs - pixels), np.float32)


FORMULAS = {
    "bernoulli": Formulas(sigmoid, _cross_entropy, ("Sigmoid", {})),
    "gaussian": Formulas(_clip, _squared_error, ("Clip", {"low": 0.0, "high": 1.0})),
}


def register(name: str, formulas: Formulas) -> None:
    """Add a likelihood, for code outside this package; one that belongs to it has a row above."""
    FORMULAS[name] = formulas
