"""Capture a block of training steps as a CUDA graph, then replay it.

An eager step launches about forty kernels of a few microseconds each from Python; a replay launches all of
them at once. Images, noise and β scale are copied into the graph's static inputs before each replay. A graph
generates no random numbers, so no generator is registered with it and results do not depend on the graph.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.engine import device as devices
from trainer.engine.learner import Learner

MAX_PENDING = 3  # blocks that the host may be ahead of the GPU

log = logging.getLogger("trainer")


class CudaGraphs:
    """CUDA graphs that share one pool of memory, since they never run at the same time.

    The tests have another class with these methods, for a CPU.
    """

    def __init__(self) -> None:
        self.pool = torch.cuda.graph_pool_handle()
        self.aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def capture(self, work: Callable[[], None]) -> Callable[[], object]:
        """Capture `work` and return a function that launches it, without waiting for it.

        `work` is called once before, so that libraries load, choose algorithms and allocate memory.
        """
        graph = torch.cuda.CUDAGraph()
        self.aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.aside):
            work()
        torch.cuda.current_stream().wait_stream(self.aside)
        with torch.cuda.graph(graph, pool=self.pool):
            work()
        return graph.replay

    def mark(self) -> Callable[[], object]:
        """Record an event at the end of the stream and return a function that waits for it."""
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        return event.synchronize


def graph_backend(device: torch.device) -> CudaGraphs | None:
    """Return the backend that captures graphs on `device`, None where every step runs eagerly."""
    return CudaGraphs() if devices.uses_cuda_graphs(device) else None


@dataclass(frozen=True)
class _CapturedBlock:
    """A captured block and its static inputs: x, noise and beta_scale as in `Learner.train_steps`."""

    replay: Callable[[], object]
    inputs: tuple[Tensor, Tensor, Tensor]


class GraphReplay:
    """`Learner.train_steps` by CUDA graphs where the device has them, a graph for each number of images.

    `graphs` is None on other devices and after a failed capture.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.graphs = graph_backend(device)
        self.learner: Learner | None = None
        self.blocks: dict[int, _CapturedBlock] = {}
        self.launched: deque[Callable[[], object]] = deque()  # functions that wait for a launched block

    def __call__(self, learner: Learner, x: Tensor, noise: Tensor, beta_scale: Tensor) -> None:
        """Take the steps of `Learner.train_steps`."""
        inputs = (x, noise, beta_scale)
        block = self._block(learner, inputs)
        if self.graphs is None or block is None:
            learner.train_steps(*inputs)
            return
        for static, fresh in zip(block.inputs, inputs, strict=True):
            static.copy_(fresh)
        block.replay()
        learner.metrics.images += len(x)  # a count on the host, not part of the graph
        # Few blocks are pending: enough to keep the GPU busy, few enough to report and stop promptly.
        self.launched.append(self.graphs.mark())
        if len(self.launched) > MAX_PENDING:
            self.launched.popleft()()

    def _block(self, learner: Learner, inputs: tuple[Tensor, Tensor, Tensor]) -> _CapturedBlock | None:
        """Return the captured block for so many images; None where steps run eagerly."""
        if self.graphs is None or not learner.gradient.can_be_captured:
            return None
        if learner is not self.learner:
            self.learner, self.blocks, self.graphs = learner, {}, graph_backend(self.device)
        images = len(inputs[0])
        if images not in self.blocks and (block := self._capture(learner, inputs)):
            self.blocks[images] = block
        return self.blocks.get(images)

    def _capture(self, learner: Learner, inputs: tuple[Tensor, Tensor, Tensor]) -> _CapturedBlock | None:
        """Capture a block of this size; on failure log a warning and return None."""
        assert self.graphs is not None
        static = (inputs[0].clone(), inputs[1].clone(), inputs[2].clone())
        try:
            with state_restored(learner):
                replay = self.graphs.capture(lambda: learner.train_steps(*static))
        except RuntimeError as error:
            for cause in (error, error.__context__):  # the second after a failed cleanup
                if isinstance(cause, torch.cuda.OutOfMemoryError):
                    raise cause from None
            log.warning("training without CUDA graphs, slower: a capture failed (%s)", error)
            self.graphs = None
            return None
        return _CapturedBlock(replay, static)


@contextmanager
def state_restored(learner: Learner) -> Iterator[None]:
    """Undo all training inside the context, but keep allocated memory and chosen algorithms."""
    tensors, images = learner.state(), learner.metrics.images
    before = [tensor.clone() for tensor in tensors]
    try:
        yield
    finally:
        for tensor, value in zip(tensors, before, strict=True):
            tensor.copy_(value)
        learner.metrics.images = images
