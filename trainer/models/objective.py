"""The training objective, in nats per image, as its formula.

    objective = distortion + β·rate,  elbo = −(distortion + rate)

Kingma & Welling 2014; Higgins et al. 2017. Distortion and rate are sums over pixels and latent dimensions,
never means. This is the reference that the hand-written gradient is tested against, and what architectures
without one are trained by (`trainer.engine.autograd`).
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from trainer.models.architecture import Architecture, Parameters
from trainer.models.likelihoods import TorchLikelihood


class StepTerms(NamedTuple):
    """The terms of one step's batch that metrics are made of."""

    nats: Tensor  # (models, batch)
    squared_error: Tensor  # (models, batch)
    mean: Tensor  # (models, batch, latent)
    log_var: Tensor  # (models, batch, latent)


def rate_per_dim(mean: Tensor, log_var: Tensor, mask: Tensor) -> Tensor:
    """Return KL(q(z|x) ‖ N(0, I)) of each latent dimension in nats: (models, batch, latent).

    Kingma & Welling 2014, appendix B. `mask` is 0 in padding.
    """
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var) * mask


def objective(
    architecture: Architecture,
    likelihood: TorchLikelihood,
    parameters: Parameters,
    x: Tensor,
    noise: Tensor,
    beta: Tensor,
) -> tuple[Tensor, StepTerms]:
    """Return Σ over models of the mean objective of a batch, a scalar, and its terms.

    Images x (batch, pixels) in 0…1, noise (models, batch, latent), and β (models, 1, latent), which is 0 in
    padding and for autoencoders.
    """
    mean, log_var = architecture.encode(parameters, x)  # (models, batch, latent)
    z = mean + noise * (0.5 * log_var).exp()
    output = architecture.decode(parameters, z)  # (models, batch, pixels)
    distortion = likelihood.nats(output, x).sum(-1)  # (models, batch)
    rate = rate_per_dim(mean, log_var, beta)  # (models, batch, latent), times β
    total = (distortion + rate.sum(-1)).mean(-1).sum()
    squared_error = (likelihood.mean(output) - x).square().sum(-1)
    return total, StepTerms(distortion, squared_error, mean, log_var)
