"""A model of a grid, on MNIST, against the same model alone: with one thread as in the grid, and with two."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import ROOT
from tests.trainer.engine.training import CPU, never, same, weights
from tests.trainer.small import config, directories
from trainer.contract.config import Config, Precision
from trainer.contract.datasets.registry import load
from trainer.contract.files import Problem
from trainer.contract.images import Dataset, Images
from trainer.contract.metrics import read_epochs
from trainer.engine.precision import Arithmetic
from trainer.train_runs import train_runs

MNIST = Path(os.environ.get("VAETUI_TEST_DATA", ROOT.parent / "shared" / "data"))
CORES = os.cpu_count() or 1
GRID = [config(latent, hidden=(400,), batch_size=100) for latent in (20, 10)]
ELBO_DIFFERENCE = 0.003  # nats, as README.md and docs/performance.md say


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    """The first images of MNIST."""
    try:
        whole = load("mnist", MNIST)
    except Problem:
        pytest.skip(f"no MNIST in {MNIST}: set VAETUI_TEST_DATA to a folder that has it")
    train, test = (
        Images(part.pixels[:count], part.labels[:count])
        for part, count in ((whole.train, 300), (whole.test, 50))
    )
    return Dataset("mnist", train, test, "first-300")


@pytest.fixture
def _two_threads() -> Iterator[None]:
    if CORES < 2:
        pytest.skip("this machine has one core")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def train(
    folder: Path, configs: list[Config], mnist: Dataset, precision: Precision, threads: int
) -> list[Path]:
    runs = directories(folder, configs)
    assert train_runs(runs, configs, mnist, CPU, Arithmetic(precision), never, threads)
    return runs


@pytest.mark.usefixtures("_two_threads")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_model_of_a_grid_is_what_it_is_alone(tmp_path: Path, mnist: Dataset, precision: Precision) -> None:
    member, _ = train(tmp_path / "grid", GRID, mnist, precision, threads=1)
    (with_one,) = train(tmp_path / "one", GRID[:1], mnist, precision, threads=1)
    (with_two,) = train(tmp_path / "two", GRID[:1], mnist, precision, threads=2)
    assert same(member, with_one)
    assert [e.val for e in read_epochs(member)] == [e.val for e in read_epochs(with_one)]
    for ours, its in zip(read_epochs(member), read_epochs(with_two), strict=True):
        assert ours.held_out.elbo == pytest.approx(its.held_out.elbo, abs=ELBO_DIFFERENCE)
    for name, value in weights(with_two).items():
        np.testing.assert_allclose(weights(member)[name], value, atol=1e-3)
