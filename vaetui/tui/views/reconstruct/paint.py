"""What models make of test digits, and what that costs, as it is painted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainer.contract.likelihoods import LIKELIHOODS
from vaetui.format import compact
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae
from vaetui.models.image_ranking import ImageRanking
from vaetui.runs.timeline import Timeline
from vaetui.tui.views.reconstruct.large import Figure, Large, Near
from vaetui.tui.views.reconstruct.pairs import Pair


def pairs(vae: Vae, shown: ImageSet, images: Sequence[int]) -> list[Pair]:
    """Test images and their reconstructions through the posterior's mean, in nats."""
    originals = shown.pixels(list(images))
    posterior = vae.encode(originals)
    made = vae.decode(posterior.mean)
    nats, rates = vae.distortion(originals, posterior.mean).tolist(), vae.rate(posterior).tolist()
    is_vae = posterior.log_var is not None
    return [
        Pair(
            original,
            image,
            str(shown.label(number)),
            compact(cost, 1),
            "nats",
            f"+{compact(rate, 1)} rate" * is_vae,
        )
        for original, image, number, cost, rate in zip(originals, made, images, nats, rates, strict=True)
    ]


def probes(timeline: Timeline, place: int, shown: ImageSet | None, wanted: Sequence[int]) -> list[Pair]:
    """The test images `wanted` among the probes of one frame, with their squared error per pixel.

    All of the probes without originals where these are not here.
    """
    frame = np.asarray(timeline.probes[place], np.float32) / np.float32(255)
    if shown is None:
        return [Pair(None, made, "", "", "") for made in frame]
    where = {image: place for place, image in enumerate(timeline.probe_index.tolist())}
    originals = shown.pixels(list(wanted))
    found = []
    for image, original in zip(wanted, originals, strict=True):
        made = frame[where[image]]
        error = float(np.square(made - original).mean())
        found.append(Pair(original, made, str(shown.label(image)), f"{error:.4f}", "/px"))
    return found


def enlarged(
    vae: Vae, shown: ImageSet, images: Sequence[int], at: int, ranking: ImageRanking | None, rank: str
) -> Large:
    """The image at the place `at` of `images` with all that is known of it; the others are its neighbours.

    `rank` is what is said while there is no ranking.
    """
    originals = shown.pixels(list(images))
    posterior = vae.encode(originals)
    made, nats = vae.decode(posterior.mean), vae.distortion(originals, posterior.mean).tolist()
    error = float(np.square(made[at] - originals[at]).mean())
    rate = None if posterior.log_var is None else float(vae.rate(posterior)[at])
    near = [
        Near(image, original, its, f"{shown.label(image)} {compact(cost, 1)}")
        for image, original, its, cost in zip(images, originals, made, nats, strict=True)
    ]
    place = ranking.describe(images[at]) if ranking else rank
    cost = f"distortion {compact(nats[at], 1)} nats"
    if rate is not None:
        total = compact(nats[at] + rate, 1)
        cost = f"distortion {compact(nats[at], 1)} + rate {compact(rate, 1)} = {total} nats"
    return Large(
        originals[at],
        made[at],
        _figures(vae, nats[at], rate, error),
        (cost, f"squared error {error:.4f} /px  {place}"),
        f"{place} by distortion here" if ranking else place,
        near,
        at,
    )


def _figures(vae: Vae, nats: float, rate: float | None, error: float) -> tuple[Figure, ...]:
    cost: Figure = (
        "distortion",
        compact(nats, 1),
        f"nats, {LIKELIHOODS[vae.config.objective.likelihood].caption}",
    )
    squared: Figure = ("squared error", f"{error:.4f}", "a pixel")
    if rate is None:
        return cost, squared
    bound: Figure = ("−ELBO", compact(nats + rate, 1), "nats, z at the mean")
    return cost, ("rate", compact(rate, 1), "nats, KL to the prior"), bound, squared
