"""The weights of a model for other programs: all by name (.npz), or as graphs that run anywhere (.onnx)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.contract.config import PIXELS
from trainer.contract.files import Problem
from vaetui.export import files
from vaetui.export.files import Array
from vaetui.models.mlp import Layer, Vae

if TYPE_CHECKING:
    import onnx

# What every evaluator of the last years reads.
OPSET, IR_VERSION = 17, 8
BATCH = "batch"


def about(run: str, vae: Vae) -> dict[str, str]:
    """Where weights are from, and how they were trained, `config` as JSON."""
    config = json.dumps(dataclasses.asdict(vae.config))
    return {"run": run, "epoch": str(vae.epoch), "config": config}


def named_weights(vae: Vae) -> dict[str, Array]:
    """Weights `(in, out)` and biases `(out,)` by the names that the trainer gives them."""
    heads = {"mean": vae.mean} | ({} if vae.log_var is None else {"log_var": vae.log_var})
    layers = {f"encoder.{place}": layer for place, layer in enumerate(vae.encoder)} | heads
    layers |= {f"decoder.{place}": layer for place, layer in enumerate(vae.decoder)}
    return {
        f"{name}.{part}": array
        for name, layer in layers.items()
        for part, array in zip(("weight", "bias"), layer, strict=True)
    }


def weights_npz(run: str, vae: Vae) -> bytes:
    """Every weight by name, with `run`, `epoch` and `config`, which is JSON."""
    told = {name: np.array(text) for name, text in about(run, vae).items()}
    return files.npz({**told, "epoch": np.array(vae.epoch), **named_weights(vae)})


# --- graphs -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TensorSpec:
    """A value that goes in or comes out of a graph: its name and its shape `(batch, size)`."""

    name: str
    size: int


class _Graph:
    """Nodes in the order of the computation, and the weights that they use."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: Sequence[str], output: str) -> str:
        """Another node; returns the name of its value."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), [output]))
        return output

    def constant(self, name: str, array: Array) -> str:
        """Numbers of the graph's own; returns their name."""
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def layer(self, name: str, layer: Layer, x: str, output: str = "") -> str:
        """x @ weight + bias."""
        weight, bias = (
            self.constant(f"{name}.{part}", array)
            for part, array in zip(("weight", "bias"), layer, strict=True)
        )
        return self.add("Add", [self.add("MatMul", [x, weight], f"{name}.product"), bias], output or name)

    def model(
        self, title: str, source: TensorSpec, targets: Sequence[TensorSpec], told: Mapping[str, str]
    ) -> onnx.ModelProto:
        """The whole as a model, which has been checked."""
        from onnx import TensorProto, checker, helper

        def typed(wire: TensorSpec) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(wire.name, TensorProto.FLOAT, [BATCH, wire.size])

        graph = helper.make_graph(self.nodes, title, [typed(source)], list(map(typed, targets)), self.weights)
        made = helper.make_model(
            graph,
            producer_name="vaetui",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        helper.set_model_props(made, dict(told))
        checker.check_model(made)
        return made


def onnx_graphs(run: str, vae: Vae) -> dict[str, bytes]:
    """Two models: the `encoder` from images to mean and log_var, the `decoder` from z to images.

    Images are `(batch, 784)` with pixels in 0…1, the rest is `(batch, latent)`; an autoencoder has no
    log_var. Raises `Problem` where the package onnx is not installed.
    """
    try:
        import onnx.checker  # noqa: F401 - asked for before anything is made
    except ModuleNotFoundError:
        raise Problem("an .onnx file takes the package onnx: pip install 'vaetui[onnx]'") from None
    told = about(run, vae)
    return {
        "encoder": _encoder(vae, told).SerializeToString(),
        "decoder": _decoder(vae, told).SerializeToString(),
    }


def _encoder(vae: Vae, told: Mapping[str, str]) -> onnx.ModelProto:
    graph, value = _Graph(), "images"
    for place, layer in enumerate(vae.encoder):
        name = f"encoder.{place}"
        value = graph.add("Relu", [graph.layer(name, layer, value)], f"{name}.relu")
    heads = [("mean", vae.mean), ("log_var", vae.log_var)]
    made = [
        TensorSpec(graph.layer(name, head, value), vae.latent) for name, head in heads if head is not None
    ]
    return graph.model("encoder", TensorSpec("images", PIXELS), made, told)


def _decoder(vae: Vae, told: Mapping[str, str]) -> onnx.ModelProto:
    graph, value = _Graph(), "z"
    for place, layer in enumerate(vae.decoder):
        name = f"decoder.{place}"
        before = graph.add("Relu", [value], f"{name}.relu") if place else value
        value = graph.layer(name, layer, before)
    if vae.config.objective.likelihood == "bernoulli":
        graph.add("Sigmoid", [value], "images")
    else:
        ends = [graph.constant(name, np.array(end, np.float32)) for name, end in (("low", 0), ("high", 1))]
        graph.add("Clip", [value, *ends], "images")
    return graph.model("decoder", TensorSpec("z", vae.latent), [TensorSpec("images", PIXELS)], told)
