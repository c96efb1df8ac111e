"""The gradient worked out by hand is the one that autograd finds."""

from typing import Literal

import pytest
import torch

from tests.trainer.small import config
from trainer.contract.config import Config
from trainer.engine.mlp_gradient import MlpGradient, Workspaces
from trainer.models.architecture import Parameters
from trainer.models.ensemble import Ensemble
from trainer.models.likelihoods import LIKELIHOODS
from trainer.models.mlp import MLP
from trainer.models.objective import objective, rate_per_dim
from trainer.models.registry import initial_weights

CPU = torch.device("cpu")
BATCH = 9


def ensemble_of(*configs: Config) -> Ensemble:
    return Ensemble.build(configs, [initial_weights(one) for one in configs], CPU)


def grid(hidden: tuple[int, ...], loss: str) -> Ensemble:
    """Models padded from 2 and 5 to 7, β other than 1, an autoencoder."""
    likelihood: Literal["bernoulli", "gaussian"] = "gaussian" if loss == "mse" else "bernoulli"
    return ensemble_of(
        config(2, 1.0, hidden=hidden, loss=likelihood),
        config(7, 4.0, hidden=hidden, loss=likelihood),
        config(5, kind="ae", hidden=hidden, loss=likelihood),
    )


def batch_for(ensemble: Ensemble, batch: int = BATCH) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.rand(batch, 784, generator=torch.Generator().manual_seed(1))
    return x, ensemble.noise(("test",), 1, batch)[0]


def by_autograd(
    ensemble: Ensemble, x: torch.Tensor, noise: torch.Tensor, beta_scale: float = 1.0
) -> Parameters:
    """The gradient of the objective's formula, in double."""
    parameters = {n: value.double().requires_grad_() for n, value in ensemble.parameters.items()}
    beta = beta_scale * ensemble.beta.unsqueeze(-1) * ensemble.has_rate
    likelihood = LIKELIHOODS[ensemble.likelihood]
    free_bits = ensemble.free_bits()
    total, _ = objective(
        *(MLP, likelihood, parameters, x.double(), noise.double(), beta.double()),
        None if free_bits is None else free_bits.double(),
    )
    found = torch.autograd.grad(total, list(parameters.values()))
    return dict(zip(parameters, found, strict=True))


def by_hand(
    ensemble: Ensemble, x: torch.Tensor, noise: torch.Tensor, dtype: torch.dtype, beta_scale: float = 1.0
) -> Parameters:
    gradient = MlpGradient(ensemble, dtype, Workspaces())
    gradient(x, noise, beta_scale * ensemble.beta.unsqueeze(-1) * ensemble.has_rate)
    return gradient.gradients


@pytest.mark.parametrize("loss", ["bce", "mse"])
@pytest.mark.parametrize("hidden", [(16,), (16, 12), (16, 12, 10)])
@pytest.mark.parametrize("beta_scale", [1.0, 0.25])
def test_it_is_autograd_s_gradient(hidden: tuple[int, ...], loss: str, beta_scale: float) -> None:
    ensemble = grid(hidden, loss)
    x, noise = batch_for(ensemble)
    expected = by_autograd(ensemble, x, noise, beta_scale)
    for name, found in by_hand(ensemble, x, noise, torch.float32, beta_scale).items():
        scale = expected[name].abs().max().item()
        torch.testing.assert_close(found.double(), expected[name], rtol=1e-4, atol=1e-6 * scale, msg=name)


def test_in_bf16_it_is_nearly_the_same_and_comes_as_fp32() -> None:
    ensemble = grid((64,), "bce")
    x, noise = batch_for(ensemble, 64)
    expected = by_autograd(ensemble, x, noise)
    for name, found in by_hand(ensemble, x, noise, torch.bfloat16).items():
        assert found.dtype == torch.float32
        off = (found.double() - expected[name]).norm() / expected[name].norm()
        assert 0 < off < 0.02, name


def test_bf16_copies_follow_the_parameters_after_a_refresh() -> None:
    ensemble = grid((16,), "bce")
    x, noise = batch_for(ensemble)
    gradient = MlpGradient(ensemble, torch.bfloat16, Workspaces())
    weight = ensemble.beta.unsqueeze(-1) * ensemble.has_rate
    before = gradient(x, noise, weight).nats
    for value in ensemble.parameters.values():
        value.mul_(2)
    stale = gradient(x, noise, weight).nats
    gradient.refresh()
    fresh = gradient(x, noise, weight).nats
    expected = MlpGradient(ensemble, torch.bfloat16, Workspaces())(x, noise, weight).nats
    assert torch.equal(fresh, expected)
    assert not torch.equal(fresh, stale)
    assert not torch.equal(fresh, before)


def test_a_smaller_batch_in_between_leaves_no_trace() -> None:
    ensemble = grid((16,), "bce")
    x, noise = batch_for(ensemble)
    weight = ensemble.beta.unsqueeze(-1) * ensemble.has_rate
    gradient = MlpGradient(ensemble, torch.float32, Workspaces())
    gradient(x, noise, weight)
    first = {name: value.clone() for name, value in gradient.gradients.items()}
    gradient(x[:4], noise[:, :4], weight)
    assert not torch.equal(gradient.gradients["decoder.0.bias"], first["decoder.0.bias"])
    gradient(x, noise, weight)
    assert all(torch.equal(value, first[name]) for name, value in gradient.gradients.items())


def test_padding_has_no_gradient() -> None:
    ensemble = grid((16,), "bce")
    x, noise = batch_for(ensemble)
    found = by_hand(ensemble, x, noise, torch.float32)
    heads = found["heads.weight"].view(3, 16, 2, 7)  # (models, hidden, mean and log_var, latent)
    assert not heads[0, :, :, 2:].any()
    assert not heads[2, :, 0, 5:].any()
    assert not heads[2, :, 1].any()  # an autoencoder has no log-variance
    assert not found["decoder.0.weight"][0, 2:].any()
    assert heads[1].any(0).all()  # and what is no padding has one


def test_it_is_of_the_mean_over_images_and_each_model_s_own() -> None:
    """Adam hides a gradient's scale but for its ε, so compare the gradient itself."""
    one, both = ensemble_of(config(3)), ensemble_of(config(3), config(3, 4.0))
    x, noise = batch_for(both)
    once = by_hand(one, x, noise[:1], torch.float32)
    twice = by_hand(one, x.repeat(2, 1), noise[:1].repeat(1, 2, 1), torch.float32)
    together = by_hand(both, x, noise, torch.float32)
    for name, expected in once.items():
        torch.testing.assert_close(twice[name], expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(together[name][:1], expected, rtol=1e-4, atol=1e-5)


def test_with_free_bits_it_is_autograd_s_gradient_too() -> None:
    """Dimensions whose rate is below them have no gradient of it; padded, beside an autoencoder."""
    ensemble = ensemble_of(config(2), config(7, 4.0, free_bits=0.0066), config(5, kind="ae"))
    x, noise = batch_for(ensemble)
    rate = rate_per_dim(*ensemble.encode(x), ensemble.has_rate).mean(1)
    above = rate[1] > 0.0066
    assert 1 <= above.sum() <= 6  # the case has both
    expected = by_autograd(ensemble, x, noise)
    for name, found in by_hand(ensemble, x, noise, torch.float32).items():
        scale = expected[name].abs().max().item()
        torch.testing.assert_close(found.double(), expected[name], rtol=1e-4, atol=1e-6 * scale, msg=name)
    without = by_hand(ensemble_of(config(2), config(7, 4.0), config(5, kind="ae")), x, noise, torch.float32)
    log_var = by_hand(ensemble, x, noise, torch.float32)["heads.bias"][1, 0, 7:]
    assert torch.equal(log_var == without["heads.bias"][1, 0, 7:], above)
