"""Who works when: learners on a CPU take turns on its cores, several at once, each on its share of them.

Two small products on a core each are done sooner than one after the other on two cores, which wait for each
other at every step. Threads share Python's lock, but a product is computed without holding it.
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
    """The threads that each of so many models computes with."""
    cores = torch.get_num_threads()
    return cores // min(models, cores) if device.type == "cpu" else cores


class CpuPool:
    """Calls for every learner, as many at once as have `threads` cores each; a GPU takes one after the other.

    Its threads end when it is let go.
    """

    def __init__(self, device: torch.device, threads: int) -> None:
        cores = torch.get_num_threads()
        threads = min(threads, cores)
        self.pool: ThreadPoolExecutor | None = None
        # With all cores at work, the calling thread's team is best. A second team would have more threads
        # than there are cores, and OpenMP's then sleep whenever they wait: half the speed.
        if not devices.stacks_models(device) and threads < cores:
            self.pool = ThreadPoolExecutor(cores // threads, "turn", _init_thread, (threads,))

    def __call__(self, call: Callable[..., T], *arguments: Iterable[Any]) -> Iterator[T]:
        """As `map`, in order, all begun at once; an error is raised where its turn is."""
        return (self.pool.map if self.pool else map)(call, *arguments)


def _init_thread(threads: int) -> None:
    """Let the calling thread compute with so many threads, itself one of them."""
    denormals.flush()
    torch.set_num_threads(threads)
