"""The app's numpy network and the trainer's are the same function of the same weights, to 1e-5."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.trainer.small import config, dataset, directories
from trainer.contract.config import Config
from trainer.contract.run_dir import MODEL
from trainer.contract.tensors import Array, read_tensors
from trainer.engine.precision import Arithmetic
from trainer.evaluation.metrics import measure
from trainer.models.ensemble import Ensemble
from trainer.models.likelihoods import distortion
from trainer.models.mlp import decode, encode
from trainer.models.objective import rate_per_dim
from trainer.train_runs import train_runs
from vaetui.models import registry

CPU = torch.device("cpu")
GRID = [config(2, hidden=(40,)), config(9, 4.0, hidden=(40,)), config(9, kind="ae", hidden=(40,))]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    found = directories(tmp_path_factory.mktemp("runs"), GRID)
    train_runs(found, GRID, dataset(), CPU, Arithmetic("fp32"), lambda: False)
    return found


def torch_model(run: Path, one: Config) -> Ensemble:
    weights = {name: torch.from_numpy(value) for name, value in read_tensors(run / MODEL).arrays.items()}
    return Ensemble.build([one], [weights], CPU)


@pytest.mark.parametrize("index", range(len(GRID)))
def test_encode_decode_nats_and_rate_agree(runs: list[Path], index: int) -> None:
    one, run = GRID[index], runs[index]
    ours, its = registry.load_model(run, one), torch_model(run, one)
    x: Array = (dataset().test.pixels / 255).astype(np.float32)
    z = np.random.default_rng(0).standard_normal((57, one.model.latent)).astype(np.float32)
    with torch.no_grad():
        mean, log_var = encode(its.parameters, torch.from_numpy(x))
        logits = decode(its.parameters, torch.from_numpy(z)[None])
        nats, _ = distortion("bernoulli", logits, torch.from_numpy(x))
        rate = rate_per_dim(mean, log_var, its.has_rate).sum(-1)
    posterior = ours.encode(x)
    np.testing.assert_allclose(posterior.mean, mean[0].numpy(), atol=1e-5)
    if posterior.log_var is not None:
        np.testing.assert_allclose(posterior.log_var, log_var[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(ours.decode(z), logits[0].sigmoid().numpy(), atol=1e-5)
    np.testing.assert_allclose(ours.distortion(x, z), nats[0].numpy(), rtol=1e-5)
    np.testing.assert_allclose(ours.rate(posterior), rate[0].numpy(), rtol=1e-5, atol=1e-5)


def test_evaluation_figures_follow_from_the_same_network(runs: list[Path]) -> None:
    """An autoencoder draws nothing, so numpy alone gives the trainer's test distortion."""
    ours = registry.load_model(runs[2], GRID[2])
    x = (dataset().test.pixels / 255).astype(np.float32)
    metrics = measure(torch_model(runs[2], GRID[2]), torch.from_numpy(dataset().test.pixels), "test")
    assert ours.distortion(x, ours.encode(x).mean).mean() == pytest.approx(
        metrics.figures(0).distortion, rel=1e-5
    )
