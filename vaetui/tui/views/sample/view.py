"""View 3: samples from the prior, a posterior, all posteriors or a mixture, and their nearest codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from vaetui import commands
from vaetui.latent.decoded_samples import DecodedSamples
from vaetui.latent.interpolation import next_class
from vaetui.latent.sample_statistics import SampleStatistics
from vaetui.latent.sources import Source
from vaetui.models.autoencoder import Vae
from vaetui.runs import lookup
from vaetui.runs.timeline import Timeline
from vaetui.tui.loading.loader import Request
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.loaded import CODES, DISTANCES, MIXTURE, MODEL, TIMELINE, Loaded
from vaetui.tui.state.sample_settings import SampleSettings
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.base import that_hold, write_lines
from vaetui.tui.views.sample import captions
from vaetui.tui.views.sample.paint import Layout, frame, layout, original, pictures
from vaetui.tui.views.sample.samples import KnownSources, decode, known_sources, requests
from vaetui.tui.views.timeline import TimelineView


class Sample(TimelineView):
    """As many samples as there is room for; the first are the same in every size of window."""

    title: ClassVar[str] = "Sample"
    about: ClassVar[str] = (
        "Images decoded from random codes: from the prior N(0, I), or from the posteriors of test images"
        " (key p). The prior covers more than the data does: for z = 20 on MNIST the Fréchet distance to"
        " test images is 10.3 from the prior and 1.9 around training images; of training images"
        " themselves it is 0.1."
    )
    KINDS = frozenset({MODEL, CODES, TIMELINE})

    _last: tuple[Vae | None, Mapping[Source, SampleStatistics]] = (None, {})

    @property
    def facts(self) -> frozenset[str]:
        """Return what the samples depend on: an autoencoder's codes have no σ."""
        state, facts = self.state, super().facts
        if state.vae is None or self.is_past:
            return facts
        source, is_vae = state.selection.sampling.source, state.vae.config.model.is_vae
        return facts | that_hold(
            samples=True,
            noise=is_vae or source != "posterior",
            sigma=is_vae or source in ("prior", "mixture"),
            image=source == "posterior" and state.shown is not None,
            mixture=source == "mixture",
        )

    def requests(self, state: ViewState, loaded: Mapping[str, Loaded[Any]]) -> Iterable[Request[Any]]:
        """Return what samples are compared with, unless an epoch of the timeline is shown."""
        return requests(state, loaded) if state.selection.epoch is None else ()

    # --- keys

    def _update(self, apply: Callable[[SampleSettings], SampleSettings]) -> None:
        self.change(lambda selection: dataclasses.replace(selection, sampling=apply(selection.sampling)))

    def action_source(self) -> None:
        """Sample from the next source."""
        if "samples" in self.facts:
            self._update(SampleSettings.with_next_source)

    def action_source_of(self, source: Source) -> None:
        """Sample from one source."""
        self._update(lambda settings: dataclasses.replace(settings, source=source))

    def action_components(self, by: int) -> None:
        """Fit more or fewer Gaussians."""
        if "mixture" in self.facts:
            self._update(lambda settings: settings.with_components(by))

    def action_image(self, by: int) -> None:
        """Sample around another test image."""
        if "image" in self.facts:
            super().action_image(by)

    def action_class(self, by: int) -> None:
        """Sample around a test image of another class."""
        if self.state.shown and "image" in self.facts:
            shown = self.state.shown
            self.change(lambda s: dataclasses.replace(s, image=next_class(shown.images.labels, s.image, by)))

    def action_noise(self, by: int) -> None:
        """Select the next noise seed."""
        if "noise" in self.facts:
            self.change(lambda selection: selection.with_seed(by))

    def action_temperature(self, by: int) -> None:
        """Raise or lower the temperature by a tenth."""
        if "sigma" in self.facts:
            self.change(lambda selection: selection.with_temperature(by))

    # --- painting

    def paint_state(self, canvas: Canvas, state: ViewState) -> None:
        """Paint the image that samples are around, the samples, and what is known of them."""
        if state.vae is None:
            write_lines(canvas, (state.trouble,))
            return
        known, facts = self._known(state, state.vae), self.facts
        plan = layout(canvas.width, canvas.height)
        samples = decode(known, _count(state, plan))
        captions.head(canvas, plan, known, samples, facts)
        waiting, shown, image = self._waiting(state, known), state.shown, state.selection.image
        if shown is not None and "image" in facts:
            name = "binarised" if shown.is_binarised else "original"
            original(canvas, plan, shown.pixels([image])[0], f"{name}: {shown.label(image)}", f"test {image}")
        if samples is None:
            canvas.centred(0, canvas.width, canvas.height // 3, known.trouble or waiting)
        else:
            pictures(canvas, plan, int("image" in facts), samples.images, samples.near, samples.notes)
        captions.foot(canvas, plan, known, samples, waiting)

    def _known(self, state: ViewState, vae: Vae) -> KnownSources:
        """Return what is known of the model, with its last statistics while newer ones are computed."""
        known = known_sources(state, vae, self.loaded)
        if known.statistics:
            self._last = vae, known.statistics
        elif self._last[0] is vae and known.distances is not None:
            known = dataclasses.replace(known, statistics=self._last[1])
        return known

    def _waiting(self, state: ViewState, known: KnownSources) -> str:
        """Say what is being computed, once that takes long."""
        if state.shown is None or known.codes is None:
            return state.waiting
        if known.distances is None:
            return self.loaded[DISTANCES].sentence
        return "" if known.trouble else self.loaded[MIXTURE].sentence

    def paint_frame(self, canvas: Canvas, timeline: Timeline, place: int) -> tuple[int, tuple[str, ...]]:
        """Paint the trainer's prior samples of one epoch."""
        seen, free = frame(canvas, timeline.draws[place])
        count = f"{seen} of {timeline.draws.shape[1]} prior samples of the trainer"
        return free, (f"{count}, other noise", "the same noise in every epoch")

    def samples(self, count: int) -> DecodedSamples | None:
        """Return `count` samples, None while their source is unknown."""
        vae = self.state.vae
        return decode(self._known(self.state, vae), count) if vae else None

    def command(self) -> list[str]:
        """Return the command for these samples."""
        state, selection = self.state, self.state.selection
        if state.run is None or state.vae is None or self.is_past:
            return super().command()
        sampling = selection.sampling
        own = {
            "posterior": ["--digit", commands.image_argument([selection.image])],
            "mixture": ["--components", str(sampling.components)],
        }
        words = ["sample", lookup.run_argument(state.run), "--from", sampling.source]
        words += own.get(sampling.source, [])
        words += ["--seed", str(selection.seed), "--temperature", f"{selection.temperature:g}"]
        return [*words, "--count", str(_count(state, layout(self.size.width, self.size.height)))]


def _count(state: ViewState, plan: Layout) -> int:
    """Return how many samples fit; around an image that image comes first."""
    is_around = state.selection.sampling.source == "posterior"
    if is_around and state.vae and not state.vae.config.model.is_vae:
        return 1  # any more would be the same
    return plan.cells - is_around
