"""The numbers of the view Interpolate for a file: the points of the path and what they decode to."""

from __future__ import annotations

from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.tui.views.interpolate.view import Interpolate


def content_of(view: Interpolate) -> ExportContent | None:
    """Return all points of the path, decoded."""
    vae, path, shown = view.state.vae, view.path, view.state.shown
    if vae is None or path is None or shown is None:
        return None
    interpolation = view.state.selection.interpolation
    positions = [step / interpolation.steps_per_segment for step in range(interpolation.steps)]
    stops = [" ".join(shown.name_of(stop)) for stop in interpolation.stops]
    return content.interpolation_content(vae, path.z, interpolation.method, positions, stops)
