"""The two halves of the objective, in nats per image: distortion and rate; and the sums kept of them.

objective = distortion + β·rate, and elbo = −(distortion + rate) whatever β is (Kingma & Welling 2014,
Higgins et al. 2017). Both halves are sums over pixels and latent dimensions, never means.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.contract.config import PIXELS
from trainer.contract.metrics import Figures
from trainer.models.mlp import Ensemble

_softplus = torch.ops.aten.softplus.out  # the public one takes no buffer

ACTIVE_VARIANCE = 0.01  # Burda, Grosse & Salakhutdinov 2015, section 5.2


def distortion(
    likelihood: str, logits: Tensor, x: Tensor, slope: Tensor | None = None, scratch: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """−log p(x|z) in nats and Σ(x − x̂)² of each image, both (models, batch).

    `logits` (models, batch, pixels); `x` (batch, pixels) in 0…1. Bernoulli: the cross-entropy summed over
    pixels. Gaussian: the summed squared error, that is σ² = ½ without its constant. `slope` and `scratch` are
    buffers as large as `logits`: the first gets d nats / d logits, the second nothing that is of use.
    """
    slope = torch.empty_like(logits) if slope is None else slope
    scratch = torch.empty_like(logits) if scratch is None else scratch
    return _DISTORTIONS[likelihood](logits, x, slope, scratch)


def _bernoulli(logits: Tensor, x: Tensor, slope: Tensor, scratch: Tensor) -> tuple[Tensor, Tensor]:
    torch.sigmoid(logits, out=slope).sub_(x)
    nats = _softplus(logits, out=scratch).addcmul_(logits, x, value=-1).sum(-1)
    return nats, torch.linalg.vector_norm(slope, dim=-1).square_()


def _gaussian(logits: Tensor, x: Tensor, slope: Tensor, _scratch: Tensor) -> tuple[Tensor, Tensor]:
    torch.sub(logits, x, out=slope)
    squared_error = torch.linalg.vector_norm(slope, dim=-1).square_()
    slope.mul_(2)
    return squared_error, squared_error


_DISTORTIONS = {"bernoulli": _bernoulli, "gaussian": _gaussian}


def rate_per_dim(mean: Tensor, log_var: Tensor, mask: Tensor) -> Tensor:
    """KL(q(z|x) ‖ N(0, I)) of each latent dimension in nats: (models, batch, latent); `mask` drops padding.

    Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var) * mask


@dataclass
class Tally:
    """Sums over images of what one row of figures needs, kept on the device until an epoch is over."""

    sums: Tensor  # (models, 2 + 3·latent): distortion, squared error; KL, mean and mean² of each dimension
    images: int = 0

    @staticmethod
    def of(ensemble: Ensemble) -> Tally:
        """A tally of nothing yet for every model of `ensemble`."""
        return Tally.empty(len(ensemble.configs), ensemble.latent, ensemble.device)

    @staticmethod
    def empty(models: int, latent: int, device: torch.device) -> Tally:
        """A tally of nothing; in double, so that 60 000 images do not wear a sum down (MPS has no double)."""
        dtype = torch.float32 if device.type == "mps" else torch.float64
        return Tally(torch.zeros((models, 2 + 3 * latent), dtype=dtype, device=device))

    @property
    def distortion(self) -> Tensor:
        """Nats, (models,)."""
        return self.sums[:, 0]

    @property
    def squared_error(self) -> Tensor:
        """Of all pixels, (models,)."""
        return self.sums[:, 1]

    @property
    def kl_per_dim(self) -> Tensor:
        """Nats, (models, latent)."""
        return self._by_dim[:, 0]

    @property
    def mean(self) -> Tensor:
        """Posterior means, (models, latent)."""
        return self._by_dim[:, 1]

    @property
    def mean_squared(self) -> Tensor:
        """Squares of posterior means, (models, latent)."""
        return self._by_dim[:, 2]

    @property
    def _by_dim(self) -> Tensor:
        return self.sums[:, 2:].view(len(self.sums), 3, -1)

    def clear(self) -> None:
        """Begin anew, in place: a CUDA graph adds to this very tensor."""
        self.sums.zero_()
        self.images = 0

    def add(self, nats: Tensor, squared_error: Tensor, kl: Tensor, mean: Tensor) -> None:
        """Add some batches of one size, one after the other.

        Nats and squared error (batches, models, batch), KL and means (batches, models, batch, latent). Each
        batch is summed in fp32, then the batches in their order, so one call or many give the same bits, but
        for batches of 32 768 images or more: PyTorch may share such a sum among threads. They come singly.
        """
        per_image = (nats.unsqueeze(-1), squared_error.unsqueeze(-1), kl, mean, mean.square())
        by_batch = torch.cat([values.sum(2) for values in per_image], -1)  # (batches, models, 2 + 3·latent)
        running = torch.cumsum(torch.cat([self.sums.unsqueeze(0), by_batch.to(self.sums.dtype)]), 0)
        self.sums.copy_(running[-1])
        self.images += nats.shape[0] * nats.shape[2]

    def figures(self, index: int) -> Figures:
        """The means of model `index`: nats per image, squared error per pixel."""
        distortion = float(self.distortion[index]) / self.images
        rate = float(self.kl_per_dim[index].sum()) / self.images
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
