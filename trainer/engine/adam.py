"""Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019) on stacked parameters,
with moments that can be saved."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.contract.config import Optimiser
from trainer.engine import device as devices
from trainer.models.architecture import Parameters

BETAS = (0.9, 0.999)
EPSILON = 1e-8
# The kernels of `torch.optim` without its Python overhead, a tenth of a step on a CPU.
FUSED = {"adam": torch._fused_adam_, "adamw": torch._fused_adamw_}


@dataclass(frozen=True)
class Moments:
    """The running averages of each parameter's gradient and of its square, and the steps so far."""

    exp_avg: Parameters
    exp_avg_sq: Parameters
    steps: int = 0

    @staticmethod
    def none(parameters: Parameters) -> Moments:
        """Return the moments before the first step."""
        first, second = ({n: torch.zeros_like(v) for n, v in parameters.items()} for _ in range(2))
        return Moments(first, second)

    def select(self, indices: Tensor) -> Moments:
        """Return those of some of the models."""
        first, second = (
            {name: value.index_select(0, indices) for name, value in of.items()}
            for of in (self.exp_avg, self.exp_avg_sq)
        )
        return Moments(first, second, self.steps)


@dataclass(frozen=True)
class _Group:
    """Adjacent models of the stack with one learning rate; views of their parts of every tensor."""

    lr: Tensor | float
    models: slice
    is_all: bool  # whether there are no other models
    parameters: list[Tensor]
    exp_avg: list[Tensor]
    exp_avg_sq: list[Tensor]
    steps: Tensor  # the count, a scalar

    def part_of(self, gradient: Tensor) -> Tensor:
        """Return the group's part of a stacked gradient (models, in, out).

        It is contiguous: the fused CPU kernel misreads a gradient whose strides differ from its parameter's.
        """
        return (gradient if self.is_all else gradient[self.models]).contiguous()


class Adam:
    """Update every model of the stack as it would be alone.

    Adam divides by each weight's own gradient scale, so stacking changes nothing as long as a model's
    gradient is its own: losses are summed over models, not averaged, or ε would weigh more in a larger grid.
    Padding has no gradient and is 0, so neither Adam nor the decay of AdamW changes it.

    `optimisers`, one a model, may differ in their learning rate.
    """

    def __init__(self, parameters: Parameters, optimisers: Sequence[Optimiser], moments: Moments) -> None:
        self.names = list(parameters)
        self.optimisers = tuple(optimisers)
        self.exp_avg, self.exp_avg_sq = moments.exp_avg, moments.exp_avg_sq
        self.groups: list[_Group] = []
        for lr, alike in itertools.groupby(range(len(optimisers)), lambda i: optimisers[i].lr):
            indices = list(alike)
            own = slice(indices[0], indices[-1] + 1)
            weights, first, second = (
                [of[name][own] for name in self.names] for of in (parameters, self.exp_avg, self.exp_avg_sq)
            )
            device = weights[0].device
            # A CUDA graph would freeze a plain number, and PyTorch's CPU kernel would round a tensor.
            rate = torch.tensor(lr, device=device) if devices.uses_cuda_graphs(device) else lr
            steps = torch.tensor(float(moments.steps), device=device)
            is_all = len(indices) == len(optimisers)
            self.groups.append(_Group(rate, own, is_all, weights, first, second, steps))

    @property
    def moments(self) -> Moments:
        """The current moments; steps are counted on the device, so this waits for it."""
        return Moments(self.exp_avg, self.exp_avg_sq, int(self.groups[0].steps))

    def state(self) -> list[Tensor]:
        """Return every tensor that a step changes beside the parameters."""
        return [*self.exp_avg.values(), *self.exp_avg_sq.values(), *(group.steps for group in self.groups)]

    def step(self, gradients: Parameters) -> None:
        """Move every parameter."""
        optimiser = self.optimisers[0]
        for group in self.groups:
            group.steps.add_(1)
            FUSED[optimiser.name](
                group.parameters,
                [group.part_of(gradients[name]) for name in self.names],
                group.exp_avg,
                group.exp_avg_sq,
                [],  # the largest averages of AMSGrad
                [group.steps] * len(self.names),
                lr=group.lr,
                beta1=BETAS[0],
                beta2=BETAS[1],
                weight_decay=optimiser.weight_decay,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )
