"""The numbers of the view Latent for a file: codes, classes, and their points on the plot."""

from __future__ import annotations

import numpy as np

from vaetui.export.files import Array, ExportContent, ImageSheet
from vaetui.latent import path, prior, projection
from vaetui.latent.projection import ProjectedCodes
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.content import named, nothing

PLANE = 15  # digits along each side of the decoded plane


def content_of(title: str, state: ViewState, chart: ProjectedCodes | None) -> ExportContent:
    """The codes of test images, their classes, and where they lie on the map that is seen."""
    vae, found = state.vae, state.codes
    if vae is None or found is None:
        return nothing(title, state)
    arrays: dict[str, Array] = {"codes": found.mean, "labels": found.labels}
    if chart is not None:
        arrays |= {"points": chart.points, "axes": np.array(chart.short)}
    if not (state.selection.scatter.is_grid and vae.latent == 2):
        return named(title, state, ExportContent(arrays=arrays))
    xs = ys = prior.normal_quantiles(PLANE)
    if not vae.config.model.is_vae:
        left, right, bottom, top = projection.project_on_dims(found, 0, 1).window
        xs, ys = (
            np.linspace(low, high, PLANE, dtype=np.float32) for low, high in ((left, right), (bottom, top))
        )
    z = path.grid_points(xs, ys)
    images = vae.decode(z)
    arrays |= {"z": z, "images": images}
    return named(title, state, ExportContent(arrays=arrays, sheet=ImageSheet((images,), PLANE)))
