"""The numbers of the view Reconstruct for a file: images, reconstructions and their costs."""

from __future__ import annotations

import dataclasses

from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.tui.views.content import timeline_frame, training_frames
from vaetui.tui.views.reconstruct.view import Reconstruct


def content_of(view: Reconstruct) -> ExportContent | None:
    """Return the images on the screen and their reconstructions, or the trainer's of the selected epoch."""
    state, indices = view.state, view.shown_images().tolist()
    if state.selection.epoch is not None and state.timeline is not None:
        return timeline_frame(state, "probes")
    if state.vae is None or state.shown is None or not indices:
        return None
    pixels, labels = state.shown.pixels(indices), state.shown.images.labels[indices]
    reconstructed = content.reconstruction_content(state.vae, pixels, labels, indices)
    return dataclasses.replace(reconstructed, animation=training_frames(state.run, "probes"))
