"""AIS: right within its gap where log p(x) is known, and near the integral on 50 digits."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests import ROOT
from tests.trainer.evaluation.linear_gaussian import CPU, drawn_from, exact, linear_gaussian
from trainer.contract.config import read_config, weight_shapes
from trainer.contract.datasets.registry import load
from trainer.contract.run_dir import MODEL
from trainer.contract.tensors import read_tensors
from trainer.engine import denormals
from trainer.engine.batches import as_input
from trainer.evaluation import annealed_importance_sampling as ais
from trainer.evaluation.annealed_importance_sampling import anneal, gap, temperatures
from trainer.evaluation.integration import integrate
from trainer.models import likelihoods
from trainer.models.ensemble import Ensemble


def test_temperatures_rise_from_prior_to_posterior_in_growing_steps() -> None:
    betas = temperatures(50)
    steps = betas.diff()
    assert (len(betas), float(betas[0]), float(betas[-1])) == (51, 0, 1)
    assert bool((steps[1:] > steps[:-1]).all())


@pytest.mark.parametrize("latent", [1, 2, 3])
def test_a_linear_model_is_right_within_the_gap(latent: int) -> None:
    ensemble, a = linear_gaussian(latent=latent)
    x = drawn_from(a, 20)
    found = anneal(ensemble, x, 20, lambda part: None)
    between = gap(ensemble, 20, lambda part: None)
    assert between is not None
    assert abs(between.nats) < 0.1
    assert between.standard_error < 0.2
    off = found.nats - exact(a, x)
    assert abs(float(off.mean())) < abs(between.nats) + 3 * between.standard_error
    assert float(found.effective_chains.min()) > 1


def test_fewer_temperatures_give_a_wider_gap() -> None:
    ensemble, _ = linear_gaussian()
    wide, narrow = (gap(ensemble, count, lambda part: None) for count in (3, 30))
    assert wide is not None
    assert narrow is not None
    assert wide.nats > narrow.nats + 0.3


def test_the_encoder_has_no_say_and_progress_rises_to_the_end() -> None:
    (good, a), (poor, _) = linear_gaussian(), linear_gaussian(mean_scale=-3.0)
    x = drawn_from(a, 5)
    shares: list[float] = []
    torch.testing.assert_close(
        anneal(poor, x, 10, shares.append).nats, anneal(good, x, 10, lambda part: None).nats
    )
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


def test_without_a_sampler_there_is_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(likelihoods.LIKELIHOODS["gaussian"], sample=None)
    monkeypatch.setitem(likelihoods.LIKELIHOODS, "gaussian", row)
    assert gap(linear_gaussian()[0], 5, lambda part: None) is None


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine take longer than one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    denormals.flush()
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_ais_is_within_a_tenth_of_a_nat_of_the_integral_on_50_digits() -> None:
    """The shipped z = 2 model: posteriors with several modes, that the encoder misses now and then."""
    run = ROOT / "checkpoints" / "examples" / "vae-z2-b1-bce-s0"
    config = read_config(run)
    weights = read_tensors(run / MODEL, weight_shapes(config.model)).arrays
    ensemble = Ensemble.build([config], [{name: torch.from_numpy(w) for name, w in weights.items()}], CPU)
    x = as_input(torch.from_numpy(load("digits", Path()).test.pixels[:50]))
    with torch.no_grad():
        exact_nats = integrate(ensemble, x, lambda part: None).nats
    found = anneal(ensemble, x, 200, lambda part: None)
    assert ais.effort(2).chains == 32
    assert abs(float((found.nats - exact_nats).mean())) < 0.1
