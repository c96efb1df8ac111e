"""Run the learners on the cores of a CPU, several at once, each on its share of the cores.

Two small products on a core each finish sooner than one after the other on two cores, which synchronise at
every step. Threads share Python's lock, but products are computed without holding it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import torch

from trainer.engine import denormals
from trainer.engine import device as devices

T = TypeVar("T")


def threads_per_model(models: int, device: torch.device) -> int:
    """Return the number of threads that each of so many models computes with."""
    cores = torch.get_num_threads()
    return cores // min(models, cores) if device.type == "cpu" else cores


class CpuPool:
    """A pool that runs as many learners at once as have `threads` cores each, on a GPU one at a time.

    Its threads end when it is garbage-collected.
    """

    def __init__(self, device: torch.device, threads: int) -> None:
        cores = torch.get_num_threads()
        threads = min(threads, cores)
        self.pool: ThreadPoolExecutor | None = None
        # With all cores at work, the calling thread's team is best. A second team would have more threads
        # than there are cores, and OpenMP's then sleep whenever they wait: half the speed.
        if not devices.stacks_models(device) and threads < cores:
            self.pool = ThreadPoolExecutor(cores // threads, "learner", _init_thread, (threads,))

    def __call__(self, call: Callable[..., T], *arguments: Iterable[Any]) -> Iterator[T]:
        """Return the results as `map` does, in order, all submitted at once; errors are raised in turn."""
        return (self.pool.map if self.pool else map)(call, *arguments)


def _init_thread(threads: int) -> None:
    """Let the calling thread compute with so many threads, itself one of them."""
    denormals.flush()
    torch.set_num_threads(threads)
