"""The multilayer perceptron in numpy.

A layer is `x @ weight + bias`, ReLU between layers, all in float32; names and shapes are those of
`trainer.contract.config.weight_shapes`. An image takes three matrix products, so nothing here needs PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vaetui.arrays import Floats
from vaetui.models.autoencoder import MAX_VALUE, Posterior

if TYPE_CHECKING:
    from vaetui.models.onnx_graph import Graph

Layer = tuple[Floats, Floats]  # weight (in, out), bias (out,)


@dataclass(frozen=True, eq=False)
class Mlp:
    """The layers of an encoder, its two heads, and a decoder; an autoencoder has no `log_var`."""

    encoder: tuple[Layer, ...]
    mean: Layer
    log_var: Layer | None
    decoder: tuple[Layer, ...]

    def encode(self, pixels: Floats) -> Posterior:
        """Return the posterior of images `(batch, pixels)` in 0…1."""
        hidden = pixels
        for layer in self.encoder:
            hidden = np.maximum(_apply(layer, hidden), 0)  # (batch, hidden)
        return Posterior(_apply(self.mean, hidden), self.log_var and _apply(self.log_var, hidden))

    def decode(self, z: Floats) -> Floats:
        """Return the outputs of the last layer `(batch, pixels)` for points `(batch, latent)`."""
        hidden = _apply(self.decoder[0], z)
        for layer in self.decoder[1:]:
            hidden = _apply(layer, np.maximum(hidden, 0))  # (batch, hidden), at last (batch, pixels)
        return hidden

    def add_encoder(self, graph: Graph, images: str) -> list[str]:
        """Add the encoder to an ONNX graph; return the names of its heads."""
        value = images
        for place, layer in enumerate(self.encoder):
            name = f"encoder.{place}"
            value = graph.add("Relu", [graph.linear(name, *layer, value)], f"{name}.relu")
        return [graph.linear(name, *head, value) for name, head in self._heads().items()]

    def add_decoder(self, graph: Graph, z: str) -> str:
        """Add the decoder to an ONNX graph; return the name of its outputs."""
        value = z
        for place, layer in enumerate(self.decoder):
            name = f"decoder.{place}"
            value = graph.linear(name, *layer, graph.add("Relu", [value], f"{name}.relu") if place else value)
        return value

    def _heads(self) -> dict[str, Layer]:
        return {"mean": self.mean} | ({} if self.log_var is None else {"log_var": self.log_var})


def _apply(layer: Layer, x: Floats) -> Floats:
    """Return x @ weight + bias, within ±`MAX_VALUE`.

    Weights of an untrusted file may be so large that products overflow: they give a wrong image, not NaN.
    """
    weight, bias = layer
    with np.errstate(over="ignore", invalid="ignore"):
        y: Floats = x @ weight + bias
        return y if np.isfinite(np.vdot(y, y)) else np.fmin(np.fmax(y, -MAX_VALUE), MAX_VALUE)


def network(arrays: Mapping[str, Floats]) -> Mlp:
    """Return the network of weights by name."""
    layers = {
        name.removesuffix(".weight"): (arrays[name], arrays[name.replace(".weight", ".bias")])
        for name in arrays
        if name.endswith(".weight")
    }
    return Mlp(
        encoder=tuple(layer for name, layer in layers.items() if name.startswith("encoder.")),
        mean=layers["mean"],
        log_var=layers.get("log_var"),
        decoder=tuple(layer for name, layer in layers.items() if name.startswith("decoder.")),
    )
