"""A drawing as a model sees it: its reconstruction, its cost, its code and the nearest codes."""

from __future__ import annotations

from dataclasses import dataclass

from vaetui.arrays import Floats
from vaetui.latent import nearest
from vaetui.latent.posteriors import Codes
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae
from vaetui.render.strokes import Sketch

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


def reconstruct(
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
