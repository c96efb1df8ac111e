"""What the view Sample shows is made here: draws at once, what takes longer in threads."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from textual.widget import Widget

from vaetui.arrays import Floats
from vaetui.latent import code_distances, mixture, nearest, prior
from vaetui.latent.code_distances import CodeDistances
from vaetui.latent.mixture import Mixture
from vaetui.latent.posteriors import Codes
from vaetui.latent.sample_statistics import SampleStatistics, excluded_images, sample_statistics
from vaetui.latent.samplers import NO_ORIGIN, SOURCES, Samples, SampleSources, Source, sample
from vaetui.latent.test_images import ImageSet
from vaetui.models.mlp import Posterior, Vae
from vaetui.tui.loading.computed import Errand, Unwanted
from vaetui.tui.state.selection import Subject
from vaetui.tui.state.view_state import Scene
from vaetui.tui.views.sample.paint import Nearest

PAUSE = 0.1  # seconds without a key before mixtures are fitted and draws of every source counted


@dataclass(frozen=True, eq=False)
class Made:
    """A model and what is known by now of the codes of the test images by it, for one scene.

    `known` is what there is to draw from; `trouble` says why there is no mixture; `image` is the test image
    that the posterior is of, where its code is among `codes`.
    """

    vae: Vae
    shown: ImageSet | None
    codes: Codes | None
    subject: Subject
    known: SampleSources
    nearness: CodeDistances | None
    tallies: dict[Source, SampleStatistics]
    image: int
    trouble: str = ""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Draws, what they decode to `(count, 784)`, the codes nearest to them, and a word on each."""

    draws: Samples
    images: Floats
    near: Nearest | None
    words: list[str]


class Bench:
    """Works for one widget, which gets `Arrived` whenever more is known."""

    def __init__(self, widget: Widget) -> None:
        self._nearness: Errand[CodeDistances] = Errand(widget, "nearness")
        self._mixtures: Errand[Mixture | str] = Errand(widget, "mixture", PAUSE)
        self._tallies: Errand[dict[Source, SampleStatistics]] = Errand(widget, "tallies", PAUSE)
        self._last: tuple[Vae | None, dict[Source, SampleStatistics]] = (None, {})
        self._around: tuple[Hashable, Posterior | None] = (None, None)
        self._drawn: tuple[Hashable, Drawn | None] = (None, None)

    def make(self, scene: Scene, vae: Vae) -> Made:
        """What is known of the model of `scene`; what is not is begun."""
        codes, subject = scene.codes, scene.subject
        if codes is not None and codes.mean.shape[1] != vae.latent:
            codes = None
        around = self._encode(vae, scene.shown, subject)
        if codes is None:
            known = SampleSources(vae.latent, around)
            return Made(vae, scene.shown, None, subject, known, None, {}, NO_ORIGIN)
        near = self._nearness.want(codes, (), lambda _: code_distances.measure_distances(codes.posterior))
        count = subject.sampling.components
        fitted = self._mixtures.want(codes, count, lambda unwanted: _fit(codes, count, unwanted))
        known = SampleSources(
            vae.latent, around, codes.posterior, fitted if isinstance(fitted, Mixture) else None
        )
        image = subject.digit if _is_of(codes, vae, scene.shown) else NO_ORIGIN
        tallies = self._tally(vae, scene.shown, subject, known, near, image) if near else {}
        trouble = fitted if isinstance(fitted, str) else ""
        return Made(vae, scene.shown, codes, subject, known, near, tallies, image, trouble)

    def _encode(self, vae: Vae, shown: ImageSet | None, subject: Subject) -> Posterior | None:
        """The posterior of the test digit."""
        if shown is None:
            return None
        key = (vae, shown, subject.digit)
        if self._around[0] != key:
            self._around = (key, vae.encode(shown.pixels([subject.digit])))
        return self._around[1]

    def _tally(
        self,
        vae: Vae,
        shown: ImageSet | None,
        subject: Subject,
        known: SampleSources,
        near: CodeDistances,
        image: int,
    ) -> dict[Source, SampleStatistics]:
        """The figures of every source; those of a moment ago while newer ones of this model are made."""
        key = (known.mixture, shown, image, subject.digit, subject.seed, subject.tenths)

        def make(unwanted: Unwanted) -> dict[Source, SampleStatistics] | None:
            found: dict[Source, SampleStatistics] = {}
            for source in SOURCES:
                if unwanted():
                    return None
                if known.has(source):
                    found[source] = sample_statistics(
                        source, known, near, image, subject.seed, subject.temperature
                    )
            return found

        told = self._tallies.want(near, key, make)
        if told is not None:
            self._last = (vae, told)
        return self._last[1] if self._last[0] is vae else {}

    def draw(self, made: Made, count: int) -> Drawn | None:
        """`count` draws from the source that is looked at, None where what it draws from is not here yet."""
        subject, known = made.subject, made.known
        source = subject.sampling.source
        if not known.has(source):
            return None
        parts = (known.around, known.mixture, made.codes, made.nearness, made.vae)
        key = (*parts, source, subject.seed, subject.tenths, made.image, count)
        if self._drawn[0] != key or self._drawn[1] is None:
            draws = sample(source, known, count, subject.seed, subject.temperature)
            found = Drawn(
                draws, made.vae.decode(draws.z), _near(made, source, draws), _words(made, source, draws)
            )
            self._drawn = (key, found)
        return self._drawn[1]


def _is_of(codes: Codes, vae: Vae, shown: ImageSet | None) -> bool:
    """Whether `codes` are those of the images that are shown, not of images that others stand in for."""
    return shown is not None and (shown.name, len(shown)) == (vae.config.data.name, len(codes.mean))


def _fit(codes: Codes, components: int, unwanted: Unwanted) -> Mixture | str | None:
    try:
        return mixture.fit_mixture(nearest.finite(codes.mean), components, is_unwanted=unwanted)
    except np.linalg.LinAlgError:
        return mixture.fit_failure(components)


def _near(made: Made, source: Source, draws: Samples) -> Nearest | None:
    if made.nearness is None or made.codes is None:
        return None
    near = made.nearness.near(draws.z, excluded_images(source, draws, made.image))
    return Nearest(
        made.codes.labels[near.index], near.distance, made.nearness.is_far(near), made.nearness.usual
    )


def _words(made: Made, source: Source, draws: Samples) -> list[str]:
    """Where each draw is from, or how likely it is under the prior."""
    if source == "mixture":
        return [f"Gaussian {place + 1}" for place in draws.origin.tolist()]
    if source == "aggregate" and made.codes is not None:
        labels = made.codes.labels
        return [f"test {image}: {labels[image]}" for image in draws.origin.tolist()]
    if not made.vae.config.model.is_vae:
        return []
    return [f"log p {nats:.1f}".replace("-", "−") for nats in prior.log_prior(draws.z).tolist()]
