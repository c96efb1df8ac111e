"""The numbers of the view Sample for a file: samples and what they decode to."""

from __future__ import annotations

import dataclasses

from vaetui.arrays import Floats
from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.content import named, nothing, training_frames

DRAWS = 64  # the first are those on the screen


def content_of(title: str, state: ViewState, z: Floats | None) -> ExportContent:
    """Draws `z` (count, latent), decoded; the trainer's own draws from the prior over the epochs."""
    vae, selection = state.vae, state.selection
    if vae is None or z is None:
        return nothing(title, state)
    found = content.sample_content(vae, z, selection.sampling.source, selection.seed, selection.temperature)
    return named(title, state, dataclasses.replace(found, animation=training_frames(state.run, "draws")))
