"""Steps on a GPU without launching each of their kernels: a visit is captured as a CUDA graph, then replayed.

An eager step is some forty kernels of a few microseconds, each launched from Python; a replay launches them
all at once. Noise, images and warmth are copied into the graph's own inputs before each replay, so nothing is
drawn inside a graph and no generator has to be registered with it: a draw depends on its seed alone, graph or
not.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from trainer.engine import device as devices
from trainer.engine.learner import Learner

AHEAD = 3  # visits that the host may be ahead of the GPU

log = logging.getLogger("trainer")


class Graph(Protocol):
    """Captured work."""

    def replay(self) -> object:
        """Begin the captured work again, without waiting for it."""


class Mark(Protocol):
    """A place in the queue of the device."""

    def synchronize(self) -> object:
        """Wait until the device has come to it."""


class Graphs(Protocol):
    """What captures work and replays it: `CudaGraphs`; the tests have one that works on a CPU."""

    def capture(self, work: Callable[[], None]) -> Graph:
        """Capture what `work` does; it is called more than once."""

    def mark(self) -> Mark:
        """Mark the end of the queue."""


class CudaGraphs:
    """CUDA graphs that share one pool of memory, since they never run at the same time."""

    def __init__(self) -> None:
        self.pool = torch.cuda.graph_pool_handle()
        self.aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def capture(self, work: Callable[[], None]) -> Graph:
        """Capture `work` after it was done once outside a graph.

        In that first call libraries load, choose their algorithms and take their memory.
        """
        graph = torch.cuda.CUDAGraph()
        self.aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.aside):
            work()
        torch.cuda.current_stream().wait_stream(self.aside)
        with torch.cuda.graph(graph, pool=self.pool):
            work()
        return graph

    def mark(self) -> Mark:
        """Record an event."""
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        return event


def graphs_of(device: torch.device) -> Graphs | None:
    """What captures on `device`; None where every step is a plain one."""
    return CudaGraphs() if devices.captures(device) else None


@dataclass(frozen=True)
class _Visit:
    """A captured visit and its inputs: x (images, pixels), noise (steps, models, batch, latent), warmth."""

    graph: Graph
    inputs: tuple[Tensor, Tensor, Tensor]


class Replay:
    """`Learner.learn`, by a graph where the device has such; a graph for each number of images.

    `graphs` is None where there are none, and after a capture that failed.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.graphs = graphs_of(device)
        self.learner: Learner | None = None
        self.visits: dict[int, _Visit] = {}
        self.launched: deque[Mark] = deque()

    def __call__(self, learner: Learner, x: Tensor, noise: Tensor, warmth: Tensor) -> None:
        """As `Learner.learn`."""
        inputs = (x, noise, warmth)
        visit = self._visit(learner, inputs)
        if self.graphs is None or visit is None:
            learner.learn(*inputs)
            return
        for static, fresh in zip(visit.inputs, inputs, strict=True):
            static.copy_(fresh)
        visit.graph.replay()
        learner.tally.images += len(x)  # the host's part, which a graph does not know
        self._stay_near(self.graphs)

    def _visit(self, learner: Learner, inputs: tuple[Tensor, Tensor, Tensor]) -> _Visit | None:
        """The captured visit for so many images; None where steps are plain ones."""
        if self.graphs is None:
            return None
        if learner is not self.learner:
            self.learner, self.visits, self.graphs = learner, {}, graphs_of(self.device)
        images = len(inputs[0])
        if images not in self.visits and (visit := self._capture(learner, inputs)):
            self.visits[images] = visit
        return self.visits.get(images)

    def _stay_near(self, graphs: Graphs) -> None:
        """Let the GPU always have a visit in store and never many: progress must be true and a stop quick."""
        self.launched.append(graphs.mark())
        if len(self.launched) > AHEAD:
            self.launched.popleft().synchronize()

    def _capture(self, learner: Learner, inputs: tuple[Tensor, Tensor, Tensor]) -> _Visit | None:
        """Capture a visit of this size; None, said in the log, where that does not work."""
        assert self.graphs is not None
        static = (inputs[0].clone(), inputs[1].clone(), inputs[2].clone())
        try:
            with untouched(learner):
                graph = self.graphs.capture(lambda: learner.learn(*static))
        except RuntimeError as error:
            for cause in (error, error.__context__):  # a capture that memory ends may fail to end
                if isinstance(cause, torch.cuda.OutOfMemoryError):
                    raise cause from None
            log.warning("training without CUDA graphs, slower: a capture failed (%s)", error)
            self.graphs = None
            return None
        return _Visit(graph, static)


@contextmanager
def untouched(learner: Learner) -> Iterator[None]:
    """Whatever is learnt inside is undone at the end, but for the memory and the algorithms found."""
    tensors, images = learner.state(), learner.tally.images
    before = [tensor.clone() for tensor in tensors]
    try:
        yield
    finally:
        for tensor, value in zip(tensors, before, strict=True):
            tensor.copy_(value)
        learner.tally.images = images
