"""The two halves of the objective, in nats per image: distortion and rate; and the sums kept of them.

objective = distortion + β·rate, and elbo = −(distortion + rate) whatever β is (Kingma & Welling 2014,
Higgins et al. 2017). Both halves are sums over pixels and latent dimensions, never means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from trainer.model import Ensemble
from trainer.run import PIXELS, Figures

ACTIVE_VARIANCE = 0.01  # Burda, Grosse & Salakhutdinov 2015, section 5.2


class _Bernoulli(torch.autograd.Function):
    """−log p(x|z) from logits, and the squared error that its gradient has at hand anyway."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        residual = torch.sigmoid(logits).sub_(x)  # (models, batch, pixels)
        distortion = functional.softplus(logits).addcmul_(logits, x, value=-1).sum(-1)  # (models, batch)
        squared_error = torch.linalg.vector_norm(residual, dim=-1).square_()  # (models, batch)
        ctx.save_for_backward(residual)
        ctx.mark_non_differentiable(squared_error)
        return distortion, squared_error

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (residual,) = ctx.saved_tensors
        return residual * gradients[0].unsqueeze(-1), None


def distortion(likelihood: str, logits: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """−log p(x|z) in nats and Σ(x − x̂)² of each image, both (models, batch).

    `logits` (models, batch, pixels); `x` (batch, pixels) in 0…1. Bernoulli: the cross-entropy summed over
    pixels. Gaussian: the summed squared error, that is σ² = ½ without its constant.
    """
    if likelihood == "bernoulli":
        nats, squared_error = _Bernoulli.apply(logits, x)
        return nats, squared_error
    squared_error = (logits - x).square().sum(-1)
    return squared_error, squared_error.detach()


def rate_per_dim(mean: Tensor, log_var: Tensor, mask: Tensor) -> Tensor:
    """KL(q(z|x) ‖ N(0, I)) of each latent dimension in nats: (models, batch, latent); `mask` drops padding.

    Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var) * mask


@dataclass
class Tally:
    """Sums over images of what one row of figures needs, kept on the device until an epoch is over."""

    distortion: Tensor  # (models,)
    rate: Tensor  # (models,)
    squared_error: Tensor  # (models,)
    kl_per_dim: Tensor  # (models, latent)
    mean: Tensor  # (models, latent)
    mean_squared: Tensor  # (models, latent)
    images: int = 0

    @staticmethod
    def of(ensemble: Ensemble) -> Tally:
        """A tally of nothing yet for every model of `ensemble`."""
        return Tally.empty(len(ensemble.configs), ensemble.latent, ensemble.device)

    @staticmethod
    def empty(models: int, latent: int, device: torch.device) -> Tally:
        """A tally of nothing; in double, so that 60 000 images do not wear a sum down (MPS has no double)."""
        dtype = torch.float32 if device.type == "mps" else torch.float64

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=dtype, device=device)

        return Tally(
            distortion=zeros(models),
            rate=zeros(models),
            squared_error=zeros(models),
            kl_per_dim=zeros(models, latent),
            mean=zeros(models, latent),
            mean_squared=zeros(models, latent),
        )

    def add(self, nats: Tensor, squared_error: Tensor, kl: Tensor, mean: Tensor) -> None:
        """Add a batch: nats and squared error (models, batch), KL and means (models, batch, latent)."""
        kl_per_dim = kl.detach().sum(1)  # (models, latent)
        means = mean.detach()
        self.distortion += nats.detach().sum(1)
        self.rate += kl_per_dim.sum(1)
        self.squared_error += squared_error.sum(1)
        self.kl_per_dim += kl_per_dim
        self.mean += means.sum(1)
        self.mean_squared += means.square().sum(1)
        self.images += nats.shape[1]

    def figures(self, index: int) -> Figures:
        """The means of model `index`: nats per image, squared error per pixel."""
        distortion = float(self.distortion[index]) / self.images
        rate = float(self.rate[index]) / self.images
        mse = float(self.squared_error[index]) / self.images / PIXELS
        return Figures(distortion, rate, -(distortion + rate), mse)

    def kl(self, index: int, latent: int) -> tuple[float, ...]:
        """Nats per image in each of the model's own dimensions."""
        return tuple((self.kl_per_dim[index, :latent] / self.images).tolist())

    def active_units(self, index: int, latent: int) -> int:
        """Dimensions whose posterior mean varies over images by more than 0.01 (Burda et al. 2015)."""
        mean = self.mean[index, :latent] / self.images
        variance = self.mean_squared[index, :latent] / self.images - mean.square()
        return int((variance > ACTIVE_VARIANCE).sum())
