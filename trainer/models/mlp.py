"""Many autoencoders as one: parameters stacked over models, so that one batched product serves a whole grid.

A stacked weight is (models, in, out), a stacked bias (models, 1, out). Latents are padded with zeros to the
largest size of the ensemble; padding gets no noise and no rate, so every model computes what it would alone.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from trainer.contract.config import Config, Model, weight_shapes
from trainer.contract.tensors import Array

Parameters = dict[str, Tensor]

HEADS = "heads"


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
    """Models that share images, hidden sizes, batch size, seed and likelihood, as one batched network.

    No autograd: gradients are worked out by hand (`trainer.engine.mlp_gradient`).
    """

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
        return Ensemble(tuple(configs), stacked, has_rate.to(device), beta.to(device))

    def select(self, indices: Tensor) -> Ensemble:
        """Some of the models, as wide as before."""
        parameters = {name: value.index_select(0, indices) for name, value in self.parameters.items()}
        configs = tuple(self.configs[i] for i in indices.tolist())
        has_rate, beta = (value.index_select(0, indices) for value in (self.has_rate, self.beta))
        return Ensemble(configs, parameters, has_rate, beta)

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
                seed = seed_of("noise", config.seed, config.base_name, *purpose)
                generator = torch.Generator(self.device).manual_seed(seed)
                shape = (batches, batch, config.model.latent)
                own = torch.randn(shape, generator=generator, device=self.device)
                noise[:, i, :, : config.model.latent] = own
        return noise


def stack(
    weights: Sequence[Mapping[str, Tensor]], models: Sequence[Model], device: torch.device
) -> Parameters:
    """Stack single models, padding with zeros: weights (models, in, out), biases (models, 1, out).

    The two heads of the encoder lie side by side in one layer, `heads`: means first, then log-variances.
    """
    widest = max(model.latent for model in models)
    stacked = {}
    for name, shape in stacked_shapes(widest, models[0].hidden).items():
        room = torch.zeros((len(models), *shape))
        for i, (single, model) in enumerate(zip(weights, models, strict=True)):
            for own, corner in _parts(name, model, widest):
                room[i][corner] = single[own]
        stacked[name] = (room.unsqueeze(1) if room.dim() == 2 else room).to(device)
    return stacked


def stacked_shapes(widest: int, hidden: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """The shapes of one padded model in a stack, in the order of the computation."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in weight_shapes(Model("vae", widest, hidden)).items():
        layer, _, part = name.rpartition(".")
        if layer == "mean":
            shapes[f"{HEADS}.{part}"] = (*shape[:-1], 2 * widest)
        elif layer != "log_var":
            shapes[name] = shape
    return shapes


def _parts(name: str, model: Model, widest: int) -> Iterator[tuple[str, tuple[slice, ...]]]:
    """The weights of a single model that lie in the stacked weight `name`, and which corner each takes."""
    layer, _, part = name.rpartition(".")
    shapes = weight_shapes(model)
    starts = {"mean": 0, "log_var": widest} if layer == HEADS else {layer: 0}
    for single, start in starts.items():
        own = f"{single}.{part}"
        if own in shapes:
            *outer, last = shapes[own]
            yield own, (*(slice(size) for size in outer), slice(start, start + last))


def unstack(stacked: Mapping[str, Tensor], index: int, model: Model) -> dict[str, Array]:
    """Model `index` of the stack on its own, unpadded: named, shaped and ordered as in `weight_shapes`."""
    widest = stacked[f"{HEADS}.bias"].shape[-1] // 2
    single = {}
    for name, value in stacked.items():
        own = value[index].detach()
        own = own.squeeze(0) if name.endswith("bias") else own
        for part, corner in _parts(name, model, widest):
            single[part] = own[corner].cpu().numpy().copy()
    return {name: single[name] for name in weight_shapes(model)}


def encode(parameters: Parameters, x: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels (batch, pixels) in 0…1 → posterior mean and log-variance, each (models, batch, latent)."""
    models = parameters[f"{HEADS}.bias"].shape[0]
    hidden = x.expand(models, *x.shape)  # (models, batch, pixels), every model sees the same images
    for layer in layers(parameters, "encoder"):
        hidden = functional.relu(_linear(parameters, layer, hidden))  # (models, batch, hidden)
    mean, log_var = _linear(parameters, HEADS, hidden).chunk(2, -1)
    return mean, log_var


def decode(parameters: Parameters, z: Tensor) -> Tensor:
    """Latents (models, batch, latent) → logits (models, batch, pixels)."""
    first, *later = layers(parameters, "decoder")
    hidden = _linear(parameters, first, z)  # (models, batch, hidden)
    for layer in later:
        hidden = _linear(parameters, layer, functional.relu(hidden))
    return hidden


def layers(parameters: Parameters, part: str) -> list[str]:
    """The names of the layers of `part`, "encoder" or "decoder", in the order of the computation."""
    return [name.removesuffix(".weight") for name in parameters if name.startswith(part) and "weight" in name]


def _linear(parameters: Parameters, layer: str, x: Tensor) -> Tensor:
    return torch.baddbmm(parameters[f"{layer}.bias"], x, parameters[f"{layer}.weight"])
