"""The likelihoods in PyTorch, one row each; `contract.likelihoods` has their names, words and constants.

A row needs −log p(x|z) per pixel and the decoder's mean. `with_slope` is an optional faster form that works
in buffers and returns the gradient too; without it the gradient comes from autograd.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from trainer.contract import likelihoods
from trainer.contract.likelihoods import Likelihood

_softplus = torch.ops.aten.softplus.out  # the public one takes no buffer

Nats = Callable[[Tensor, Tensor], Tensor]

# (output, x, slope, scratch) → nats and squared error, both (models, batch); fills `slope`
WithSlope = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class TorchLikelihood:
    """One likelihood; the decoder's output and x are (…, pixels), x in 0…1."""

    description: Likelihood
    nats: Callable[[Tensor, Tensor], Tensor]  # (output, x) → −log p(x|z) per pixel, without its constant
    mean: Callable[[Tensor], Tensor]  # output → mean of p(x|z)
    with_slope: WithSlope | None = None
    pairwise: Nats | None = None  # (outputs, x) → −log p(x|z) of every pair, (outputs, images)
    sample: Callable[[Tensor, torch.Generator], Tensor] | None = None  # output → x drawn from p(x|z)


def bernoulli_nats(logits: Tensor, x: Tensor) -> Tensor:
    """Return the cross-entropy of each pixel."""
    return functional.softplus(logits) - logits * x


def gaussian_nats(output: Tensor, x: Tensor) -> Tensor:
    """Return the squared error of each pixel: a Gaussian with σ² = ½ without its constant."""
    return (output - x).square()


def _bernoulli(logits: Tensor, x: Tensor, slope: Tensor, scratch: Tensor) -> tuple[Tensor, Tensor]:
    torch.sigmoid(logits, out=slope).sub_(x)
    nats = _softplus(logits, out=scratch).addcmul_(logits, x, value=-1).sum(-1)
    return nats, torch.linalg.vector_norm(slope, dim=-1).square_()


def _gaussian(output: Tensor, x: Tensor, slope: Tensor, _scratch: Tensor) -> tuple[Tensor, Tensor]:
    torch.sub(output, x, out=slope)
    squared_error = torch.linalg.vector_norm(slope, dim=-1).square_()
    slope.mul_(2)
    return squared_error, squared_error


def _bernoulli_pairwise(logits: Tensor, x: Tensor) -> Tensor:
    return functional.softplus(logits).sum(-1, keepdim=True) - logits @ x.T


def _gaussian_pairwise(output: Tensor, x: Tensor) -> Tensor:
    return output.square().sum(-1, keepdim=True) - 2 * output @ x.T + x.square().sum(-1)


def _bernoulli_sample(logits: Tensor, generator: torch.Generator) -> Tensor:
    return torch.bernoulli(torch.sigmoid(logits), generator=generator)


def _gaussian_sample(output: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(output.shape, generator=generator, device=output.device)
    return output + math.sqrt(0.5) * noise


LIKELIHOODS: dict[str, TorchLikelihood] = {
    row.description.name: row
    for row in (
        TorchLikelihood(
            likelihoods.LIKELIHOODS["bernoulli"],
            bernoulli_nats,
            torch.sigmoid,
            with_slope=_bernoulli,
            pairwise=_bernoulli_pairwise,
            sample=_bernoulli_sample,
        ),
        TorchLikelihood(
            likelihoods.LIKELIHOODS["gaussian"],
            gaussian_nats,
            lambda output: output,
            with_slope=_gaussian,
            pairwise=_gaussian_pairwise,
            sample=_gaussian_sample,
        ),
    )
}


def register(likelihood: TorchLikelihood) -> None:
    """Add a likelihood, for code outside this package; one that belongs to it has a row in both tables."""
    name = likelihood.description.name
    LIKELIHOODS[name] = likelihood
    likelihoods.LIKELIHOODS[name] = likelihood.description


def distortion(
    likelihood: str, output: Tensor, x: Tensor, slope: Tensor | None = None, scratch: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return −log p(x|z) in nats and Σ(x − x̂)² of each image, both (models, batch), without autograd.

    `output` is the decoder's (models, batch, pixels), x (batch, pixels) in 0…1. `slope` and `scratch` are
    buffers of the output's shape: the first receives d nats / d output, the second is overwritten.
    """
    row = LIKELIHOODS[likelihood]
    slope = torch.empty_like(output) if slope is None else slope
    if row.with_slope is not None:
        return row.with_slope(output, x, slope, torch.empty_like(output) if scratch is None else scratch)
    with torch.enable_grad():
        leaf = output.detach().requires_grad_()
        nats = row.nats(leaf, x).sum(-1)
        slope.copy_(torch.autograd.grad(nats.sum(), leaf)[0])
    return nats.detach(), (row.mean(output) - x).square().sum(-1)


def pairwise_nats(likelihood: str, output: Tensor, x: Tensor) -> Tensor:
    """Return −log p(x|z) in nats of every pair of an output and an image: (outputs, images).

    `output` is the decoder's (outputs, pixels), x (images, pixels) in 0…1.
    """
    row = LIKELIHOODS[likelihood]
    if row.pairwise is not None:
        return row.pairwise(output, x)
    return torch.stack([row.nats(output, image).sum(-1) for image in x], -1)


def mean_image(likelihood: str, output: Tensor) -> Tensor:
    """Return the decoder's mean as an image in 0…1, of the output's shape."""
    return LIKELIHOODS[likelihood].mean(output).clamp(0, 1)
