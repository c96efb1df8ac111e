"""GPU timings include the wait for the device."""

import time
from pathlib import Path

import pytest
import torch

import benchmarks.train_speed as bench
from benchmarks.gpu import kernels
from tests.trainer.small import dataset

CPU = torch.device("cpu")


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Readings of the clock and waits for the device, in order."""
    happened: list[str] = []
    clock = time.perf_counter

    def read() -> float:
        happened.append("clock")
        return clock()

    monkeypatch.setattr(time, "perf_counter", read)
    monkeypatch.setattr(bench, "_synchronise", lambda device: happened.append("wait"))
    monkeypatch.setattr(kernels, "_wait", lambda device: happened.append("wait"))
    return happened


def test_every_clock_is_read_after_a_wait(order: list[str]) -> None:
    setting = bench.Setting(dataset(), Path(), 64, CPU, "fp32", 1)
    bench.resident(setting)
    bench.matmul_flops_per_second(setting)
    kernels._seconds(lambda: None, CPU)
    assert order == ["wait", "clock"] * 6
