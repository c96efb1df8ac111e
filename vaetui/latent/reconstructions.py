"""Reconstructions of test images by a model or at some epoch, of a changed code, and of a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vaetui.arrays import Bytes, Floats, Integers
from vaetui.latent import nearest
from vaetui.latent.dimensions import RankedDimensions
from vaetui.latent.posteriors import Codes
from vaetui.latent.test_images import ImageSet
from vaetui.latent.traversal import TraversalOffsets
from vaetui.models.autoencoder import Vae
from vaetui.models.likelihoods import nats_of_means
from vaetui.render.strokes import Sketch


@dataclass(frozen=True, eq=False)
class ReconstructedImage:
    """A test image and its reconstruction, `(784,)` in 0…1, with its class.

    `original` is None where its dataset is not here, and so is `distortion`. `distortion` and `rate` are in
    nats; a probe and an autoencoder have no rate.
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
    probes: Bytes, index: Integers, shown: ImageSet | None, wanted: Sequence[int], likelihood: str
) -> list[ReconstructedImage]:
    """Return the test images `wanted` among the trainer's `probes` (count, 784), whose numbers are `index`.

    All of the probes without originals where the dataset is not here. Their distortion follows from images of
    8 bits, where the likelihood has one.
    """
    images = np.asarray(probes, np.float32) / np.float32(255)
    if shown is None:
        return [ReconstructedImage(-1, "", None, image) for image in images]
    places = {number: place for place, number in enumerate(index.tolist())}
    made, originals = images[[places[number] for number in wanted]], shown.pixels(list(wanted))
    nats = nats_of_means(likelihood, made, originals)
    distortions = [None] * len(made) if nats is None else nats.tolist()
    return [
        ReconstructedImage(number, str(shown.label(number)), *rest)
        for number, *rest in zip(wanted, originals, made, distortions, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class ChangedCode:
    """The changed code and the image's own, decoded `(784,)`, and the traversal `frames` (values, 784).

    `nats` are the distortions of changed and own code.
    """

    image: Floats
    reconstruction: Floats
    frames: Floats
    nats: tuple[float, float]

    @property
    def difference(self) -> Floats:
        """Return changed image − reconstruction."""
        return np.asarray(self.image - self.reconstruction, np.float32)

    @property
    def squared_error(self) -> float:
        """Return the sum of the squared difference over all pixels."""
        return float(np.square(self.difference).sum())


def decode_changed(
    vae: Vae, pixels: Floats, dims: RankedDimensions, offsets: TraversalOffsets, values: Floats
) -> ChangedCode:
    """Decode the code of an image, `pixels` (1, 784), changed by `offsets`, and its traversal at `values`."""
    place = offsets.selected_rank(len(dims))
    points = np.stack([dims.code(offsets), dims.code(offsets.with_all_reset())])
    decoded = vae.decode(np.concatenate([points, dims.traversal(offsets, place, values)]))
    nats = tuple(vae.distortion(np.repeat(pixels, 2, 0), points).tolist())
    return ChangedCode(decoded[0], decoded[1], decoded[2:], nats)


MOST_NEAR = 7


@dataclass(frozen=True, eq=False)
class NearCode:
    """A test image whose code is near: its class, distance, and pixels `(784,)` where they are known."""

    label: int
    distance: float
    pixels: Floats | None


@dataclass(frozen=True, eq=False)
class ReconstructedDrawing:
    """Images `(784,)`, nats (`rate` is None for an autoencoder), the code's `mean` `(latent,)`.

    `near` is None while the codes of the test images are unknown.
    """

    input: Floats
    image: Floats
    distortion: float
    rate: float | None
    mean: Floats
    near: tuple[NearCode, ...] | None


@lru_cache(maxsize=1)
def reconstruct_drawing(
    vae: Vae, sketch: Sketch, shown: ImageSet | None, codes: Codes | None
) -> ReconstructedDrawing:
    """Encode and decode a drawing, binarised as the test images `shown` are; `codes` are theirs."""
    image = shown.judged(sketch.pixels) if shown else sketch.pixels
    posterior = vae.encode(image[None])
    z = posterior.mean
    near = None
    if codes is not None:
        pixels = shown.pixels if shown is not None and len(shown) == len(codes.labels) else None
        near = tuple(
            NearCode(int(codes.labels[index]), distance, pixels([index])[0] if pixels else None)
            for index, distance in nearest.nearest_codes(z[0], codes.mean, MOST_NEAR)
        )
    rate = None if posterior.log_var is None else float(vae.rate(posterior)[0])
    return ReconstructedDrawing(
        image, vae.decode(z)[0], float(vae.distortion(image[None], z)[0]), rate, z[0], near
    )
