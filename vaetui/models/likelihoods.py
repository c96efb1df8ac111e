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
    its constants, None where it is not one operator. `outputs` maps mean images of 8 bits back to outputs,
    None where that is impossible.
    """

    mean: Callable[[Floats], Floats]
    nats: Callable[[Floats, Floats], Floats]
    onnx: tuple[str, dict[str, float]] | None = None
    outputs: Callable[[Floats], Floats] | None = None


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(−x)) without overflow."""
    return np.asarray(0.5 * np.tanh(0.5 * x) + 0.5, np.float32)


def softplus(x: Floats) -> Floats:
    """Return log(1 + exp(x)) without overflow."""
    return np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), np.float32)


def _clip(x: Floats) -> Floats:
    return np.clip(x, 0, 1)


def _logit(mean: Floats) -> Floats:
    """Return the logits of means of 8 bits, of which 0 and 1 may be half a step away."""
    inside = np.clip(mean, 1 / 510, 1 - 1 / 510)
    return np.asarray(np.log(inside / (1 - inside)), np.float32)


def _cross_entropy(outputs: Floats, pixels: Floats) -> Floats:
    return softplus(outputs) - pixels * outputs


def _squared_error(outputs: Floats, pixels: Floats) -> Floats:
    """Return the Gaussian's nats for σ² = ½, without its constant."""
    return np.asarray(np.square(outputs - pixels), np.float32)


FORMULAS = {
    "bernoulli": Formulas(sigmoid, _cross_entropy, ("Sigmoid", {}), _logit),
    "gaussian": Formulas(_clip, _squared_error, ("Clip", {"low": 0.0, "high": 1.0}), lambda mean: mean),
}


def nats_of_means(likelihood: str, means: Floats, pixels: Floats) -> Floats | None:
    """Return −log p(x|z) of images `pixels` `(batch,)`, from mean images of 8 bits, both `(batch, pixels)`.

    None for a likelihood whose outputs do not follow from the mean image.
    """
    formulas = FORMULAS[likelihood]
    if formulas.outputs is None:
        return None
    return np.asarray(formulas.nats(formulas.outputs(means), pixels).sum(-1), np.float32)


def register(name: str, formulas: Formulas) -> None:
    """Add a likelihood, for code outside this package; one that belongs to it has a row above."""
    FORMULAS[name] = formulas
