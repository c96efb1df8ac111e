"""The multilayer perceptron in numpy.

A layer is `x @ weight + bias`, ReLU between layers, all in float32; names and shapes are those of
`trainer.contract.config.weight_shapes`. An image takes three matrix products, so nothing here needs PyTorch.
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
from vaetui.models.autoencoder import MAX_VALUE, Posterior, Vae
from vaetui.models.onnx_graph import Graph

Layer = tuple[Floats, Floats]  # weight (in, out), bias (out,)

MAX_WEIGHTS = 100_000_000  # 400 MB in float32; the usual model has 0.65 million
_HEADER_BYTES = 1 << 21  # that a file may have beside the weights


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

    def arrays(self) -> dict[str, Floats]:
        """Return weights `(in, out)` and biases `(out,)` by name."""
        return {
            f"{name}.{part}": array
            for name, layer in self._layers().items()
            for part, array in zip(("weight", "bias"), layer, strict=True)
        }

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

    def _layers(self) -> dict[str, Layer]:
        encoder = {f"encoder.{place}": layer for place, layer in enumerate(self.encoder)}
        return (
            encoder | self._heads() | {f"decoder.{place}": layer for place, layer in enumerate(self.decoder)}
        )


def _apply(layer: Layer, x: Floats) -> Floats:
    """Return x @ weight + bias, within ±`MAX_VALUE`.

    Weights of an untrusted file may be so large that products overflow: they give a wrong image, not NaN.
    """
    weight, bias = layer
    with np.errstate(over="ignore", invalid="ignore"):
        y: Floats = x @ weight + bias
        return y if np.isfinite(np.vdot(y, y)) else np.fmin(np.fmax(y, -MAX_VALUE), MAX_VALUE)


def load(run: Path, config: Config) -> Vae:
    """Load the model of the run directory `run`.

    Raises `Problem` where there is no model yet, where it would need more than 400 MB, or where its file is
    damaged or does not fit `config`.
    """
    shapes = weight_shapes(config.model)
    weights = sum(map(prod, shapes.values()))
    if weights > MAX_WEIGHTS:
        raise Problem(
            f"{clean(str(run))} says it has {weights:,} weights, more than the {MAX_WEIGHTS:,} opened here"
        )
    file = _read(run, shapes, weights)
    layers = {
        name.removesuffix(".weight"): (file.arrays[name], file.arrays[name.replace(".weight", ".bias")])
        for name in shapes
        if name.endswith(".weight")
    }
    network = Mlp(
        encoder=tuple(layer for name, layer in layers.items() if name.startswith("encoder.")),
        mean=layers["mean"],
        log_var=layers.get("log_var"),
        decoder=tuple(layer for name, layer in layers.items() if name.startswith("decoder.")),
    )
    return Vae(config, int(file.metadata["epoch"]), network)


def _read(run: Path, shapes: dict[str, tuple[int, ...]], weights: int) -> Tensors:
    """Read the model file of `run`; check size and shapes before reading it, types and epoch after."""
    path = run / MODEL
    try:
        file = read_tensors(path, shapes, limit=4 * weights + _HEADER_BYTES)
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
