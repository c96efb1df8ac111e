"""What the view Sample knows of a model: what it can sample from, and what samples are compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vaetui.latent.code_distances import CodeDistances
from vaetui.latent.decoded_samples import DecodedSamples, Noise, decode_samples
from vaetui.latent.posteriors import Codes
from vaetui.latent.sample_statistics import SampleStatistics
from vaetui.latent.samplers import NO_ORIGIN, SampleSources
from vaetui.latent.sources import Source
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Posterior, Vae
from vaetui.tui.loading import latent_sources
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
    codes: Codes | None
    selection: Selection
    sources: SampleSources
    distances: CodeDistances | None
    statistics: Mapping[Source, SampleStatistics]
    image: int
    trouble: str

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
    yield latent_sources.distances(run, codes, version)
    yield latent_sources.gaussians(run, codes, selection.sampling.components, version)
    known = known_sources(state, vae, loaded)
    if known.distances is not None:
        made_of = (version, loaded[MIXTURE].version, state.versions[IMAGES])
        noise = (selection.image, selection.seed, selection.tenths)
        yield latent_sources.statistics(
            run, known.sources, known.distances, known.image, selection, (*made_of, *noise)
        )


def known_sources(state: ViewState, vae: Vae, loaded: Mapping[str, Loaded[Any]]) -> KnownSources:
    """Return what is known of the model of `state`."""
    codes, selection, shown = _codes(state), state.selection, state.shown
    fitted: Loaded[Any] = loaded.get(MIXTURE, Loaded())
    posterior = codes.posterior if codes is not None else None
    known = SampleSources(vae.latent, _encode(vae, shown, selection.image), posterior, fitted.value)
    has_code = codes is not None and shown is not None and shown.is_encoded_by(vae, codes)
    return KnownSources(
        vae,
        codes,
        selection,
        known,
        loaded.get(DISTANCES, Loaded()).value,
        loaded.get(STATISTICS, Loaded()).value or {},
        selection.image if has_code else NO_ORIGIN,
        fitted.sentence if fitted.value is None and fitted.version is not None else "",
    )


@lru_cache(maxsize=2)
def _encode(vae: Vae, shown: ImageSet | None, image: int) -> Posterior | None:
    """Return the posterior of a test image."""
    return vae.encode(shown.pixels([image])) if shown is not None else None


def decode(known: KnownSources, count: int) -> DecodedSamples | None:
    """Decode `count` samples of the selected source; return None while what it needs is unknown."""
    selection, source = known.selection, known.selection.sampling.source
    if not known.sources.can_sample(source):
        return None
    noise = Noise(source, selection.seed, selection.temperature)
    return decode_samples(known.vae, known.sources, noise, count, known.codes, known.distances, known.image)


def _codes(state: ViewState) -> Codes | None:
    """Return the codes, unless they are of another latent size than the model's."""
    codes, vae = state.codes, state.vae
    return codes if codes is not None and vae is not None and codes.mean.shape[1] == vae.latent else None
