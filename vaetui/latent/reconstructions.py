"""Test images and what a model, or the trainer at some epoch, makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Bytes, Floats, Integers
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae


@dataclass(frozen=True, eq=False)
class ReconstructedImage:
    """A test image and its reconstruction, `(784,)` in 0…1, with its class.

    `original` is None where its dataset is not here. `distortion` and `rate` are in nats; a probe has
    neither, an autoencoder no rate.
    """

    number: int
    label: str
    original: Floats | None
    image: Floats
    distortion: float | None = None
    rate: float | None = None

    @property
    def difference(self) -> Floats | None:
        """Return reconstruction − original."""
        return None if self.original is None else np.asarray(self.image - self.original, np.float32)

    @property
    def error(self) -> float | None:
        """Return the squared error per pixel."""
        return None if self.difference is None else float(np.square(self.difference).mean())


def reconstruct_images(vae: Vae, shown: ImageSet, numbers: Sequence[int]) -> list[ReconstructedImage]:
    """Reconstruct test images through the posterior's mean."""
    originals = shown.pixels(list(numbers))
    posterior = vae.encode(originals)
    images, distortions = vae.decode(posterior.mean), vae.distortion(originals, posterior.mean).tolist()
    rates = [None] * len(images) if posterior.log_var is None else vae.rate(posterior).tolist()
    return [
        ReconstructedImage(number, str(shown.label(number)), *rest)
        for number, *rest in zip(numbers, originals, images, distortions, rates, strict=True)
    ]


def reconstructed_probes(
    probes: Bytes, index: Integers, shown: ImageSet | None, wanted: Sequence[int]
) -> list[ReconstructedImage]:
    """Return the test images `wanted` among the trainer's `probes` (count, 784), whose numbers are `index`.

    All of the probes without originals where the dataset is not here.
    """
    images = np.asarray(probes, np.float32) / np.float32(255)
    if shown is None:
        return [ReconstructedImage(-1, "", None, image) for image in images]
    places = {number: place for place, number in enumerate(index.tolist())}
    return [
        ReconstructedImage(number, str(shown.label(number)), original, images[places[number]])
        for number, original in zip(wanted, shown.pixels(list(wanted)), strict=True)
    ]
