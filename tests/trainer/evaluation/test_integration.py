"""The integral over the latent space: right where log p(x) is known, wherever the code lies, or refused."""

import pytest
import torch
from torch import Tensor

from tests.trainer.evaluation.linear_gaussian import drawn_from, exact, linear_gaussian
from trainer.evaluation import integration
from trainer.evaluation.integration import TOLERANCE, Integral, NotIntegrable, integrate
from trainer.models import likelihoods
from trainer.models.ensemble import Ensemble


@torch.no_grad()
def of(ensemble: Ensemble, x: Tensor) -> Integral:
    return integrate(ensemble, x, lambda part: None)


@pytest.mark.parametrize("latent", [1, 2, 3])
def test_a_linear_model_is_integrated_to_the_tolerance(latent: int) -> None:
    ensemble, a = linear_gaussian(latent=latent)
    x = drawn_from(a, 20 if latent < 3 else 3)
    found = of(ensemble, x)
    assert float((found.nats - exact(a, x)).abs().max()) < TOLERANCE
    assert float(found.error.max()) < TOLERANCE


def test_a_code_far_outside_the_prior_is_found() -> None:
    ensemble, a = linear_gaussian()
    x = drawn_from(a, 10, scale=20.0)
    codes = ensemble.encode(x)[0][0]
    assert float(codes.abs().max()) > 10
    assert float((of(ensemble, x).nats - exact(a, x)).abs().max()) < TOLERANCE


def test_what_the_encoder_says_does_not_matter() -> None:
    (good, a), (poor, _) = linear_gaussian(), linear_gaussian(mean_scale=-3.0, log_var_shift=-2.0)
    x = drawn_from(a, 5)
    torch.testing.assert_close(of(poor, x).nats, of(good, x).nats)


def test_a_narrow_posterior_gets_a_finer_grid_than_a_wide_one(monkeypatch: pytest.MonkeyPatch) -> None:
    ensemble, a = linear_gaussian()
    weights = dict(ensemble.parameters)
    for name in ("decoder.1.weight",):  # ten times as steep, so a tenth as wide
        weights[name] = weights[name] * 10
    narrow = Ensemble(ensemble.configs, weights, ensemble.has_rate, ensemble.beta)
    x = drawn_from(10 * a, 10)
    found = of(narrow, x)
    assert float((found.nats - exact(10 * a, x)).abs().max()) < TOLERANCE
    monkeypatch.setattr(integration, "HALVINGS", 2)
    with pytest.raises(NotIntegrable, match="did not converge"):
        of(narrow, x)


def test_images_in_blocks_are_integrated_as_together(monkeypatch: pytest.MonkeyPatch) -> None:
    ensemble, a = linear_gaussian()
    x = drawn_from(a, 5)
    shares: list[float] = []
    whole = of(ensemble, x).nats
    monkeypatch.setattr(integration, "IMAGES", (2, 2, 2))
    with torch.no_grad():
        parts = integrate(ensemble, x, shares.append)
    torch.testing.assert_close(parts.nats, whole, rtol=0, atol=TOLERANCE)
    assert shares == [0.4, 0.8, 1.0]


def test_too_many_dimensions_too_many_nodes_and_an_unbounded_likelihood_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ensemble, a = linear_gaussian()
    x = drawn_from(a, 2)
    monkeypatch.setattr(integration, "MOST_NODES", 100)
    with pytest.raises(NotIntegrable, match="more than 100 nodes"):
        of(ensemble, x)
    monkeypatch.undo()
    monkeypatch.setattr(integration, "pairwise_nats", lambda *_: likelihoods.pairwise_nats(*_) - 1000)
    with pytest.raises(NotIntegrable, match="likelihood exceeds 1"):
        of(ensemble, x)
    monkeypatch.setattr(integration, "MOST_DIMENSIONS", 1)
    with pytest.raises(NotIntegrable, match="at most 1 latent dimensions, not 2"):
        of(ensemble, x)
