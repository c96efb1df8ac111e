"""Rank test images by their distortion under a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Floats, Integers
from vaetui.format import checkpoint_name, ordinal, thousands
from vaetui.models.autoencoder import Vae

CHUNK = 500  # images ranked at once, so that a thread that is cancelled soon ends


@dataclass(frozen=True, eq=False)
class ImageRanking:
    """Images ranked by −log p(x|z) at the posterior mean, under the model `name` after `epoch`.

    `images` `(images,)` are numbers of images, hardest first; `ranks` `(images,)` are their ranks, from 0.
    """

    name: str
    epoch: int
    images: Integers
    ranks: Integers

    def describe(self, image: int) -> str:
        """Return the rank of an image in words, such as "12th hardest of 10 000"."""
        place, count = int(self.ranks[image]) + 1, len(self.images)
        hard = place <= (count + 1) // 2
        place = place if hard else count + 1 - place
        kind = "hardest" if hard else "easiest"
        return f"{f'{ordinal(place)} ' if place > 1 else ''}{kind} of {thousands(count)}"


def rank_images(name: str, epoch: int, nats: Floats) -> ImageRanking:
    """Rank images by their distortions `(images,)`; NaN is hardest."""
    images = np.argsort(-np.nan_to_num(nats, nan=np.inf), kind="stable")
    places = np.empty_like(images)
    places[images] = np.arange(len(images))
    return ImageRanking(name, epoch, images, places)


def model_name(vae: Vae) -> str:
    """Name a checkpoint beside others of its family: "z=10 β=1", or "z=10 AE"."""
    config = vae.config
    return checkpoint_name(config.model.latent, config.objective.beta if config.model.is_vae else None)


def rank(
    vae: Vae,
    count: int,
    pixels: Callable[[list[int]], Floats],
    goes_on: Callable[[float], bool],
) -> ImageRanking | None:
    """Rank the images 0 … `count` − 1; `pixels` returns those of given numbers as `(images, 784)`.

    `goes_on` gets the part done, 0 to 1, and returns whether to continue. Returns None if not.
    """
    nats = []
    for start in range(0, count, CHUNK):
        if not goes_on(start / count):
            return None
        chunk = pixels(list(range(start, min(start + CHUNK, count))))
        nats.append(vae.distortion(chunk, vae.encode(chunk).mean))
    return rank_images(model_name(vae), vae.epoch, np.concatenate(nats)) if nats else None
