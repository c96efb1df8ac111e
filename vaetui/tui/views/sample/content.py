"""The numbers of the view Sample for a file: samples and what they decode to."""

from __future__ import annotations

import dataclasses

from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.tui.views.content import timeline_frame, training_frames
from vaetui.tui.views.sample.view import Sample

SAMPLES = 64  # the first are those on the screen


def content_of(view: Sample) -> ExportContent | None:
    """Return samples and what they decode to, or the trainer's samples of the selected epoch."""
    state, selection = view.state, view.state.selection
    if selection.epoch is not None and state.timeline is not None:
        return timeline_frame(state, "draws")
    if state.vae is None:
        return None
    samples = view.samples(SAMPLES)
    if samples is None:
        return None
    source, noise = selection.sampling.source, (selection.seed, selection.temperature)
    found = content.sample_content(state.vae, samples.samples.z, source, *noise)
    return dataclasses.replace(found, animation=training_frames(state.run, "draws"))
