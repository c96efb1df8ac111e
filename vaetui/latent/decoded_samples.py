"""Samples, decoded, with the nearest code of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vaetui.arrays import Bytes, Floats
from vaetui.format import fixed
from vaetui.latent import prior
from vaetui.latent.code_distances import CodeDistances
from vaetui.latent.posteriors import Codes
from vaetui.latent.sample_statistics import excluded_images
from vaetui.latent.samplers import Samples, SampleSources, sample
from vaetui.latent.sources import Source
from vaetui.models.autoencoder import Vae


@dataclass(frozen=True, eq=False)
class SampleNeighbours:
    """Class and distance of the code nearest to each sample, whether it is far, and the median distance."""

    labels: Bytes
    distance: Floats
    is_far: npt.NDArray[np.bool_]
    usual: float


@dataclass(frozen=True, eq=False)
class DecodedSamples:
    """Samples, what they decode to `(count, 784)`, the nearest codes (None: unknown), a note on each."""

    samples: Samples
    images: Floats
    near: SampleNeighbours | None
    notes: list[str]


@dataclass(frozen=True)
class Noise:
    """A source of samples with the seed and the temperature of its noise."""

    source: Source
    seed: int
    temperature: float


@lru_cache(maxsize=1)
def decode_samples(
    vae: Vae,
    known: SampleSources,
    noise: Noise,
    count: int,
    codes: Codes | None,
    distances: CodeDistances | None,
    image: int,
) -> DecodedSamples:
    """Draw and decode `count` samples; `image` is the one that posterior samples are of."""
    samples = sample(noise.source, known, count, noise.seed, noise.temperature)
    near = None
    if distances is not None and codes is not None:
        found = distances.nearest(samples.z, excluded_images(noise.source, samples, image))
        is_far = distances.is_far(found)
        near = SampleNeighbours(codes.labels[found.index], found.distance, is_far, distances.median)
    return DecodedSamples(samples, vae.decode(samples.z), near, _notes(vae, noise.source, samples, codes))


def _notes(vae: Vae, source: Source, samples: Samples, codes: Codes | None) -> list[str]:
    """Return where each sample is from, or its log density under the prior."""
    if source == "mixture":
        return [f"Gaussian {place + 1}" for place in samples.origin.tolist()]
    if source == "aggregate" and codes is not None:
        return [f"test {image}: {codes.labels[image]}" for image in samples.origin.tolist()]
    if not vae.config.model.is_vae:
        return []
    return [f"log p {fixed(nats, 1)}" for nats in prior.log_prior(samples.z).tolist()]
