"""The numbers of the view Reconstruct for a file: images, reconstructions and their costs."""

from __future__ import annotations

import dataclasses

from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.tui.views.content import timeline_frame, training_frames
from vaetui.tui.views.reconstruct.view import Reconstruct


def content_of(view: Reconstruct) -> ExportContent | None:
    """Return the images on the screen and their reconstructions, or the trainer's of the selected epoch."""
    state, chosen = view.state, view.seen().tolist()
    if state.selection.epoch is not None and state.timeline is not None:
        return timeline_frame(state, "probes")
    if state.vae is None or state.shown is None or not chosen:
        return None
    pixels, labels = state.shown.pixels(chosen), state.shown.images.labels[chosen]
    found = content.reconstruction_content(state.vae, pixels, labels, chosen)
    return dataclasses.replace(found, animation=training_frames(state.run, "probes"))
