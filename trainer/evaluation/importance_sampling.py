"""An upper bound on −log p(x) of images under a VAE, by importance sampling from its posterior.

    log p(x) ≈ log 1/K Σₖ p(x|zₖ) p(zₖ) / q(zₖ|x),  zₖ ~ q(z|x)

Burda, Grosse & Salakhutdinov 2015, equation 8: a lower bound in expectation for every K, K = 1 is the ELBO,
and it rises to log p(x) as K grows. The effective sample size of the weights, (Σw)² / Σw² (Kish 1965; Kong
1992), measures how tight it is: near 1, one sample has all the weight and the bound is loose. Where the
encoder misses the posterior, all weights may be alike and wrong: so half of the draws are looked at, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.contract.config import PIXELS
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
    """The bound for each image, on the CPU."""

    nats: Tensor  # (images,)
    effective_samples: Tensor  # (images,)
    at_half: Tensor  # nats with the first half of the draws, (images,); NaN of a single draw


@torch.no_grad()
def estimate(ensemble: Ensemble, pixels: Tensor, samples: int, progress: Progress) -> Estimate:
    """Bound −log p(x) of `pixels`, uint8 (images, pixels), under one VAE with `samples` draws an image.

    `progress` is called with the finished share, 0…1.
    """
    parts = []
    for start in range(0, len(pixels), IMAGES):
        x = as_input(pixels[start : start + IMAGES])  # (batch, pixels)
        parts.append(_of_batch(ensemble, x, start // IMAGES, samples))
        progress(min(start + IMAGES, len(pixels)) / len(pixels))
    log_sum, log_squares, log_half = torch.cat(parts, 1)  # (images,) each
    half = math.log(samples // 2) if samples > 1 else math.nan
    return Estimate(math.log(samples) - log_sum, (2 * log_sum - log_squares).exp(), half - log_half)


def _of_batch(ensemble: Ensemble, x: Tensor, block: int, samples: int) -> Tensor:
    """Return log Σw, log Σw² and log Σw of the first half of the samples: (3, batch), on the CPU.

    Of each image of x (batch, pixels), in double where the device has it: the weights span hundreds of nats.
    """
    dtype = torch.float32 if x.device.type == "mps" else torch.float64
    log_sum = torch.full((3, len(x)), -math.inf, dtype=dtype, device=x.device)
    left = samples // 2  # draws of the first half that are still to come
    with full_precision():
        mean, log_var = (head[0] for head in ensemble.encode(x))  # (batch, latent)
        for noise in _noise(ensemble, block, len(x), samples):  # (draws, batch, latent)
            log_w = log_weights(ensemble, x, mean, log_var, noise).to(dtype)  # (draws, batch)
            sums = (log_w.logsumexp(0), (2 * log_w).logsumexp(0), log_w[:left].logsumexp(0))
            log_sum = torch.logaddexp(log_sum, torch.stack(sums))  # (3, batch)
            left = max(0, left - len(log_w))
    return log_sum.cpu().double()


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
