"""A linear decoder with Gaussian noise, of which log p(x) is known."""

import math

import numpy as np
import torch
from torch import Tensor

from tests.trainer.small import config
from trainer.contract.config import PIXELS
from trainer.contract.likelihoods import LIKELIHOODS
from trainer.models.ensemble import Ensemble

CPU = torch.device("cpu")


def linear_gaussian(
    mean_scale: float = 1.0, log_var_shift: float = 0.0, latent: int = 2
) -> tuple[Ensemble, Tensor]:
    """x = z·A + b + noise of variance ½ as an autoencoder, and A (latent, pixels).

    relu(u) − relu(−u) = u makes its networks linear. A's rows are orthogonal, so the true posterior has a
    diagonal covariance, and the encoder gives just that, unless it is set to miss it.
    """
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.standard_normal((PIXELS, latent)))[0].T  # (latent, pixels)
    a = np.array([[1.5], [0.7], [1.1]])[:latent] * directions
    b = np.full(PIXELS, 0.25)
    variance = 1 / (1 + 2 * np.square(a).sum(1))  # of the posterior, (latent,)
    up = 2 * a.T * variance  # mean = (x − b) @ up, (pixels, latent)
    both, apart = np.hstack([np.eye(latent)] * 2), np.vstack([np.eye(latent), -np.eye(latent)])
    both[:, latent:] *= -1
    weights = {
        "encoder.0.weight": np.hstack([up, -up]),
        "encoder.0.bias": np.concatenate([-b @ up, b @ up]),
        "mean.weight": mean_scale * apart,
        "mean.bias": np.zeros(latent),
        "log_var.weight": np.zeros((2 * latent, latent)),
        "log_var.bias": np.log(variance) + log_var_shift,
        "decoder.0.weight": both,
        "decoder.0.bias": np.zeros(2 * latent),
        "decoder.1.weight": np.vstack([a, -a]),
        "decoder.1.bias": b,
    }
    tensors = {name: torch.from_numpy(value.astype(np.float32)) for name, value in weights.items()}
    shape = config(latent, hidden=(2 * latent,), loss="gaussian")
    return Ensemble.build([shape], [tensors], CPU), torch.from_numpy(a)


def drawn_from(a: Tensor, images: int, scale: float = 1.0) -> Tensor:
    """Return images (images, pixels) of codes that are `scale` times as far out as those of the prior."""
    rng = np.random.default_rng(1)
    z, noise = rng.standard_normal((images, len(a))), rng.standard_normal((images, PIXELS))
    return torch.from_numpy(0.25 + scale * z @ a.numpy() + 0.05 * noise).float()


def pixels_of(x: Tensor) -> Tensor:
    """Return images as uint8."""
    return (x.clamp(0, 1) * 255).round().to(torch.uint8)


def exact(a: Tensor, x: Tensor) -> Tensor:
    """−log N(x; b, AᵀA + ½I), less the constant of the likelihood."""
    covariance = a.T @ a + 0.5 * torch.eye(PIXELS, dtype=torch.float64)
    off = x.double() - 0.25
    squares = (off * torch.linalg.solve(covariance, off.T).T).sum(1)
    log_det = torch.linalg.slogdet(2 * math.pi * covariance)[1]
    nats: Tensor = 0.5 * (squares + log_det) - LIKELIHOODS["gaussian"].constant(784)
    return nats
