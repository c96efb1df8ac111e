"""Distortion and rate against PyTorch's own distributions; sums against plain means."""

import math
from typing import Any

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits

from tests.trainer.small import config
from trainer.engine.metric_sums import MetricSums
from trainer.models.architecture import Parameters
from trainer.models.likelihoods import LIKELIHOODS, distortion
from trainer.models.mlp import MLP
from trainer.models.objective import OBJECTIVES, rate_per_dim
from trainer.models.registry import initial_weights

CPU = torch.device("cpu")


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_bernoulli_distortion_is_the_negative_log_likelihood_in_nats() -> None:
    logits, x = 3 * drawn(2, 5, 784), drawn(5, 784, seed=1).sigmoid()
    nats, squared_error = distortion("bernoulli", logits, x)
    p = logits.sigmoid()
    expected = -(x * p.log() + (1 - x) * (-p).log1p()).sum(-1)
    torch.testing.assert_close(nats, expected)
    torch.testing.assert_close(squared_error, (logits.sigmoid() - x).square().sum(-1))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_slope_is_the_gradient_by_the_logits(likelihood: str) -> None:
    logits, x = 3 * drawn(2, 3, 10), drawn(3, 10, seed=1).sigmoid()
    slope = torch.empty_like(logits)
    distortion(likelihood, logits, x, slope)
    wanted = logits.clone().requires_grad_()
    nats = (
        binary_cross_entropy_with_logits(wanted, x.expand_as(wanted), reduction="sum")
        if likelihood == "bernoulli"
        else (wanted - x).square().sum()
    )
    torch.testing.assert_close(slope, torch.autograd.grad(nats, wanted)[0])


def test_bernoulli_distortion_stays_finite_at_large_logits() -> None:
    logits = torch.tensor([[[200.0, -200.0]]])
    slope = torch.empty_like(logits)
    nats, _ = distortion("bernoulli", logits, torch.tensor([[0.0, 1.0]]), slope)
    assert nats.item() == pytest.approx(400)
    assert slope.tolist() == [[[1.0, -1.0]]]


def test_gaussian_distortion_is_the_summed_squared_error() -> None:
    nats, squared_error = distortion("gaussian", torch.tensor([[[0.5, 1.0]]]), torch.tensor([[0.0, 0.0]]))
    assert nats.item() == squared_error.item() == pytest.approx(1.25)


def test_rate_is_the_kl_divergence_to_the_prior_without_padding() -> None:
    mean, log_var = drawn(2, 5, 4), drawn(2, 5, 4, seed=1)
    own = torch.tensor([[[1.0, 1, 1, 1]], [[1.0, 1, 0, 0]]])
    expected = kl_divergence(Normal(mean, (0.5 * log_var).exp()), Normal(0.0, 1.0))
    kl = rate_per_dim(mean, log_var, own)
    torch.testing.assert_close(kl[0], expected[0])
    torch.testing.assert_close(kl[1, :, :2], expected[1, :, :2])
    assert not kl[1, :, 2:].any()


def test_a_partial_last_batch_weighs_by_its_images() -> None:
    nats, squared_error, kl, mean = (
        drawn(2, 7),
        drawn(2, 7, seed=1),
        drawn(2, 7, 3, seed=2),
        drawn(2, 7, 3, seed=3),
    )
    metrics = MetricSums(torch.zeros(2, 2 + 3 * 3, dtype=torch.float64))
    for rows in (slice(0, 5), slice(5, 7)):
        metrics.add(*(terms[None, :, rows] for terms in (nats, squared_error, kl, mean)))
    figures = metrics.figures(1)
    assert metrics.images == 7
    assert figures.distortion == pytest.approx(nats[1].mean().item())
    assert figures.rate == pytest.approx(kl[1].sum(-1).mean().item())
    assert figures.elbo == pytest.approx(-(figures.distortion + figures.rate))
    assert figures.mse == pytest.approx(squared_error[1].mean().item() / 784)
    assert metrics.kl(1, 2) == pytest.approx(kl[1].mean(0)[:2].tolist())


def test_a_cleared_tally_is_the_same_tensor_at_zero() -> None:
    """A CUDA graph adds to the tensor that it was captured with."""
    metrics = MetricSums(torch.zeros(1, 2 + 3 * 2, dtype=torch.float64))
    metrics.add(drawn(1, 1, 5), drawn(1, 1, 5), drawn(1, 1, 5, 2), drawn(1, 1, 5, 2))
    before = metrics.sums.data_ptr()
    assert metrics.sums.all()
    metrics.clear()
    assert metrics.sums.data_ptr() == before
    assert not metrics.sums.any()
    assert metrics.images == 0


def test_active_units_are_dimensions_whose_mean_varies() -> None:
    mean = torch.tensor([5.0, 5.0]) + torch.tensor([0.2, 0.05]) * drawn(1, 4000, 2)
    metrics = MetricSums(torch.zeros(1, 2 + 3 * 2, dtype=torch.float64))
    metrics.add(torch.zeros(1, 1, 4000), torch.zeros(1, 1, 4000), torch.zeros(1, 1, 4000, 2), mean[None])
    assert math.isclose(0.2**2, 0.04)  # above the threshold of 0.01; 0.05² is below
    assert metrics.active_units(0, 2) == 1


def test_rate_is_never_negative_and_what_sampling_the_posterior_gives() -> None:
    """KL = E_q[log q(z) − log p(z)], both densities less ½·log 2π."""
    generator = torch.Generator().manual_seed(0)
    mean, log_var = (torch.randn(2, 6, 3, generator=generator) for _ in range(2))
    rate = rate_per_dim(mean, log_var, torch.ones(1, 1, 3))
    assert (rate >= 0).all()
    noise = torch.randn(40_000, 2, 6, 3, generator=generator)
    z = mean + noise * (0.5 * log_var).exp()
    log_q = -0.5 * (log_var + (z - mean).square() / log_var.exp())
    ratios = (log_q + 0.5 * z.square()).double()  # (draws, models, batch, latent)
    error = ratios.std(0) / 200
    assert ((rate - ratios.mean(0)).abs() < 5 * error).all()


# --- the objectives

PARAMETERS = {
    name: value.double()
    for name, value in MLP.stack(
        [initial_weights(config(3, hidden=(8,)))], [config(3, hidden=(8,)).model], CPU
    ).items()
}
X = drawn(6, 784, seed=5).sigmoid()
BETA = torch.ones(1, 1, 3, dtype=torch.float64)


def value_of(name: str, parameters: Parameters, noise: torch.Tensor, free_bits: float = 0.0) -> torch.Tensor:
    free = torch.tensor([[[free_bits]]]) if free_bits else None
    total, _ = OBJECTIVES[name](MLP, LIKELIHOODS["bernoulli"], parameters, X, noise, BETA, free)
    return total


def gradient_of(name: str, noise: torch.Tensor, free_bits: float = 0.0) -> Parameters:
    leaves = {n: value.clone().requires_grad_() for n, value in PARAMETERS.items()}
    found = torch.autograd.grad(value_of(name, leaves, noise, free_bits), list(leaves.values()))
    return dict(zip(leaves, found, strict=True))


def test_free_bits_are_the_least_that_a_dimension_s_rate_over_the_batch_counts() -> None:
    noise = drawn(1, 6, 3)
    mean, log_var = MLP.encode(PARAMETERS, X)
    rates = rate_per_dim(mean, log_var, BETA).mean(1).flatten()
    free_bits = rates.median().item() * 1.0001  # above two of three
    counted = sum(max(free_bits, rate) for rate in rates.tolist())
    difference = value_of("elbo", PARAMETERS, noise, free_bits) - value_of("elbo", PARAMETERS, noise)
    assert difference.item() == pytest.approx(counted - rates.sum().item(), abs=1e-9)
    assert difference > 0


def test_the_iwae_bound_is_the_mean_of_the_importance_weights() -> None:
    """Against PyTorch's own densities, weight by weight."""
    noise = drawn(1, 6, 5, 3)
    mean, log_var = MLP.encode(PARAMETERS, X)
    posterior: Any = Normal(mean, (0.5 * log_var).exp())
    prior: Any = Normal(0.0, 1.0)
    log_weights = []
    for k in range(5):
        z = posterior.loc + posterior.scale * noise[:, :, k]
        log_x = -binary_cross_entropy_with_logits(MLP.decode(PARAMETERS, z), X[None], reduction="none").sum(
            -1
        )
        log_weights.append(log_x + (prior.log_prob(z) - posterior.log_prob(z)).sum(-1))
    bound = torch.stack(log_weights).exp().mean(0).log()  # (models, images)
    assert value_of("iwae", PARAMETERS, noise).item() == pytest.approx(-bound.mean().item(), rel=1e-9)


def test_with_one_sample_the_iwae_bound_has_the_gradient_of_the_elbo() -> None:
    """Exactly over ε = ±1, which has the mean and variance of N(0, 1), so that E[z²] is that of the KL."""
    sign = drawn(1, 6, 3, seed=7).sign()
    halves = [gradient_of("iwae", s.unsqueeze(2)) for s in (sign, -sign)]
    elbo = [gradient_of("elbo", s) for s in (sign, -sign)]
    for name in PARAMETERS:
        torch.testing.assert_close(halves[0][name] + halves[1][name], elbo[0][name] + elbo[1][name])


def test_what_is_trained_on_the_bound_of_five_samples_has_a_better_one() -> None:
    noise = drawn(1, 6, 5, 3)
    bounds = []
    for name, own in (("elbo", noise[:, :, 0]), ("iwae", noise)):
        trained = {n: value.clone().requires_grad_() for n, value in PARAMETERS.items()}
        adam = torch.optim.Adam(trained.values(), 0.02)
        for _ in range(30):
            adam.zero_grad()
            torch.autograd.backward(value_of(name, trained, own))
            adam.step()
        bounds.append(value_of("iwae", trained, noise).item())
    assert bounds[1] < bounds[0] - 0.2 < value_of("iwae", PARAMETERS, noise).item() - 1


def test_more_samples_give_a_tighter_bound() -> None:
    noise = drawn(1, 6, 50, 3)
    one = torch.stack([value_of("iwae", PARAMETERS, noise[:, :, k : k + 1]) for k in range(50)]).mean()
    assert value_of("iwae", PARAMETERS, noise) < one


@pytest.mark.parametrize(("name", "free_bits"), [("elbo", 0.0), ("elbo", 0.01), ("iwae", 0.0)])
def test_gradients_are_finite_differences(name: str, free_bits: float) -> None:
    noise = drawn(1, 6, 4, 3) if name == "iwae" else drawn(1, 6, 3)
    found = gradient_of(name, noise, free_bits)
    for seed, weight in enumerate(PARAMETERS):
        step = {weight: 1e-5 * drawn(*PARAMETERS[weight].shape, seed=seed)}
        ahead, behind = (
            value_of(name, PARAMETERS | {weight: PARAMETERS[weight] + sign * step[weight]}, noise, free_bits)
            for sign in (1, -1)
        )
        slope = (found[weight] * step[weight]).sum().item()
        assert (ahead - behind).item() / 2 == pytest.approx(slope, rel=1e-4, abs=1e-10)


def test_metrics_are_the_terms_of_the_elbo_at_the_first_sample() -> None:
    noise = drawn(1, 6, 4, 3)
    arguments = (MLP, LIKELIHOODS["bernoulli"], PARAMETERS, X)
    _, several = OBJECTIVES["iwae"](*arguments, noise, BETA)
    _, one = OBJECTIVES["elbo"](*arguments, noise[:, :, 0], BETA)
    for ours, its in zip(several, one, strict=True):
        torch.testing.assert_close(ours, its)
