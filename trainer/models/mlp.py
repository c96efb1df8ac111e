"""Multilayer perceptrons, stacked over models so that one batched product serves a whole grid.

A stacked weight is (models, in, out), a stacked bias (models, 1, out). Latents are padded with zeros to the
largest size of the ensemble; padding gets no noise and no rate, so every model computes what it would alone.
The gradient is worked out by hand in `trainer.engine.mlp_gradient`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from trainer.contract.config import Model, mlp_weight_shapes, weight_shapes
from trainer.contract.tensors import Array
from trainer.models.architecture import Architecture, Parameters

HEADS = "heads"


def stack(
    weights: Sequence[Mapping[str, Tensor]], models: Sequence[Model], device: torch.device
) -> Parameters:
    """Stack single models, padded with zeros: weights (models, in, out), biases (models, 1, out).

    The encoder's two heads form one layer, `heads`: means first, then log-variances.
    """
    widest = max(model.latent for model in models)
    stacked = {}
    for name, shape in stacked_shapes(widest, models[0].hidden).items():
        padded = torch.zeros((len(models), *shape))
        for i, (single, model) in enumerate(zip(weights, models, strict=True)):
            for own, corner in _parts(name, model, widest):
                padded[i][corner] = single[own]
        stacked[name] = (padded.unsqueeze(1) if padded.dim() == 2 else padded).to(device)
    return stacked


def stacked_shapes(widest: int, hidden: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of one padded model in a stack, in the order of the computation."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in weight_shapes(Model("vae", widest, hidden)).items():
        layer, _, part = name.rpartition(".")
        if layer == "mean":
            shapes[f"{HEADS}.{part}"] = (*shape[:-1], 2 * widest)
        elif layer != "log_var":
            shapes[name] = shape
    return shapes


def _parts(name: str, model: Model, widest: int) -> Iterator[tuple[str, tuple[slice, ...]]]:
    """Yield each weight of a single model that is part of the stacked weight `name`, and its slices there."""
    layer, _, part = name.rpartition(".")
    shapes = weight_shapes(model)
    starts = {"mean": 0, "log_var": widest} if layer == HEADS else {layer: 0}
    for single, start in starts.items():
        own = f"{single}.{part}"
        if own in shapes:
            *outer, last = shapes[own]
            yield own, (*(slice(size) for size in outer), slice(start, start + last))


def unstack(stacked: Mapping[str, Tensor], index: int, model: Model) -> dict[str, Array]:
    """Return the weights of model `index`, unpadded: named, shaped and ordered as in `weight_shapes`."""
    widest = stacked[f"{HEADS}.bias"].shape[-1] // 2
    single = {}
    for name, value in stacked.items():
        own = value[index].detach()
        own = own.squeeze(0) if name.endswith("bias") else own
        for part, corner in _parts(name, model, widest):
            single[part] = own[corner].cpu().numpy().copy()
    return {name: single[name] for name in weight_shapes(model)}


def encode(parameters: Parameters, x: Tensor) -> tuple[Tensor, Tensor]:
    """Map pixels (batch, pixels) in 0…1 to posterior mean and log-variance (models, batch, latent)."""
    models = parameters[f"{HEADS}.bias"].shape[0]
    hidden = x.expand(models, *x.shape)  # (models, batch, pixels), every model sees the same images
    for layer in layers(parameters, "encoder"):
        hidden = functional.relu(_linear(parameters, layer, hidden))  # (models, batch, hidden)
    mean, log_var = _linear(parameters, HEADS, hidden).chunk(2, -1)
    return mean, log_var


def decode(parameters: Parameters, z: Tensor) -> Tensor:
    """Map latents (models, batch, latent) to the decoder's output (models, batch, pixels)."""
    first, *later = layers(parameters, "decoder")
    hidden = _linear(parameters, first, z)  # (models, batch, hidden)
    for layer in later:
        hidden = _linear(parameters, layer, functional.relu(hidden))
    return hidden


def layers(parameters: Parameters, part: str) -> list[str]:
    """Return the layers of `part`, "encoder" or "decoder", in the order of the computation."""
    return [name.removesuffix(".weight") for name in parameters if name.startswith(part) and "weight" in name]


def _linear(parameters: Parameters, layer: str, x: Tensor) -> Tensor:
    return torch.baddbmm(parameters[f"{layer}.bias"], x, parameters[f"{layer}.weight"])


MLP = Architecture("mlp", mlp_weight_shapes, encode, decode, stack=stack, unstack=unstack, is_stackable=True)
