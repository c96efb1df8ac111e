"""A process that forks trainers, a folder in memory, and trainings to compare with.

Every test here says in its marker what it injects and what must follow; `make reliability` writes the list.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults import tiny_mnist
from tests.faults.forks import Forks
from tests.faults.outcome import LONG, SHORT, results
from tests.trainer.small import directories
from trainer.contract.config import Config
from trainer.contract.datasets import sources

# One thread for tiny models, as in the tests of the trainer: PyTorch reads it when it is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_HERE = Path(__file__).parent
_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """A process that forks a child for each command."""
    with Forks() as started:
        yield started


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """An empty folder, in memory where the system has a place there: hundreds of syncs need no disk."""
    if not os.access(_MEMORY, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="vaetui-test-", dir=_MEMORY))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> sources.Source:
    """An MNIST of ten images with its own checksums."""
    return tiny_mnist.register(monkeypatch)


@pytest.fixture(scope="session")
def long(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the runs of `LONG` come to when nothing happens."""
    return _trained(forks, tmp_path_factory.mktemp("long"), LONG)


@pytest.fixture(scope="session")
def short(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the runs of `SHORT` come to when nothing happens."""
    return _trained(forks, tmp_path_factory.mktemp("short"), SHORT)


def _trained(forks: Forks, folder: Path, grid: list[Config]) -> list[dict[str, Any]]:
    runs = directories(folder, grid)
    ended = forks.call("train", *runs)
    assert (ended.code, ended.said) == (0, "")
    return [results(run) for run in runs]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hand each test's fault to the reports. Raises `pytest.UsageError` for a test without one."""
    for item in items:
        if _HERE not in item.path.parents:
            continue
        marker = item.get_closest_marker("fault")
        if marker is None or len(marker.args) != 2:
            raise pytest.UsageError(f"{item.nodeid} needs @pytest.mark.fault(injected, expected)")
        item.user_properties.append(("fault", marker.args))
