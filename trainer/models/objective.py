"""The training objective, in nats per image, as its formula.

    elbo: objective = distortion + β·rate,  ELBO = −(distortion + rate)
    with free bits λ: objective = distortion + β·Σ over dimensions of max(λ, rate of the dimension)
    iwae: objective = −log (1/K) Σ over K samples of p(x|z) p(z) / q(z|x)

Kingma & Welling 2014; Higgins et al. 2017; free bits: Kingma et al. 2016, section 2.4 and appendix C.8; IWAE:
Burda, Grosse & Salakhutdinov 2015, equation 8. Distortion and rate are sums over pixels and latent
dimensions, never means. This is the reference that the hand-written gradient of the ELBO is tested against,
and what is trained by where there is none (`trainer.engine.autograd`): other architectures, and IWAE.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from trainer.models.architecture import Architecture, Parameters
from trainer.models.likelihoods import TorchLikelihood


class StepTerms(NamedTuple):
    """The terms of one step's batch that metrics are made of: those of the ELBO at one posterior sample.

    They are the same for every objective, so that metrics compare: the rate without free bits, and for IWAE
    the first of the samples.
    """

    nats: Tensor  # (models, batch)
    squared_error: Tensor  # (models, batch)
    mean: Tensor  # (models, batch, latent)
    log_var: Tensor  # (models, batch, latent)


def rate_per_dim(mean: Tensor, log_var: Tensor, mask: Tensor) -> Tensor:
    """Return KL(q(z|x) ‖ N(0, I)) of each latent dimension in nats: (models, batch, latent).

    Kingma & Welling 2014, appendix B. `mask` is 0 in padding.
    """
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var) * mask


def rate_above(mean: Tensor, log_var: Tensor, mask: Tensor, free_bits: Tensor) -> Tensor:
    """Return 1 for dimensions whose rate, averaged over the batch, is above λ, else 0: (models, 1, latent).

    The gradient of max(λ, rate) by the rate. `free_bits` is λ (models, 1, 1).
    """
    return (rate_per_dim(mean, log_var, mask).mean(1, keepdim=True) > free_bits).to(mean.dtype)


def _weighted_rate(mean: Tensor, log_var: Tensor, beta: Tensor, free_bits: Tensor | None) -> Tensor:
    """Return Σ over dimensions of β·max(λ, rate averaged over the batch): (models,)."""
    if free_bits is None:
        return rate_per_dim(mean, log_var, beta).sum(-1).mean(-1)
    rate = rate_per_dim(mean, log_var, torch.ones_like(beta)).mean(1, keepdim=True)  # (models, 1, latent)
    return (beta * torch.maximum(rate, free_bits)).sum((1, 2))


def objective(
    architecture: Architecture,
    likelihood: TorchLikelihood,
    parameters: Parameters,
    x: Tensor,
    noise: Tensor,
    beta: Tensor,
    free_bits: Tensor | None = None,
) -> tuple[Tensor, StepTerms]:
    """Return Σ over models of the mean objective of a batch, a scalar, and its terms.

    Images x (batch, pixels) in 0…1, noise (models, batch, latent), β (models, 1, latent), which is 0 in
    padding and for autoencoders, and λ (models, 1, 1), None where no model has free bits.
    """
    mean, log_var = architecture.encode(parameters, x)  # (models, batch, latent)
    z = mean + noise * (0.5 * log_var).exp()
    output = architecture.decode(parameters, z)  # (models, batch, pixels)
    distortion = likelihood.nats(output, x).sum(-1)  # (models, batch)
    total = (distortion.mean(-1) + _weighted_rate(mean, log_var, beta, free_bits)).sum()
    squared_error = (likelihood.mean(output) - x).square().sum(-1)
    return total, StepTerms(distortion, squared_error, mean, log_var)


def _at_least_fp32(value: Tensor) -> Tensor:
    """Return `value` as fp32 where autocast computed it in bf16: log-weights need all digits."""
    return value.to(torch.promote_types(value.dtype, torch.float32))


def importance_weighted_objective(
    architecture: Architecture,
    likelihood: TorchLikelihood,
    parameters: Parameters,
    x: Tensor,
    noise: Tensor,
    beta: Tensor,
    _free_bits: Tensor | None = None,
) -> tuple[Tensor, StepTerms]:
    """Return Σ over models of the negative IWAE bound, averaged over a batch, and the terms of `objective`.

    Arguments as in `objective`, noise (models, batch, samples, latent); β is 1, and 0 in padding.
    """
    mean, log_var = map(_at_least_fp32, architecture.encode(parameters, x))  # (models, batch, latent)
    z = mean.unsqueeze(2) + noise * (0.5 * log_var).exp().unsqueeze(2)  # (models, batch, samples, latent)
    output = _at_least_fp32(
        architecture.decode(parameters, z.flatten(1, 2))
    )  # (models, batch·samples, pixels)
    output = output.view(*z.shape[:3], -1)  # (models, batch, samples, pixels)
    distortion = likelihood.nats(output, x.unsqueeze(1)).sum(-1)  # (models, batch, samples)
    # log p(z) − log q(z|x), in which the constants cancel.
    per_dim = 0.5 * (noise.square() + log_var.unsqueeze(2) - z.square())  # (models, batch, samples, latent)
    log_ratio = (per_dim * beta.unsqueeze(2)).sum(-1)  # (models, batch, samples)
    bound = torch.logsumexp(log_ratio - distortion, -1) - math.log(noise.shape[2])  # (models, batch)
    squared_error = (likelihood.mean(output[:, :, 0]) - x).square().sum(-1)
    return -bound.mean(-1).sum(), StepTerms(distortion[:, :, 0], squared_error, mean, log_var)


OBJECTIVES: dict[str, Callable[..., tuple[Tensor, StepTerms]]] = {
    "elbo": objective,
    "iwae": importance_weighted_objective,
}
