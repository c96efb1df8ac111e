"""Build ONNX graphs node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vaetui.arrays import Floats

if TYPE_CHECKING:
    import onnx

# Versions that every runtime of the last years reads.
OPSET, IR_VERSION = 17, 8
BATCH = "batch"


@dataclass(frozen=True)
class TensorSpec:
    """An input or output of a graph: its name and its shape `(batch, size)`."""

    name: str
    size: int


class Graph:
    """Nodes in the order of computation, and their weights."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: Sequence[str], output: str) -> str:
        """Add a node; return the name of its output."""
        from onnx import helper

        self._nodes.append(helper.make_node(operator, list(inputs), [output]))
        return output

    def constant(self, name: str, array: Floats) -> str:
        """Add a constant; return its name."""
        from onnx import numpy_helper

        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def linear(self, name: str, weight: Floats, bias: Floats, x: str) -> str:
        """Add x @ weight + bias; return its name, which is `name`."""
        product = self.add("MatMul", [x, self.constant(f"{name}.weight", weight)], f"{name}.product")
        return self.add("Add", [product, self.constant(f"{name}.bias", bias)], name)

    def model(
        self, title: str, source: TensorSpec, targets: Sequence[TensorSpec], metadata: Mapping[str, str]
    ) -> onnx.ModelProto:
        """Return the graph as a checked model."""
        from onnx import TensorProto, checker, helper

        def typed(tensor: TensorSpec) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, [BATCH, tensor.size])

        outputs = list(map(typed, targets))
        graph = helper.make_graph(self._nodes, title, [typed(source)], outputs, self._weights)
        model = helper.make_model(
            graph,
            producer_name="vaetui",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET)],
        )
        helper.set_model_props(model, dict(metadata))
        checker.check_model(model)
        return model
