"""What the view Sample shows: samples, and what is requested to tell how near to the codes they are."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vaetui.latent.code_distances import CodeDistances
from vaetui.latent.decoded_samples import DecodedSamples, Noise, decode_samples
from vaetui.latent.posteriors import Codes
from vaetui.latent.sample_statistics import SampleStatistics
from vaetui.latent.samplers import NO_ORIGIN, SampleSources, Source
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Posterior, Vae
from vaetui.tui.loading import sources
from vaetui.tui.loading.loader import Request
from vaetui.tui.state.loaded import CODES, DISTANCES, IMAGES, MIXTURE, STATISTICS, Loaded
from vaetui.tui.state.selection import Selection
from vaetui.tui.state.view_state import ViewState


@dataclass(frozen=True, eq=False)
class KnownSources:
    """A model and what is known by now of its codes of the test images.

    `trouble` says why there is no mixture; `image` is the test image of the posterior, where its code is
    among `codes`.
    """

    vae: Vae
    shown: ImageSet | None
    codes: Codes | None
    selection: Selection
    sources: SampleSources
    distances: CodeDistances | None
    statistics: dict[Source, SampleStatistics]
    image: int
    trouble: str = ""

    @property
    def is_vae(self) -> bool:
        """Return whether the model has a prior."""
        return self.vae.config.model.is_vae


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


class SampleCache:
    """The last samples and statistics, shown while newer ones are computed."""

    def __init__(self) -> None:
        self._last: tuple[Vae | None, dict[Source, SampleStatistics]] = (None, {})
        self._drawn: tuple[Hashable, DecodedSamples | None] = (None, None)

    def make(self, state: ViewState, vae: Vae, loaded: Mapping[str, Loaded[Any]]) -> KnownSources:
        """Return what is known of the model of `state`; its last statistics while newer are computed."""
        codes, selection = _codes(state), state.selection
        around = encode(vae, state.shown, selection.digit)
        if codes is None:
            known = SampleSources(vae.latent, around)
            return KnownSources(vae, state.shown, None, selection, known, None, {}, NO_ORIGIN)
        near = loaded.get(DISTANCES, Loaded()).value
        fitted = loaded.get(MIXTURE, Loaded())
        known = SampleSources(vae.latent, around, codes.posterior, fitted.value)
        image = selection.digit if _is_of(codes, vae, state.shown) else NO_ORIGIN
        statistics = loaded.get(STATISTICS, Loaded())
        if statistics.value is not None:
            self._last = (vae, statistics.value)
        tallies = self._last[1] if self._last[0] is vae and near is not None else {}
        trouble = fitted.sentence if fitted.value is None and fitted.version is not None else ""
        return KnownSources(vae, state.shown, codes, selection, known, near, tallies, image, trouble)

    def draw(self, known: KnownSources, count: int) -> DecodedSamples | None:
        """Return `count` samples of the selected source, None while what it needs is unknown."""
        selection, source = known.selection, known.selection.sampling.source
        if not known.sources.can_sample(source):
            return None
        noise = Noise(source, selection.seed, selection.temperature)
        parts = (
            known.sources.image_posterior,
            known.sources.mixture,
            known.codes,
            known.distances,
            known.vae,
        )
        key = (*parts, noise, known.image, count)
        if self._drawn[0] != key or self._drawn[1] is None:
            found = decode_samples(
                known.vae, known.sources, noise, count, known.codes, known.distances, known.image
            )
            self._drawn = (key, found)
        return self._drawn[1]


def _codes(state: ViewState) -> Codes | None:
    """Return the codes, unless they are of another latent size than the model's."""
    codes, vae = state.codes, state.vae
    return codes if codes is not None and vae is not None and codes.mean.shape[1] == vae.latent else None


def _is_of(codes: Codes, vae: Vae, shown: ImageSet | None) -> bool:
    """Return whether `codes` are those of the images `shown`."""
    return shown is not None and (shown.name, len(shown)) == (vae.config.data.name, len(codes.mean))
