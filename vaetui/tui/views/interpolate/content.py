"""The numbers of the view Interpolate for a file: the points of the path and what they decode to."""

from __future__ import annotations

from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.tui.views.interpolate.view import Interpolate


def content_of(view: Interpolate) -> ExportContent | None:
    """Return all points of the path, decoded."""
    vae, path = view.state.vae, view.path
    return (
        content.interpolation_content(vae, path.z, view.state.selection.interpolation.method)
        if vae and path
        else None
    )
