"""An encoder/decoder pair: everything that differs from one architecture to another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.contract.config import Config, Model
from trainer.contract.tensors import Array
from trainer.models.seeds import seed_of

Parameters = dict[str, Tensor]  # of an ensemble: every tensor has a leading dimension (models, …)
Shapes = dict[str, tuple[int, ...]]


def uniform_weights(config: Config, shapes: Shapes) -> dict[str, Tensor]:
    """Sample one model's weights uniformly within ±1/√fan-in, biases too, as PyTorch's `Linear` does.

    They depend on the seed and the weight's name alone and are sampled on the CPU: the same on every device
    and in every grid, and models of one seed that differ in β only start from the same point. The fan-in of a
    layer is the product of all but the last dimension of its weight, for the first decoder layer the model's
    own latent size.
    """
    weights = {}
    for name, shape in shapes.items():
        generator = torch.Generator().manual_seed(seed_of("initial", config.seed, name))
        fan_in = math.prod(shapes[name.rpartition(".")[0] + ".weight"][:-1])
        bound = 1 / math.sqrt(fan_in)
        weights[name] = torch.empty(shape).uniform_(-bound, bound, generator=generator)
    return weights


def stack_equal(
    weights: Sequence[Mapping[str, Tensor]], _models: Sequence[Model], device: torch.device
) -> Parameters:
    """Stack the weights of models of one shape, without padding."""
    return {name: torch.stack([own[name] for own in weights]).to(device) for name in weights[0]}


def unstack_equal(stacked: Mapping[str, Tensor], index: int, _model: Model) -> dict[str, Array]:
    """Return the weights of model `index` of `stack_equal`."""
    return {name: value[index].detach().cpu().numpy().copy() for name, value in stacked.items()}


@dataclass(frozen=True)
class Architecture:
    """One row of the registry.

    `encode` maps pixels (batch, pixels) in 0…1 to posterior mean and log-variance, each (models, batch,
    latent); `decode` maps latents (models, batch, latent) to the decoder's output (models, batch, pixels),
    before the likelihood's output activation. Both take the stacked parameters; `encode_each` and
    `decode_each` make such functions of those of a single model. An architecture without a row in
    `trainer.engine.learner.GRADIENTS` trains through autograd, one model a learner.
    """

    name: str
    weight_shapes: Callable[[Model], Shapes]  # of one model, in the order of the computation
    encode: Callable[[Parameters, Tensor], tuple[Tensor, Tensor]]
    decode: Callable[[Parameters, Tensor], Tensor]
    initial_weights: Callable[[Config, Shapes], dict[str, Tensor]] = uniform_weights
    stack: Callable[[Sequence[Mapping[str, Tensor]], Sequence[Model], torch.device], Parameters] = stack_equal
    unstack: Callable[[Mapping[str, Tensor], int, Model], dict[str, Array]] = unstack_equal
    is_stackable: bool = False  # whether models of different latent sizes can share one stacked network


def encode_each(
    encode: Callable[[Parameters, Tensor], tuple[Tensor, Tensor]],
) -> Callable[[Parameters, Tensor], tuple[Tensor, Tensor]]:
    """Return `encode(weights, x)` of one model as a function of stacked parameters; all models get x."""

    def stacked(parameters: Parameters, x: Tensor) -> tuple[Tensor, Tensor]:
        means, log_vars = zip(*(encode(own, x) for own in _single_models(parameters)), strict=True)
        return torch.stack(means), torch.stack(log_vars)

    return stacked


def decode_each(
    decode: Callable[[Parameters, Tensor], Tensor],
) -> Callable[[Parameters, Tensor], Tensor]:
    """Return `decode(weights, z)` of one model as a function of stacked parameters and latents."""

    def stacked(parameters: Parameters, z: Tensor) -> Tensor:
        return torch.stack(
            [decode(own, part) for own, part in zip(_single_models(parameters), z, strict=True)]
        )

    return stacked


def _single_models(parameters: Parameters) -> Iterator[Parameters]:
    models = len(next(iter(parameters.values())))
    return ({name: value[i] for name, value in parameters.items()} for i in range(models))
