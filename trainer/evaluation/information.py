"""The rate of a VAE, split into what its codes say of the image and how far all codes are from the prior.

    rate = E_x KL(q(z|x) ‖ p(z)) = I(x; z) + KL(q(z) ‖ p(z)),  q(z) = 1/N Σₙ q(z|xₙ)

Hoffman & Johnson 2016. The aggregated posterior q(z) is that of the N images measured, exactly: a mixture of
N normals, whose density at one draw of each image is summed over all N. I(x; z) is then information about
which of the N images it is, and so at most log N: where it is near, the split says little.

The minibatch-weighted estimate (Chen, Li, Grosse & Duvenaud 2018, equation S5) takes q(z) from a minibatch of
M images, as a training step could: log q(z) ≈ log 1/(NM) Σ over the minibatch, in expectation below log q(z),
so that its information is too high.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from trainer.contract.evaluation import Information
from trainer.contract.tensors import Array
from trainer.models.seeds import seed_of

MINIBATCH = 128
BLOCK = 1000  # draws whose density under all posteriors is held at once


def information(mean: Array, log_var: Array, seed: int) -> Information:
    """Split the rate of posteriors N(mean, exp(log_var)), both (images, latent), by one draw an image."""
    posteriors = _Posteriors(torch.from_numpy(mean).double(), torch.from_numpy(log_var).double())
    images, latent = mean.shape
    generator = torch.Generator().manual_seed(seed_of("information", seed, images, latent))
    noise = torch.randn((images, latent), generator=generator).double()
    z = posteriors.draw(noise)  # (images, latent)
    constant = 0.5 * latent * math.log(2 * math.pi)
    own = -0.5 * (noise.square() + posteriors.log_var).sum(1) - constant  # log q(z|x), (images,)
    prior = -0.5 * z.square().sum(1) - constant  # log p(z), (images,)
    aggregated = torch.cat([posteriors.log_mixture(part) for part in torch.split(z, BLOCK)]) - math.log(
        images
    )
    batches = zip(torch.split(z, MINIBATCH), posteriors.split(MINIBATCH), strict=True)
    weighted = torch.cat([batch.log_mixture(part) - math.log(images * len(part)) for part, batch in batches])
    bits, divergence = own - aggregated, aggregated - prior  # (images,)
    return Information(
        information=float(bits.mean()),
        information_error=_standard_error(bits),
        marginal_kl=float(divergence.mean()),
        marginal_kl_error=_standard_error(divergence),
        minibatch_information=float((own - weighted).mean()),
        minibatch=MINIBATCH,
        images=images,
        seed=seed,
    )


class _Posteriors:
    """Diagonal normals, with what their densities at many points are computed from by matrix products."""

    def __init__(self, mean: Tensor, log_var: Tensor) -> None:
        self.mean, self.log_var = mean, log_var  # (images, latent)
        self.precision = (-log_var).exp()
        self.scaled = mean * self.precision
        self.offset = (mean * self.scaled + log_var).sum(1) + mean.shape[1] * math.log(2 * math.pi)

    def draw(self, noise: Tensor) -> Tensor:
        """Return one draw of each, (images, latent)."""
        return self.mean + noise * (0.5 * self.log_var).exp()

    def log_mixture(self, z: Tensor) -> Tensor:
        """Return log Σ over all of q(z|x) at z (draws, latent): (draws,)."""
        squares = z.square() @ self.precision.T - 2 * z @ self.scaled.T + self.offset  # (draws, images)
        return (-0.5 * squares).logsumexp(1)

    def split(self, size: int) -> list[_Posteriors]:
        """Return the same posteriors in minibatches."""
        parts = zip(torch.split(self.mean, size), torch.split(self.log_var, size), strict=True)
        return [_Posteriors(mean, log_var) for mean, log_var in parts]


def _standard_error(values: Tensor) -> float:
    return float(np.std(values.numpy(), ddof=min(1, len(values) - 1))) / math.sqrt(len(values))
