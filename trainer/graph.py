"""Steps on a GPU without launching each of their kernels: a visit is captured as a CUDA graph, then replayed.

An eager step is some forty kernels of a few microseconds, each launched from Python; a replay launches them
all at once. Noise, images and warmth are copied into the graph's own inputs before each replay, so nothing is
drawn inside a graph and no generator has to be registered with it: a draw depends on its seed alone, graph or
not.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.learner import Learner

AHEAD = 3  # visits that the host may be ahead of the GPU

log = logging.getLogger("trainer")


@dataclass(frozen=True)
class _Visit:
    """A captured visit and its inputs: x (images, pixels), noise (steps, models, batch, latent), warmth."""

    graph: torch.cuda.CUDAGraph
    inputs: tuple[Tensor, Tensor, Tensor]


class Replay:
    """`Learner.learn`, by a CUDA graph where the device has such; a graph for each number of images."""

    def __init__(self, device: torch.device) -> None:
        self.captures = device.type == "cuda"
        self.learner: Learner | None = None
        self.visits: dict[int, _Visit] = {}
        self.launched: deque[torch.cuda.Event] = deque()

    def __call__(self, learner: Learner, x: Tensor, noise: Tensor, warmth: Tensor) -> None:
        """As `Learner.learn`."""
        if not self.captures:
            learner.learn(x, noise, warmth)
            return
        if learner is not self.learner:
            self.learner, self.visits = learner, {}
            self.pool = torch.cuda.graph_pool_handle()
        inputs = (x, noise, warmth)
        visit = self.visits.get(len(x)) or self._capture(learner, inputs)
        if visit is None:
            learner.learn(*inputs)
            return
        self.visits[len(x)] = visit
        for static, fresh in zip(visit.inputs, inputs, strict=True):
            static.copy_(fresh)
        visit.graph.replay()
        learner.tally.images += len(x)  # the host's part, which a graph does not know
        self._stay_near()

    def _stay_near(self) -> None:
        """Let the GPU always have a visit in store and never many: progress must be true and a stop quick."""
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        self.launched.append(event)
        if len(self.launched) > AHEAD:
            self.launched.popleft().synchronize()

    def _capture(self, learner: Learner, inputs: tuple[Tensor, Tensor, Tensor]) -> _Visit | None:
        """Capture a visit of this size; None, said in the log, where that does not work."""
        static = (inputs[0].clone(), inputs[1].clone(), inputs[2].clone())
        graph = torch.cuda.CUDAGraph()
        try:
            with untouched(learner):
                # Once outside the graph: libraries load, choose their algorithms and take their memory.
                aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
                aside.wait_stream(torch.cuda.current_stream())
                with torch.cuda.stream(aside):
                    learner.learn(*static)
                torch.cuda.current_stream().wait_stream(aside)
                with torch.cuda.graph(graph, pool=self.pool):
                    learner.learn(*static)
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError as error:
            log.warning("training without CUDA graphs, slower: a capture failed (%s)", error)
            self.captures = False
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
