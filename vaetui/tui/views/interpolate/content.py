"""The numbers of the view Interpolate for a file: the points of the path and what they decode to."""

from __future__ import annotations

from vaetui.arrays import Floats
from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.content import named, nothing


def content_of(title: str, state: ViewState, z: Floats | None) -> ExportContent:
    """The points `z` (steps, latent) of a path, decoded."""
    vae = state.vae
    if vae is None or z is None:
        return nothing(title, state)
    return named(title, state, content.interpolation_content(vae, z, state.selection.interpolation.method))
