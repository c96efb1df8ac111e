"""Cores shared out among the learners of a CPU."""

import threading

import pytest
import torch

from trainer.engine.cpu_pool import CpuPool, threads_per_model

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("models", "cores", "expected"), [(1, 2, 2), (28, 2, 1), (2, 16, 8), (3, 16, 5), (28, 16, 1), (5, 1, 1)]
)
def test_each_model_s_share(monkeypatch: pytest.MonkeyPatch, models: int, cores: int, expected: int) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: cores)
    assert threads_per_model(models, CPU) == expected
    assert threads_per_model(models, GPU) == cores


def test_as_many_calls_at_once_as_have_their_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two meet at a barrier that three would be too many for, and their results come in order."""
    mine = torch.get_num_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    barrier = threading.Barrier(2)

    def meet(i: int) -> tuple[int, str]:
        barrier.wait(timeout=10)
        return i, threading.current_thread().name

    found = list(CpuPool(CPU, 2)(meet, range(4)))
    assert [i for i, _ in found] == [0, 1, 2, 3]
    assert len({name for _, name in found}) == 2
    monkeypatch.undo()
    assert torch.get_num_threads() == mine


def test_each_thread_has_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 6)
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    list(CpuPool(CPU, 3)(lambda i: i, range(1)))
    assert given == [3]


@pytest.mark.parametrize(("device", "threads"), [(GPU, 1), (CPU, 4)])
def test_a_gpu_and_a_model_with_all_cores_are_asked_from_the_main_thread(
    monkeypatch: pytest.MonkeyPatch, device: torch.device, threads: int
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    found = CpuPool(device, threads)(lambda _: threading.current_thread(), range(3))
    assert set(found) == {threading.current_thread()}


def test_an_error_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)

    def breaks(i: int) -> int:
        return 1 // i

    with pytest.raises(ZeroDivisionError):
        list(CpuPool(CPU, 1)(breaks, [1, 0]))
