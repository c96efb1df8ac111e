"""−log p(x) of images under a VAE, by importance sampling from its posterior.

    log p(x) ≈ log 1/K Σₖ p(x|zₖ) p(zₖ) / q(zₖ|x),  zₖ ~ q(z|x)

Burda, Grosse & Salakhutdinov 2015, equation 8: a lower bound in expectation for every K, K = 1 is the ELBO,
and it rises to log p(x) as K grows. The effective sample size of the weights, (Σw)² / Σw² (Kish 1965; Kong
1992), measures how tight it is: near 1, one sample has all the weight and the bound is loose.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.contract.config import PIXELS
from trainer.contract.evaluation import Marginal
from trainer.contract.likelihoods import LIKELIHOODS
from trainer.engine.batches import as_input
from trainer.engine.precision import full_precision
from trainer.evaluation.classifier import Progress
from trainer.models.ensemble import Ensemble
from trainer.models.likelihoods import distortion

# Noise is generated in blocks of IMAGES × DRAWS, so that the first samples of the first images are the same
# however many follow. One decoding has at most MOST_NUMBERS numbers in the widest layer.
IMAGES, DRAWS = 100, 50
MOST_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Estimate:
    """The estimate for each image, on the CPU."""

    nats: Tensor  # −log p(x), (images,)
    effective_samples: Tensor  # (images,)


@torch.no_grad()
def estimate(ensemble: Ensemble, pixels: Tensor, samples: int, progress: Progress) -> Estimate:
    """Estimate −log p(x) of `pixels`, uint8 (images, pixels), under one VAE with `samples` samples an image.

    `progress` is called with the finished share, 0…1.
    """
    parts = []
    for start in range(0, len(pixels), IMAGES):
        x = as_input(pixels[start : start + IMAGES])  # (batch, pixels)
        parts.append(_of_batch(ensemble, x, start // IMAGES, samples))
        progress(min(start + IMAGES, len(pixels)) / len(pixels))
    log_p, log_p_squared = (torch.cat(part) for part in zip(*parts, strict=True))  # (images,)
    nats = math.log(samples) - log_p
    return Estimate(nats, (2 * log_p - log_p_squared).exp())


def _of_batch(ensemble: Ensemble, x: Tensor, block: int, samples: int) -> tuple[Tensor, Tensor]:
    """Return log Σw and log Σw² of each image of x (batch, pixels) over all samples: (batch,), on the CPU.

    In double, where the device has it: the weights span hundreds of nats.
    """
    dtype = torch.float32 if x.device.type == "mps" else torch.float64
    log_sum = torch.full((2, len(x)), -math.inf, dtype=dtype, device=x.device)
    with full_precision():
        mean, log_var = (head[0] for head in ensemble.encode(x))  # (batch, latent)
        for noise in _noise(ensemble, block, len(x), samples):  # (draws, batch, latent)
            log_w = log_weights(ensemble, x, mean, log_var, noise).to(dtype)  # (draws, batch)
            both = torch.stack([log_w, 2 * log_w])  # (2, draws, batch)
            log_sum = torch.logaddexp(log_sum, both.logsumexp(1))  # (2, batch)
    of_weights, of_squares = log_sum.cpu().double()
    return of_weights, of_squares


def _noise(ensemble: Ensemble, block: int, batch: int, samples: int) -> Iterator[Tensor]:
    """Yield standard normal noise (draws, batch, latent) of bounded size for `samples` samples in all."""
    shape = ensemble.configs[0].model
    widest = max(PIXELS, shape.latent, *shape.hidden)
    most = max(1, MOST_NUMBERS // (widest * batch))  # draws
    for start in range(0, samples, DRAWS):
        noise = ensemble.noise(("likelihood", block, start // DRAWS), DRAWS, IMAGES)
        yield from torch.split(noise[: samples - start, 0, :batch], most)  # (draws, batch, latent)


def log_weights(ensemble: Ensemble, x: Tensor, mean: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """Return log p(x|z) p(z) / q(z|x) in nats at z = mean + σ·noise: (draws, batch).

    x (batch, pixels), mean and log_var (batch, latent), noise (draws, batch, latent). The normal densities
    share their constants, and (z − mean)/σ is the noise itself.
    """
    draws, batch, latent = noise.shape
    z = mean + noise * (0.5 * log_var).exp()  # (draws, batch, latent)
    logits = ensemble.decode(z.view(1, draws * batch, latent)).view(draws, batch, -1)
    nats, _ = distortion(ensemble.likelihood, logits, x)  # (draws, batch)
    log_ratio = 0.5 * (noise.square() + log_var - z.square()).sum(-1)  # log p(z) − log q(z|x), (draws, batch)
    return log_ratio - nats


def marginal(ensemble: Ensemble, pixels: Tensor, samples: int, progress: Progress) -> Marginal:
    """Estimate −log p(x) over `pixels`, uint8 (images, pixels), with its standard error and protocol."""
    (config,) = ensemble.configs
    images = estimate(ensemble, pixels, samples, progress)
    std = float(images.nats.std(correction=min(1, len(pixels) - 1)))
    likelihood = LIKELIHOODS[config.objective.likelihood]
    remark = likelihood.protocol_for(config.data.binarize, PIXELS)
    return Marginal(
        nats=float(images.nats.mean()),
        constant=likelihood.constant(PIXELS),
        standard_error=std / math.sqrt(len(pixels)),
        samples=samples,
        effective_samples=float(images.effective_samples.mean()),
        seed=config.seed,
        protocol=f"−log p(x): importance sampling, {samples} posterior draws an image; {remark}",
    )
