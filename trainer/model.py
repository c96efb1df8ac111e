"""Many autoencoders as one: parameters stacked over models, so that one batched product serves a whole grid.

A stacked weight is (models, in, out), a stacked bias (models, 1, out). Latents are padded with zeros to the
largest size of the ensemble; padding gets no noise and no rate, so every model computes what it would alone.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from trainer.files import Array
from trainer.run import PIXELS, Config, Model, weight_shapes

Parameters = dict[str, Tensor]


def seed_of(*parts: object) -> int:
    """A generator seed that depends on every part and on nothing else."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def initial_weights(config: Config) -> dict[str, Tensor]:
    """One model's weights as PyTorch's `Linear` draws them: uniform within ±1/√fan-in, biases too.

    Drawn on the CPU from the seed and the layer's name alone: the same on every device and in every grid, and
    models of one seed that differ in β only start from the same point. The fan-in of the first decoder layer
    is the model's own latent size.
    """
    shapes = weight_shapes(config.model)
    weights = {}
    for name, shape in shapes.items():
        generator = torch.Generator().manual_seed(seed_of("initial", config.seed, name))
        fan_in = shapes[name.rpartition(".")[0] + ".weight"][0]
        bound = 1 / math.sqrt(fan_in)
        weights[name] = torch.empty(shape).uniform_(-bound, bound, generator=generator)
    return weights


@dataclass(frozen=True)
class Ensemble:
    """Models that share images, hidden sizes, batch size, seed and likelihood, as one batched network."""

    configs: tuple[Config, ...]
    parameters: Parameters
    has_rate: Tensor  # (models, 1, latent): 1 in a VAE's own dimensions, 0 in padding and in an autoencoder
    beta: Tensor  # (models, 1)

    @staticmethod
    def build(
        configs: Sequence[Config], weights: Sequence[Mapping[str, Tensor]], device: torch.device
    ) -> Ensemble:
        """Stack the weights of single models, padding with zeros."""
        stacked = stack(weights, [config.model for config in configs], device)
        widest = max(config.model.latent for config in configs)
        own = [config.model.latent if config.model.is_vae else 0 for config in configs]
        has_rate = (torch.arange(widest) < torch.tensor(own)[:, None]).float().unsqueeze(1)
        beta = torch.tensor([[config.objective.beta] for config in configs])
        for parameter in stacked.values():
            parameter.requires_grad_()
        return Ensemble(tuple(configs), stacked, has_rate.to(device), beta.to(device))

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return self.beta.device

    @property
    def latent(self) -> int:
        """The padded latent size."""
        return self.has_rate.shape[-1]

    def noise(self, purpose: tuple[object, ...], batches: int, batch: int) -> Tensor:
        """Standard normal (batches, models, batch, latent), zero in padding and for autoencoders.

        Each model has a stream of its own, seeded by the purpose (say: epoch and step) and the model's own
        settings: it depends neither on its companions nor on what was drawn before, so a model in a grid
        draws what it draws alone, and resuming needs no generator state.
        """
        noise = torch.zeros((batches, len(self.configs), batch, self.latent), device=self.device)
        for i, config in enumerate(self.configs):
            if config.model.is_vae:
                seed = seed_of("noise", config.seed, config.course, *purpose)
                generator = torch.Generator(self.device).manual_seed(seed)
                shape = (batches, batch, config.model.latent)
                own = torch.randn(shape, generator=generator, device=self.device)
                noise[:, i, :, : config.model.latent] = own
        return noise


def padded_shapes(models: Sequence[Model]) -> dict[str, tuple[int, ...]]:
    """The shapes of one model as wide as the widest latent, with both heads."""
    return weight_shapes(Model("vae", max(model.latent for model in models), models[0].hidden))


def stack(
    weights: Sequence[Mapping[str, Tensor]], models: Sequence[Model], device: torch.device
) -> Parameters:
    """Stack single models, padding with zeros: weights (models, in, out), biases (models, 1, out)."""
    stacked = {}
    for name, shape in padded_shapes(models).items():
        room = torch.zeros((len(models), *shape))
        for i, single in enumerate(weights):
            if name in single:
                room[i][_corner(single[name].shape)] = single[name]
        stacked[name] = (room.unsqueeze(1) if room.dim() == 2 else room).to(device)
    return stacked


def _corner(shape: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(size) for size in shape)


def unstack(stacked: Mapping[str, Tensor], index: int, model: Model) -> dict[str, Array]:
    """Model `index` of the stack on its own, unpadded: named and shaped as in `weight_shapes`."""
    single = {}
    for name, shape in weight_shapes(model).items():
        own = stacked[name][index].detach()
        own = own.squeeze(0) if len(shape) == 1 else own
        single[name] = own[_corner(shape)].cpu().numpy().copy()
    return single


def encode(parameters: Parameters, x: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels (batch, pixels) in 0…1 → posterior mean and log-variance, each (models, batch, latent)."""
    models = parameters["mean.weight"].shape[0]
    hidden = x.expand(models, *x.shape)  # (models, batch, pixels), every model sees the same images
    for i in itertools.count():
        if f"encoder.{i}.weight" not in parameters:
            break
        hidden = functional.relu(_layer(parameters, f"encoder.{i}", hidden))  # (models, batch, hidden)
    return _layer(parameters, "mean", hidden), _layer(parameters, "log_var", hidden)


def decode(parameters: Parameters, z: Tensor) -> Tensor:
    """Latents (models, batch, latent) → logits (models, batch, pixels)."""
    hidden = _layer(parameters, "decoder.0", z)  # (models, batch, hidden)
    for i in itertools.count(1):
        if f"decoder.{i}.weight" not in parameters:
            break
        hidden = _layer(parameters, f"decoder.{i}", functional.relu(hidden))
    assert hidden.shape[-1] == PIXELS
    return hidden


def _layer(parameters: Parameters, name: str, x: Tensor) -> Tensor:
    return torch.baddbmm(parameters[f"{name}.bias"], x, parameters[f"{name}.weight"])
