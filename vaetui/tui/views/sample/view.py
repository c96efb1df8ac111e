"""View 3: samples from the prior, a posterior, all posteriors or a mixture, and their nearest codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from vaetui import commands
from vaetui.latent.decoded_samples import DecodedSamples
from vaetui.latent.interpolation import next_class
from vaetui.latent.samplers import Source
from vaetui.render.terminal import Terminal
from vaetui.runs import lookup
from vaetui.runs.timeline import Timeline
from vaetui.tui.keys import bindings
from vaetui.tui.loading.loader import Request
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.loaded import CODES, DISTANCES, MIXTURE, MODEL, TIMELINE, Loaded
from vaetui.tui.state.sample_settings import SampleSettings
from vaetui.tui.state.selection import Selection
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.base import write_lines
from vaetui.tui.views.sample import captions
from vaetui.tui.views.sample.paint import Layout, frame, layout, original, pictures
from vaetui.tui.views.sample.samples import KnownSources, SampleCache, requests
from vaetui.tui.views.timeline import TimelineView


class Sample(TimelineView):
    """As many samples as there is room for; the first are the same in every size of window."""

    title: ClassVar[str] = "Sample"
    BINDINGS = bindings("Sample")
    KINDS = frozenset({MODEL, CODES, TIMELINE})

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._cache = SampleCache()

    @property
    def facts(self) -> frozenset[str]:
        """Return what the samples depend on: an autoencoder's codes have no σ."""
        state, found = self.state, set(super().facts)
        if state.vae is None or self.is_past:
            return frozenset(found)
        source, is_vae = state.selection.sampling.source, state.vae.config.model.is_vae
        found.add("draws")
        if is_vae or source != "posterior":
            found.add("noise")
        if is_vae or source in ("prior", "mixture"):
            found.add("sigma")
        if source == "posterior" and state.shown is not None:
            found.add("digit")
        if source == "mixture":
            found.add("mixture")
        return frozenset(found)

    def requests(self, state: ViewState, loaded: Mapping[str, Loaded[Any]]) -> Iterable[Request[Any]]:
        """Return what samples are compared with, unless an epoch of the timeline is shown."""
        return requests(state, loaded) if state.selection.epoch is None else ()

    # --- keys

    def _update(self, apply: Callable[[SampleSettings], SampleSettings]) -> None:
        self.change(lambda selection: dataclasses.replace(selection, sampling=apply(selection.sampling)))

    def action_source(self, by: int) -> None:
        """Sample from the next source."""
        if "draws" in self.facts:
            self._update(lambda settings: settings.with_next_source(by))

    def action_source_of(self, source: Source) -> None:
        """Sample from one source."""
        self._update(lambda settings: dataclasses.replace(settings, source=source))

    def action_components(self, by: int) -> None:
        """Fit more or fewer Gaussians."""
        if "mixture" in self.facts:
            self._update(lambda settings: settings.with_components(by))

    def action_digit(self, by: int) -> None:
        """Sample around another test image."""
        if "digit" in self.facts:
            super().action_digit(by)

    def action_class(self, by: int) -> None:
        """Sample around a test image of another class."""
        if self.state.shown and "digit" in self.facts:
            shown = self.state.shown

            def turn(selection: Selection) -> Selection:
                image = next_class(shown.images.labels, selection.digit, by)
                return selection.moved(image - selection.digit, len(shown))

            self.change(turn)

    def action_noise(self, by: int) -> None:
        """Take other noise."""
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
        made = self._cache.make(state, state.vae, self.loaded)
        plan = layout(canvas.width, canvas.height)
        drawn = self._cache.draw(made, _count(state, plan))
        captions.head(canvas, plan, made, drawn)
        if drawn is None:
            canvas.centred(0, canvas.width, canvas.height // 3, made.trouble or self._waiting(state, made))
        else:
            self._paint_draws(canvas, plan, made, drawn)
        captions.foot(canvas, plan, made, drawn, self._waiting(state, made))

    def _paint_draws(self, canvas: Canvas, plan: Layout, made: KnownSources, drawn: DecodedSamples) -> None:
        first, shown = 0, made.shown
        if made.selection.sampling.source == "posterior" and shown is not None:
            digit = made.selection.digit
            name = "binarised" if shown.is_binarised else "original"
            original(canvas, plan, shown.pixels([digit])[0], f"{name}: {shown.label(digit)}", f"test {digit}")
            first = 1
        pictures(canvas, plan, first, drawn.images, drawn.near, drawn.notes)

    def _waiting(self, state: ViewState, made: KnownSources) -> str:
        """Say what is being computed, once that takes long."""
        if state.shown is None or made.codes is None:
            return state.waiting
        if made.distances is None:
            return self.loaded[DISTANCES].sentence
        return "" if made.trouble else self.loaded[MIXTURE].sentence

    def paint_frame(self, canvas: Canvas, timeline: Timeline, place: int) -> tuple[int, tuple[str, ...]]:
        """Paint the trainer's prior samples of one epoch."""
        seen, free = frame(canvas, timeline.draws[place])
        draws = f"{seen} of {timeline.draws.shape[1]} prior samples of the trainer"
        return free, (draws, "the same noise in every epoch")

    def samples(self, count: int) -> DecodedSamples | None:
        """Return `count` samples, None while what they are drawn from is unknown."""
        vae = self.state.vae
        return self._cache.draw(self._cache.make(self.state, vae, self.loaded), count) if vae else None

    def command(self) -> list[str]:
        """Return the command for these samples."""
        state, selection = self.state, self.state.selection
        if state.run is None or state.vae is None or self.is_past:
            return super().command()
        sampling = selection.sampling
        own = {
            "posterior": ["--digit", commands.image_argument([selection.digit])],
            "mixture": ["--components", str(sampling.components)],
        }
        words = [
            "sample",
            lookup.run_argument(state.run),
            "--from",
            sampling.source,
            *own.get(sampling.source, []),
        ]
        count = _count(state, layout(self.size.width, self.size.height))
        words += ["--seed", str(selection.seed), "--temperature", f"{selection.temperature:g}"]
        return [*words, "--count", str(count)]


def _count(state: ViewState, plan: Layout) -> int:
    """Return how many samples fit; around an image that image comes first."""
    is_around = state.selection.sampling.source == "posterior"
    if is_around and state.vae and not state.vae.config.model.is_vae:
        return 1  # any more would be the same
    return plan.cells - is_around
