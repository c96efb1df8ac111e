"""What the view Sample shows: samples, and what is requested to tell how near to the codes they are."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vaetui.arrays import Floats
from vaetui.format import fixed
from vaetui.latent import prior
from vaetui.latent.code_distances import CodeDistances
from vaetui.latent.posteriors import Codes
from vaetui.latent.sample_statistics import SampleStatistics, excluded_images
from vaetui.latent.samplers import NO_ORIGIN, Samples, SampleSources, Source, sample
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Posterior, Vae
from vaetui.tui.loading import sources
from vaetui.tui.loading.loader import Request
from vaetui.tui.state.loaded import CODES, DISTANCES, IMAGES, MIXTURE, STATISTICS, Loaded
from vaetui.tui.state.selection import Selection
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.sample.paint import Nearest


@dataclass(frozen=True, eq=False)
class Made:
    """A model and what is known by now of the codes of the test images by it, for one state.

    `known` is what there is to draw from; `trouble` says why there is no mixture; `image` is the test image
    that the posterior is of, where its code is among `codes`.
    """

    vae: Vae
    shown: ImageSet | None
    codes: Codes | None
    selection: Selection
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


def requests(state: ViewState, loaded: Mapping[str, Loaded[Any]]) -> Iterator[Request[Any]]:
    """Return what is computed from the codes: their distances, a mixture, and statistics of all samples."""
    run, vae, codes, selection = state.run, state.vae, _codes(state), state.selection
    if run is None or vae is None or codes is None:
        return
    version = state.versions[CODES]
    yield sources.distances(run, codes, version)
    yield sources.gaussians(run, codes, selection.sampling.components, version)
    near, fitted = loaded[DISTANCES].value, loaded[MIXTURE].value
    if near is not None:
        known = SampleSources(vae.latent, encode(vae, state.shown, selection.digit), codes.posterior, fitted)
        image = selection.digit if _is_of(codes, vae, state.shown) else NO_ORIGIN
        made_of = (version, loaded[MIXTURE].version, state.versions[IMAGES])
        noise = (selection.digit, selection.seed, selection.tenths)
        yield sources.statistics(run, known, near, image, selection, (*made_of, *noise))


@lru_cache(maxsize=2)
def encode(vae: Vae, shown: ImageSet | None, digit: int) -> Posterior | None:
    """Return the posterior of a test image."""
    return vae.encode(shown.pixels([digit])) if shown is not None else None


class Bench:
    """Makes of a view's state what the view Sample shows; the last samples are kept."""

    def __init__(self) -> None:
        self._last: tuple[Vae | None, dict[Source, SampleStatistics]] = (None, {})
        self._drawn: tuple[Hashable, Drawn | None] = (None, None)

    def make(self, state: ViewState, vae: Vae, loaded: Mapping[str, Loaded[Any]]) -> Made:
        """Return what is known of the model of `state`; its last statistics while newer are computed."""
        codes, selection = _codes(state), state.selection
        around = encode(vae, state.shown, selection.digit)
        if codes is None:
            known = SampleSources(vae.latent, around)
            return Made(vae, state.shown, None, selection, known, None, {}, NO_ORIGIN)
        near = loaded.get(DISTANCES, Loaded()).value
        fitted = loaded.get(MIXTURE, Loaded())
        known = SampleSources(vae.latent, around, codes.posterior, fitted.value)
        image = selection.digit if _is_of(codes, vae, state.shown) else NO_ORIGIN
        statistics = loaded.get(STATISTICS, Loaded())
        if statistics.value is not None:
            self._last = (vae, statistics.value)
        tallies = self._last[1] if self._last[0] is vae and near is not None else {}
        trouble = fitted.sentence if fitted.value is None and fitted.version is not None else ""
        return Made(vae, state.shown, codes, selection, known, near, tallies, image, trouble)

    def draw(self, made: Made, count: int) -> Drawn | None:
        """`count` draws from the source that is looked at, None where what it draws from is not here yet."""
        selection, known = made.selection, made.known
        source = selection.sampling.source
        if not known.can_sample(source):
            return None
        parts = (known.image_posterior, known.mixture, made.codes, made.nearness, made.vae)
        key = (*parts, source, selection.seed, selection.tenths, made.image, count)
        if self._drawn[0] != key or self._drawn[1] is None:
            draws = sample(source, known, count, selection.seed, selection.temperature)
            found = Drawn(
                draws, made.vae.decode(draws.z), _near(made, source, draws), _words(made, source, draws)
            )
            self._drawn = (key, found)
        return self._drawn[1]


def _codes(state: ViewState) -> Codes | None:
    """Return the codes, unless they are of another latent size than the model's."""
    codes, vae = state.codes, state.vae
    return codes if codes is not None and vae is not None and codes.mean.shape[1] == vae.latent else None


def _is_of(codes: Codes, vae: Vae, shown: ImageSet | None) -> bool:
    """Whether `codes` are those of the images that are shown, not of images that others stand in for."""
    return shown is not None and (shown.name, len(shown)) == (vae.config.data.name, len(codes.mean))


def _near(made: Made, source: Source, draws: Samples) -> Nearest | None:
    if made.nearness is None or made.codes is None:
        return None
    near = made.nearness.nearest(draws.z, excluded_images(source, draws, made.image))
    return Nearest(
        made.codes.labels[near.index], near.distance, made.nearness.is_far(near), made.nearness.median
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
    return [f"log p {fixed(nats, 1)}" for nats in prior.log_prior(draws.z).tolist()]
