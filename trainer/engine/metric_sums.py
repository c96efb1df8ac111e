"""Metric sums of an epoch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.contract.config import PIXELS
from trainer.contract.metrics import Figures
from trainer.models.ensemble import Ensemble

ACTIVE_VARIANCE = 0.01  # Burda, Grosse & Salakhutdinov 2015, section 5.2


@dataclass
class MetricSums:
    """Sums over images for one row of metrics, kept on the device until the epoch ends."""

    sums: Tensor  # (models, 2 + 3·latent): distortion, squared error; KL, mean and mean² of each dimension
    images: int = 0

    @staticmethod
    def of(ensemble: Ensemble) -> MetricSums:
        """Return sums of 0, in fp64 so that sums over 60 000 images stay exact (MPS has only fp32)."""
        dtype = torch.float32 if ensemble.device.type == "mps" else torch.float64
        shape = (len(ensemble.configs), 2 + 3 * ensemble.latent)
        return MetricSums(torch.zeros(shape, dtype=dtype, device=ensemble.device))

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
        """Set all sums to 0, in place: a CUDA graph adds to this tensor."""
        self.sums.zero_()
        self.images = 0

    def add(self, nats: Tensor, squared_error: Tensor, kl: Tensor, mean: Tensor) -> None:
        """Add some batches of one size, in their order.

        Nats and squared error (batches, models, batch), KL and means (batches, models, batch, latent). Each
        batch is summed in fp32, then the sums in their order, so one call or many give the same bits. PyTorch
        may split a sum of 32 768 images or more among threads: such batches are added one a call.
        """
        per_image = (nats.unsqueeze(-1), squared_error.unsqueeze(-1), kl, mean, mean.square())
        by_batch = torch.cat([values.sum(2) for values in per_image], -1)  # (batches, models, 2 + 3·latent)
        running = torch.cumsum(torch.cat([self.sums.unsqueeze(0), by_batch.to(self.sums.dtype)]), 0)
        self.sums.copy_(running[-1])
        self.images += nats.shape[0] * nats.shape[2]

    def figures(self, index: int) -> Figures:
        """Return the means of model `index`: nats per image, squared error per pixel."""
        distortion = float(self.distortion[index]) / self.images
        rate = float(self.kl_per_dim[index].sum()) / self.images
        mse = float(self.squared_error[index]) / self.images / PIXELS
        return Figures(distortion, rate, -(distortion + rate), mse)

    def kl(self, index: int, latent: int) -> tuple[float, ...]:
        """Return the nats per image in each of the model's own dimensions."""
        return tuple((self.kl_per_dim[index, :latent] / self.images).tolist())

    def active_units(self, index: int, latent: int) -> int:
        """Count dimensions whose posterior mean has a variance over images above 0.01 (Burda et al. 2015)."""
        mean = self.mean[index, :latent] / self.images
        variance = self.mean_squared[index, :latent] / self.images - mean.square()
        return int((variance > ACTIVE_VARIANCE).sum())
