"""Metrics on held-out images: each epoch on the validation split, at the end on the test split.

Always full fp32, one posterior sample an image, noise from seeds of its own (never the training's), every
image counted once, the last partial batch included.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from trainer.contract.config import PIXELS, Config
from trainer.contract.evaluation import EVALUATION, DrawsError, Evaluation, evaluation_bytes
from trainer.contract.files import write_files
from trainer.contract.images import Images
from trainer.contract.metrics import Figures
from trainer.contract.run_dir import DRAWS, LATENTS
from trainer.contract.tensors import Array, tensor_bytes
from trainer.engine.batches import as_input
from trainer.engine.metric_sums import MetricSums
from trainer.engine.precision import full_precision
from trainer.models.ensemble import Ensemble
from trainer.models.likelihoods import distortion, mean_image
from trainer.models.objective import rate_per_dim
from trainer.models.seeds import seed_of

BATCH = 500

ROUNDED = "fp32, weights rounded to fp16"  # the precision of the figures of a shipped run


@dataclass(frozen=True)
class BatchTerms:
    """The terms of one batch at one posterior sample an image."""

    nats: Tensor  # (models, batch)
    squared_error: Tensor  # (models, batch)
    kl: Tensor  # (models, batch, latent)
    mean: Tensor  # (models, batch, latent)
    log_var: Tensor  # (models, batch, latent)
    squared_error_at_mean: Tensor | None  # (models, batch), with `at_mean`

    def add_to(self, metrics: MetricSums) -> None:
        """Add this batch to the sums of `metrics`."""
        metrics.add(*(terms.unsqueeze(0) for terms in (self.nats, self.squared_error, self.kl, self.mean)))


@torch.no_grad()
def evaluate_batches(
    ensemble: Ensemble, pixels: Tensor, split: str, *, at_mean: bool = False, draw: int = 0
) -> Iterator[BatchTerms]:
    """Encode, sample and decode all of `pixels`, uint8 (images, pixels), batch by batch.

    The noise depends on the seed, the model, the split's name and the number of the draw alone, so that
    epochs compare. With `at_mean` the posterior mean is decoded, too, for its squared error.
    """
    likelihood = ensemble.likelihood
    for i, start in enumerate(range(0, len(pixels), BATCH)):
        with full_precision():
            x = as_input(pixels[start : start + BATCH])  # (batch, pixels)
            mean, log_var = ensemble.encode(x)  # (models, batch, latent)
            purpose = ("evaluation", split, i, *([draw] if draw else []))
            noise = ensemble.noise(purpose, 1, BATCH)[0, :, : len(x)]
            z = mean + noise * (0.5 * log_var).exp()
            nats, squared_error = distortion(likelihood, ensemble.decode(z), x)
            rates = rate_per_dim(mean, log_var, ensemble.has_rate)
            of_mean = distortion(likelihood, ensemble.decode(mean), x)[1] if at_mean else None
        yield BatchTerms(nats, squared_error, rates, mean, log_var, of_mean)


def measure(ensemble: Ensemble, pixels: Tensor, split: str) -> MetricSums:
    """Return the sums over all of `pixels`, uint8 (images, pixels)."""
    metrics = MetricSums.of(ensemble)
    for terms in evaluate_batches(ensemble, pixels, split):
        terms.add_to(metrics)
    return metrics


@dataclass(frozen=True)
class TestResult:
    """The figures of one model on the test images, and the content of latents.safetensors."""

    evaluation: Evaluation
    latents: dict[str, Array]  # mean and log_var (images, latent), labels and distortion (images,)

    @property
    def is_finite(self) -> bool:
        """Whether all numbers are finite."""
        figures = self.evaluation.figures
        numbers = (figures.elbo, figures.mse, self.evaluation.mse_posterior_mean or 0.0)
        return all(map(math.isfinite, numbers)) and all(np.isfinite(a).all() for a in self.latents.values())

    def write(self, run: Path) -> None:
        """Write latents.safetensors and evaluation.json, both or none.

        Raises `OSError`, and `ValueError` for figures that are not finite.
        """
        figures = evaluation_bytes(self.evaluation)
        codes = tensor_bytes(self.latents, {"epoch": str(self.evaluation.epoch)})
        write_files([(run / LATENTS, codes), (run / EVALUATION, figures)])


def per_class(values: Array, labels: Array) -> dict[str, float]:
    """Return the mean of `values` (images,) by class."""
    return {str(label): float(values[labels == label].mean()) for label in np.unique(labels)}


def evaluate_test(
    ensemble: Ensemble, test: Images, epochs: Sequence[int], draws: int = 1
) -> list[TestResult]:
    """Evaluate every model on the test images: figures, their protocol and the codes.

    `test` are binarized where the models are trained on binarized images. With more `draws` from each
    posterior, figures are means over them; the rate needs none.
    """
    metrics = MetricSums.of(ensemble)
    parts: list[tuple[Array, ...]] = []
    pixels = torch.from_numpy(test.pixels).to(ensemble.device)
    for terms in evaluate_batches(ensemble, pixels, "test", at_mean=True):
        terms.add_to(metrics)
        assert terms.squared_error_at_mean is not None
        kept = (terms.nats, terms.squared_error, terms.squared_error_at_mean, terms.mean, terms.log_var)
        parts.append(tuple(t.cpu().numpy() for t in kept))
    nats, squared_error, at_mean, mean, log_var = (
        np.concatenate(part, axis=1) for part in zip(*parts, strict=True)
    )
    drawn = [_Draw(nats, squared_error / PIXELS)]
    drawn += [_draw(ensemble, pixels, number) for number in range(1, draws)]
    nats, mse = np.mean([one.nats for one in drawn], 0), np.mean([one.mse for one in drawn], 0)
    results = []
    for i, config in enumerate(ensemble.configs):
        latent, is_vae = config.model.latent, config.model.is_vae
        figures = metrics.figures(i)
        error = None
        if draws > 1 and is_vae:
            figures, error = _over_draws(figures, [one.of_model(i) for one in drawn])
        evaluation = Evaluation(
            figures=figures,
            active_units=metrics.active_units(i, latent),
            kl_per_dim=metrics.kl(i, latent),
            per_class_distortion=per_class(nats[i], test.labels),
            per_class_mse=per_class(mse[i], test.labels),
            split="test",
            images=metrics.images,
            posterior_draws=draws if is_vae else 0,
            binarize=config.data.binarize,
            likelihood=config.objective.likelihood,
            seed=config.seed,
            epoch=epochs[i],
            precision="fp32",
            mse_posterior_mean=float(at_mean[i].mean(dtype=np.float64)) / PIXELS,
            draws_error=error,
        )
        latents = {"mean": mean[i, :, :latent], "labels": test.labels, "distortion": nats[i]}
        if is_vae:
            latents["log_var"] = log_var[i, :, :latent]
        results.append(TestResult(evaluation, latents))
    return results


@dataclass(frozen=True)
class _Draw:
    """Distortion in nats and squared error per pixel at one posterior draw, (models, images) each."""

    nats: Array
    mse: Array

    def of_model(self, index: int) -> tuple[float, float]:
        """Return the means over images of one model."""
        return float(self.nats[index].mean(dtype=np.float64)), float(self.mse[index].mean(dtype=np.float64))


def _draw(ensemble: Ensemble, pixels: Tensor, number: int) -> _Draw:
    """Measure at another posterior draw."""
    parts = [
        (terms.nats.cpu().numpy(), terms.squared_error.cpu().numpy())
        for terms in evaluate_batches(ensemble, pixels, "test", draw=number)
    ]
    nats, squared_error = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
    return _Draw(nats, squared_error / PIXELS)


def _over_draws(first: Figures, means: Sequence[tuple[float, float]]) -> tuple[Figures, DrawsError]:
    """Return the figures of one model over draws, from the means of each, with their standard errors."""
    by_draw = np.array(means)  # (draws, 2): distortion, squared error
    distortion, mse = by_draw.mean(0).tolist()
    errors = by_draw.std(0, ddof=1) / math.sqrt(len(means))
    return Figures(distortion, first.rate, -(distortion + first.rate), mse), DrawsError(*errors.tolist())


@torch.no_grad()
def are_finite(ensemble: Ensemble, pixels: Tensor) -> list[bool]:
    """Return for every model whether each of `pixels`, uint8 (images, pixels), has finite nats."""
    likelihood = ensemble.likelihood
    with full_precision():
        x = as_input(pixels)  # (images, pixels)
        mean, log_var = ensemble.encode(x)  # (models, images, latent)
        nats, _ = distortion(likelihood, ensemble.decode(mean), x)  # (models, images)
        rate = rate_per_dim(mean, log_var, ensemble.has_rate).sum(-1)  # (models, images)
    finite: list[bool] = torch.isfinite(nats + rate).all(-1).tolist()
    return finite


@torch.no_grad()
def frames(ensemble: Ensemble, probes: Tensor) -> tuple[Array, Array]:
    """Return one frame of the timeline, uint8, for probes uint8 (probes, pixels).

    Reconstructions through the posterior mean (models, probes, pixels) and decoded prior samples (models,
    draws, pixels).
    """
    z = torch.stack([_prior_samples(config, ensemble.latent) for config in ensemble.configs])
    with full_precision():
        mean, _ = ensemble.encode(as_input(probes))  # (models, probes, latent)
        return _to_grey(ensemble, mean), _to_grey(ensemble, z.to(ensemble.device))


def _prior_samples(config: Config, width: int) -> Tensor:
    """Return samples of N(0, I), the same at every epoch, (draws, width), 0 in padding."""
    generator = torch.Generator().manual_seed(seed_of("timeline", config.seed, config.model.latent))
    samples = torch.randn(DRAWS, config.model.latent, generator=generator)
    return functional.pad(samples, (0, width - config.model.latent))


def _to_grey(ensemble: Ensemble, z: Tensor) -> Array:
    grey = mean_image(ensemble.likelihood, ensemble.decode(z)) * 255
    pixels: Array = grey.round().to(torch.uint8).cpu().numpy()
    return pixels
