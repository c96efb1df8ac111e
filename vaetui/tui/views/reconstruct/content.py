"""The numbers of the view Reconstruct for a file: images, reconstructions and their costs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.content import named, nothing, training_frames


def content_of(title: str, state: ViewState, indices: Sequence[int]) -> ExportContent:
    """Test digits over their reconstructions, with what each costs; the trainer's probes over the epochs."""
    vae, shown = state.vae, state.shown
    if vae is None or shown is None or not indices:
        return nothing(title, state)
    chosen = list(indices)
    found = content.reconstruction_content(vae, shown.pixels(chosen), shown.images.labels[chosen], chosen)
    return named(title, state, dataclasses.replace(found, animation=training_frames(state.run, "probes")))
