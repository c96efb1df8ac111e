"""The numbers of the view Latent for a file: codes, classes, and their points on the plot."""

from __future__ import annotations

import numpy as np

from vaetui.export.files import Array, Content, Digits
from vaetui.latent import geometry, projection
from vaetui.latent.projection import Map
from vaetui.tui.state.view_state import Scene
from vaetui.tui.views.content import named, nothing

PLANE = 15  # digits along each side of the decoded plane


def content_of(title: str, scene: Scene, chart: Map | None) -> Content:
    """The codes of test images, their classes, and where they lie on the map that is seen."""
    vae, found = scene.vae, scene.codes
    if vae is None or found is None:
        return nothing(title, scene)
    arrays: dict[str, Array] = {"codes": found.mean, "labels": found.labels}
    if chart is not None:
        arrays |= {"points": chart.points, "axes": np.array(chart.short)}
    if not (scene.subject.plane.is_sheet and vae.latent == 2):
        return named(title, scene, Content(arrays=arrays))
    xs = ys = geometry.quantiles(PLANE)
    if not vae.config.model.is_vae:
        left, right, bottom, top = projection.dims_map(found, 0, 1).window
        xs, ys = (
            np.linspace(low, high, PLANE, dtype=np.float32) for low, high in ((left, right), (bottom, top))
        )
    z = geometry.sheet(xs, ys)
    images = vae.decode(z)
    arrays |= {"z": z, "images": images}
    return named(title, scene, Content(arrays=arrays, digits=Digits((images,), PLANE)))
