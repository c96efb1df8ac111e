"""The gradient of any architecture through autograd, with the interface of a hand-written gradient."""

from __future__ import annotations

import torch
from torch import Tensor

from trainer.models.architecture import Parameters
from trainer.models.ensemble import Ensemble
from trainer.models.likelihoods import LIKELIHOODS
from trainer.models.objective import OBJECTIVES, StepTerms


class AutogradGradient:
    """The gradient of the ensemble's row of `trainer.models.objective.OBJECTIVES` by the parameters.

    With another `dtype` than fp32, autocast computes products in it.
    """

    can_be_captured = False  # in a CUDA graph

    def __init__(self, ensemble: Ensemble, dtype: torch.dtype) -> None:
        self.ensemble, self.dtype = ensemble, dtype
        self.parameters, self.free_bits = ensemble.parameters, ensemble.free_bits()
        self.objective = OBJECTIVES[ensemble.bound]
        self.gradients: Parameters = {}

    def refresh(self) -> None:
        """Do nothing: the parameters themselves are computed with."""

    def __call__(self, x: Tensor, noise: Tensor, rate_weight: Tensor) -> StepTerms:
        """Fill `gradients` for images x (batch, pixels) and noise (models, batch, latent).

        For the IWAE bound noise is (models, batch, samples, latent). `rate_weight` (models, 1, latent) is β,
        0 in padding.
        """
        ensemble = self.ensemble
        leaves = {name: value.detach().requires_grad_() for name, value in self.parameters.items()}
        narrow = self.dtype is not torch.float32
        with torch.enable_grad(), torch.autocast(x.device.type, self.dtype, enabled=narrow):
            likelihood = LIKELIHOODS[ensemble.likelihood]
            total, terms = self.objective(
                ensemble.architecture, likelihood, leaves, x, noise, rate_weight, self.free_bits
            )
        found = torch.autograd.grad(total, list(leaves.values()), materialize_grads=True)
        self.gradients = dict(zip(leaves, found, strict=True))
        return StepTerms(*(term.detach().float() for term in terms))
