"""Graphs without a GPU: what is captured is recorded, operation by operation, and replayed without Python.

As in a CUDA graph, a replay repeats the recorded operations on the very same tensors. So a number that Python
worked out is frozen, a tensor that is not refilled keeps its values, and what learning does while it is
captured stays done unless it is undone. Drawing, and whatever would make the host wait for the device, cannot
be captured.
"""

import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

import trainer.engine.cuda_graph
import trainer.engine.device

CPU = torch.device("cpu")
UNCAPTURABLE = {
    torch.Tag.nondeterministic_seeded: "draws",
    torch.Tag.data_dependent_output: "makes the host wait for the device",
    torch.Tag.dynamic_output_shape: "makes the host wait for the device",
}


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes each operation with the tensors that it reads and those that it makes.

    Tensors that were there before are referenced weakly: a graph does not keep them either.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[tuple[Callable[..., Any], Any, list[Tensor | None]]] = []
        self.made: dict[int, Tensor] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for tag, why in UNCAPTURABLE.items():
            if tag in func.tags:
                raise RuntimeError(f"{func} {why}: it cannot be captured")
        made = func(*args, **(kwargs or {}))
        given = (args, kwargs or {})
        before = {id(tensor) for tensor in _tensors(given)}
        self.made |= {id(tensor): tensor for tensor in _tensors(made) if id(tensor) not in before}
        self.operations.append((func, tree_map_only(Tensor, self._reference, given), self._kept(made)))
        return made

    def _reference(self, tensor: Tensor) -> Callable[[], Tensor | None]:
        return partial(self.made.get, id(tensor)) if id(tensor) in self.made else weakref.ref(tensor)

    def _kept(self, made: object) -> list[Tensor | None]:
        """The tensors that an operation made; None for one that it changed in place."""
        return [self.made.get(id(tensor)) for tensor in _tensors(made)]


class Recording:
    """Work that was captured on a CPU."""

    def __init__(self, work: Callable[[], object]) -> None:
        with _Recorder() as recorder:
            work()
        self.operations = recorder.operations

    def replay(self) -> None:
        """Do the recorded operations again, into the tensors that they made."""
        for func, given, made in self.operations:
            args, kwargs = tree_map_only((partial, weakref.ref), _seen, given)
            for tensor, again in zip(made, _tensors(func(*args, **kwargs)), strict=True):
                if tensor is not None and tensor.data_ptr() != again.data_ptr():  # else it is a view
                    tensor.copy_(again)


def _seen(reference: Callable[[], Tensor | None]) -> Tensor:
    tensor = reference()
    if tensor is None:
        raise RuntimeError("a tensor that the graph reads is gone: a GPU would read whatever is there now")
    return tensor


class PlainGraphs:
    """`cuda_graph.CudaGraphs` on a CPU; `captured` counts the captures of all instances."""

    captured = 0

    def capture(self, work: Callable[[], None]) -> Callable[[], None]:
        """Call `work` and record another call, as for a CUDA graph; return the function that replays it."""
        PlainGraphs.captured += 1
        work()
        return Recording(work).replay

    def mark(self) -> Callable[[], None]:
        """Return a function that does nothing: a CPU computes synchronously."""
        return lambda: None


def _tensors(made: object) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(made) if isinstance(leaf, Tensor)]


def graphs_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let training on a CPU run the code for a GPU: one stacked network, captured blocks."""
    monkeypatch.setattr(PlainGraphs, "captured", 0)
    monkeypatch.setattr(trainer.engine.device, "stacks_models", lambda device: True)
    monkeypatch.setattr(trainer.engine.device, "uses_cuda_graphs", lambda device: True)
    monkeypatch.setattr(trainer.engine.cuda_graph, "graph_backend", lambda device: PlainGraphs())


@pytest.fixture(params=["recorded", "cuda"])
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> torch.device:
    """A CPU that is used as a GPU, with recorded graphs; and a GPU, where there is one."""
    if request.param == "recorded":
        graphs_on_a_cpu(monkeypatch)
        return CPU
    if torch.cuda.is_available():
        return torch.device("cuda")
    pytest.skip("there is no CUDA device here")
