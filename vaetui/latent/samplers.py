"""Sample latent points from the prior, one posterior, the aggregated posterior, or a fitted mixture.

A seed gives the same noise and the same images for every model, and the same first points for every count.
The temperature T scales every standard deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vaetui.arrays import Floats, Integers
from vaetui.latent import prior
from vaetui.latent.mixture import Mixture
from vaetui.latent.sources import Source
from vaetui.models.autoencoder import Posterior

NO_ORIGIN = -1  # the origin of a sample of no image and no component


@dataclass(frozen=True)
class SampleSources:
    """The distributions to sample from, besides the prior over `latent` dimensions.

    `image_posterior` is q(z|x) of one image, `codes` those of all test images, `mixture` is fitted to their
    means.
    """

    latent: int
    image_posterior: Posterior | None = None
    codes: Posterior | None = None
    mixture: Mixture | None = None

    def can_sample(self, source: Source) -> bool:
        """Return whether the distribution of `source` is known."""
        parts = {"posterior": self.image_posterior, "aggregate": self.codes, "mixture": self.mixture}
        return source == "prior" or parts[source] is not None


@dataclass(frozen=True, eq=False)
class Samples:
    """Points `z` (count, latent) and the image or component of each, `origin` (count,), or `NO_ORIGIN`."""

    z: Floats
    origin: Integers


def sample_posteriors(posterior: Posterior, images: Integers, noise: Floats, temperature: float) -> Floats:
    """Return z = mean + T·σ·ε of the posterior of each of `images` `(count,)`: `(count, latent)`.

    `posterior` is of all images, `noise` is ε `(count, latent)`; an autoencoder has no σ, so z = mean.
    """
    if posterior.log_var is None:
        return posterior.mean[images]
    with np.errstate(over="ignore", invalid="ignore"):
        sigma = np.exp(0.5 * posterior.log_var[images])
        return np.asarray(posterior.mean[images] + temperature * sigma * noise, np.float32)


def sample(
    source: Source, known: SampleSources, count: int, seed: int = 0, temperature: float = 1.0
) -> Samples:
    """Draw `count` samples from `source`. Raises `ValueError` where `known` lacks its distribution."""
    noise = prior.prior_noise(seed, count, known.latent)
    nowhere = np.full(count, NO_ORIGIN, np.int64)
    if source == "prior":
        return Samples(noise * np.float32(temperature), nowhere)
    if source == "posterior" and known.image_posterior is not None:
        return Samples(sample_posteriors(known.image_posterior, nowhere * 0, noise, temperature), nowhere)
    if source == "aggregate" and known.codes is not None:
        images = np.asarray(_chances(seed, count) * len(known.codes.mean), np.int64)
        return Samples(sample_posteriors(known.codes, images, noise, temperature), images)
    if source == "mixture" and known.mixture is not None:
        mixture = known.mixture
        places = np.searchsorted(mixture.weight.cumsum(), _chances(seed, count), side="right")
        places = places.clip(max=len(mixture.weight) - 1)
        spread = np.einsum("nij,nj->ni", mixture.factor[places], noise)
        return Samples(np.asarray(mixture.mean[places] + temperature * spread, np.float32), places)
    raise ValueError(f"the distribution of the source {source} is unknown")


def _chances(seed: int, count: int) -> npt.NDArray[np.float64]:
    """Return uniform numbers in 0…1 `(count,)` from a stream that no dimension of the noise has."""
    return np.random.Generator(np.random.PCG64([seed, 0, 1])).random(count)
