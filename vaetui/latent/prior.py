"""The standard normal prior: shared noise, log density, KL divergence and quantiles."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from vaetui.arrays import Floats


def prior_noise(seed: int, count: int, latent: int) -> Floats:
    """Return standard normal noise `(count, latent)`, the same for a seed on every machine.

    Every dimension has a stream of its own, so the first dimensions agree for every latent size and the first
    points for every count: the same noise serves every checkpoint and every size of window.
    """
    columns = [
        np.random.Generator(np.random.PCG64([seed, dim])).standard_normal(count) for dim in range(latent)
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def log_prior(z: Floats) -> Floats:
    """Return log p(z) of the standard normal prior in nats: `(…, latent)` → `(…)`."""
    squared: Floats = np.square(z).sum(-1)
    return np.asarray(-0.5 * (squared + z.shape[-1] * math.log(2 * math.pi)), np.float32)


def normal_quantiles(count: int) -> Floats:
    """Return the standard normal's quantiles `(count,)` at the centres of `count` equally probable slices."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((place + 0.5) / count) for place in range(count)], np.float32)
