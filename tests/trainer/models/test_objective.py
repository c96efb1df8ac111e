"""Distortion and rate against PyTorch's own distributions; sums against plain means."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits

from trainer.engine.metric_sums import MetricSums
from trainer.models.likelihoods import distortion
from trainer.models.objective import rate_per_dim

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
