"""Adam (Kingma & Ba 2015) on stacked parameters, its moments in plain sight so that they can be saved."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam

from trainer.model import Parameters

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class Adam:
    """Adam's two moments beside each parameter; every model of the stack moves as it would alone.

    Adam divides by each weight's own gradient scale, so stacking changes nothing as long as a model's
    gradient is its own: losses are summed over models, not averaged, or ε would weigh more in a larger grid.
    """

    def __init__(self, parameters: Parameters, lr: float) -> None:
        self.parameters = parameters
        self.lr = lr
        self.exp_avg = {name: torch.zeros_like(value) for name, value in parameters.items()}
        self.exp_avg_sq = {name: torch.zeros_like(value) for name, value in parameters.items()}
        self.steps = {name: torch.zeros((), device=value.device) for name, value in parameters.items()}

    @property
    def step_count(self) -> int:
        """Steps taken so far."""
        return int(next(iter(self.steps.values())))

    def set_step_count(self, count: int) -> None:
        """Go on from `count` steps; the moments are set by whoever resumes."""
        for step in self.steps.values():
            step.fill_(count)

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor]) -> None:
        """Move every parameter; `gradients` in the order of the parameters.

        The fused CPU kernel misreads a gradient whose strides differ from its parameter's: make them solid.
        """
        names = list(self.parameters)
        adam(
            [self.parameters[name] for name in names],
            [gradient.contiguous() for gradient in gradients],
            [self.exp_avg[name] for name in names],
            [self.exp_avg_sq[name] for name in names],
            [],
            [self.steps[name] for name in names],
            fused=self.parameters[names[0]].device.type in ("cpu", "cuda"),
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=self.lr,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )
