"""Models that train together, as one batched network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.contract.config import Bound, Config
from trainer.models.architecture import Architecture, Parameters
from trainer.models.registry import architecture_of
from trainer.models.seeds import seed_of


@dataclass(frozen=True)
class Ensemble:
    """Models that share images, architecture, hidden sizes, batch size, seed, likelihood and bound."""

    configs: tuple[Config, ...]
    parameters: Parameters
    has_rate: Tensor  # (models, 1, latent): 1 in a VAE's own dimensions, 0 in padding and in an autoencoder
    beta: Tensor  # (models, 1)

    @staticmethod
    def build(
        configs: Sequence[Config], weights: Sequence[Mapping[str, Tensor]], device: torch.device
    ) -> Ensemble:
        """Stack the weights of single models, padding with zeros."""
        models = [config.model for config in configs]
        stacked = architecture_of(models[0]).stack(weights, models, device)
        widest = max(model.latent for model in models)
        own = [model.latent if model.is_vae else 0 for model in models]
        has_rate = (torch.arange(widest) < torch.tensor(own)[:, None]).float().unsqueeze(1)
        beta = torch.tensor([[config.objective.beta] for config in configs])
        return Ensemble(tuple(configs), stacked, has_rate.to(device), beta.to(device))

    def select(self, indices: Tensor) -> Ensemble:
        """Return some of the models, padded as before."""
        parameters = {name: value.index_select(0, indices) for name, value in self.parameters.items()}
        configs = tuple(self.configs[i] for i in indices.tolist())
        has_rate, beta = (value.index_select(0, indices) for value in (self.has_rate, self.beta))
        return Ensemble(configs, parameters, has_rate, beta)

    @property
    def architecture(self) -> Architecture:
        """The architecture of all its models."""
        return architecture_of(self.configs[0].model)

    @property
    def likelihood(self) -> str:
        """The name of the likelihood of all its models."""
        return self.configs[0].objective.likelihood

    @property
    def bound(self) -> Bound:
        """The bound that all its models are trained on."""
        return self.configs[0].objective.bound

    def free_bits(self) -> Tensor | None:
        """Return λ of every model in nats, (models, 1, 1); None where all are 0."""
        free_bits = [config.objective.free_bits for config in self.configs]
        return torch.tensor(free_bits, device=self.device).view(-1, 1, 1) if any(free_bits) else None

    @property
    def device(self) -> torch.device:
        """The device of the parameters."""
        return self.beta.device

    @property
    def latent(self) -> int:
        """The padded latent size."""
        return self.has_rate.shape[-1]

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map pixels (batch, pixels) in 0…1 to posterior mean and log-variance (models, batch, latent)."""
        return self.architecture.encode(self.parameters, x)

    def decode(self, z: Tensor) -> Tensor:
        """Map latents (models, batch, latent) to the decoder's output (models, batch, pixels)."""
        return self.architecture.decode(self.parameters, z)

    def noise(self, purpose: tuple[object, ...], batches: int, batch: int) -> Tensor:
        """Return standard normal noise (batches, models, batch, latent), 0 in padding and for autoencoders.

        Each model has a stream of its own, seeded by the purpose (say: epoch and step) and the model's own
        settings: it depends neither on the other models nor on earlier noise, so a model in a grid has the
        noise that it has alone, and resuming needs no generator state.
        """
        noise = torch.zeros((batches, len(self.configs), batch, self.latent), device=self.device)
        for i, config in enumerate(self.configs):
            if config.model.is_vae:
                seed = seed_of("noise", config.seed, config.base_name, *purpose)
                generator = torch.Generator(self.device).manual_seed(seed)
                shape = (batches, batch, config.model.latent)
                own = torch.randn(shape, generator=generator, device=self.device)
                noise[:, i, :, : config.model.latent] = own
        return noise

    def training_noise(self, purpose: tuple[object, ...], steps: int, batch: int) -> Tensor:
        """Return `noise` for some steps: (steps, models, batch, latent).

        For the IWAE bound there is one more dimension, (steps, models, batch, samples, latent).
        """
        if self.bound == "elbo":
            return self.noise(purpose, steps, batch)
        samples = self.configs[0].objective.samples
        noise = self.noise(purpose, steps, batch * samples)
        return noise.view(*noise.shape[:2], batch, samples, self.latent)
