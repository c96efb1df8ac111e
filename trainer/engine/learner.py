"""An ensemble in training and its step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from trainer.engine.adam import Adam, Moments
from trainer.engine.autograd import AutogradGradient
from trainer.engine.metric_sums import MetricSums
from trainer.engine.mlp_gradient import MlpGradient, Workspaces
from trainer.models.architecture import Parameters
from trainer.models.ensemble import Ensemble
from trainer.models.objective import StepTerms, rate_per_dim

# The hand-written gradients, by architecture and bound; all others are trained through autograd.
GRADIENTS = {("mlp", "elbo"): MlpGradient}


class Learner:
    """An ensemble, Adam's moments, the metric sums of the current epoch, and the best weights if kept.

    `best` is None unless the configurations keep the best; `keep_as_best` writes it. Learners that do not run
    at the same time may share `workspaces`.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        dtype: torch.dtype,
        moments: Moments | None = None,
        metrics: MetricSums | None = None,
        best: Parameters | None = None,
        workspaces: Workspaces | None = None,
    ) -> None:
        self.ensemble, self.dtype = ensemble, dtype
        parameters = ensemble.parameters
        optimisers = [config.optimiser for config in ensemble.configs]
        self.adam = Adam(parameters, optimisers, moments or Moments.none(parameters))
        make_gradient = GRADIENTS.get((ensemble.architecture.name, ensemble.bound))
        self.gradient: MlpGradient | AutogradGradient = (
            make_gradient(ensemble, dtype, workspaces or Workspaces())
            if make_gradient
            else AutogradGradient(ensemble, dtype)
        )
        self.metrics = metrics or MetricSums.of(ensemble)
        keeps_best = ensemble.configs[0].optimiser.keep == "best"
        self.best = best or {n: v.clone() for n, v in parameters.items()} if keeps_best else None

    def train_steps(self, x: Tensor, noise: Tensor, beta_scale: Tensor) -> None:
        """Take some steps of every model on x (images, pixels); the last batch may be smaller.

        `noise` (steps, models, batch, latent), as `Ensemble.training_noise` makes it for the IWAE bound;
        `beta_scale` (steps, models) multiplies β.
        """
        ensemble = self.ensemble
        beta = ensemble.beta.unsqueeze(-1) * ensemble.has_rate  # (models, 1, latent)
        rate_weights = beta_scale[:, :, None, None] * beta  # (steps, models, 1, latent)
        seen: dict[int, list[StepTerms]] = {}  # by batch size: the last batch of an epoch may be smaller
        for own, sample, rate_weight in zip(torch.split(x, noise.shape[2]), noise, rate_weights, strict=True):
            seen.setdefault(len(own), []).append(self.gradient(own, sample[:, : len(own)], rate_weight))
            self.adam.step(self.gradient.gradients)
            self.gradient.refresh()
        for steps in seen.values():
            nats, squared_error, mean, log_var = map(torch.stack, zip(*steps, strict=True))
            rate = rate_per_dim(mean, log_var, ensemble.has_rate)  # (steps, models, batch, latent)
            self.metrics.add(nats, squared_error, rate, mean)

    @property
    def size(self) -> int:
        """Bytes written when its models are saved: weights, twice, and two moments."""
        return 4 * sum(value.nbytes for value in self.ensemble.parameters.values())

    def state(self) -> list[Tensor]:
        """Return every tensor that training changes, as it is on the device."""
        return [
            *self.gradient.parameters.values(),
            *self.ensemble.parameters.values(),
            *self.adam.state(),
            self.metrics.sums,
        ]

    def keep_as_best(self, index: int) -> None:
        """Copy the weights of model `index` as its best."""
        assert self.best is not None
        for name, value in self.ensemble.parameters.items():
            self.best[name][index] = value[index]

    @property
    def kept(self) -> Ensemble:
        """The ensemble with the kept weights: the last ones or the best."""
        if self.best is None:
            return self.ensemble
        return Ensemble(self.ensemble.configs, self.best, self.ensemble.has_rate, self.ensemble.beta)

    def select(self, indices: Sequence[int]) -> Learner:
        """Return a learner of some of the models, between two epochs."""
        own = torch.tensor(indices, device=self.ensemble.device)
        best = self.best and self.kept.select(own).parameters
        return Learner(self.ensemble.select(own), self.dtype, self.adam.moments.select(own), None, best)
