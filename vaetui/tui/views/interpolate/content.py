"""The numbers of the view Interpolate for a file: the points of the path and what they decode to."""

from __future__ import annotations

from vaetui.arrays import Floats
from vaetui.export import content
from vaetui.export.files import ExportContent
from vaetui.tui.state.view_state import Scene
from vaetui.tui.views.content import named, nothing


def content_of(title: str, scene: Scene, z: Floats | None) -> ExportContent:
    """The points `z` (steps, latent) of a path, decoded."""
    vae = scene.vae
    if vae is None or z is None:
        return nothing(title, scene)
    return named(title, scene, content.interpolation_content(vae, z, scene.subject.walk.how))
