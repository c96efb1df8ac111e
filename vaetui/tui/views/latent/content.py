"""The numbers of the view Latent for a file: codes, classes, and their points on the plot."""

from __future__ import annotations

import numpy as np

from vaetui.export.files import ExportContent
from vaetui.export.images import Array, ImageSheet
from vaetui.format import signed
from vaetui.latent import path, prior, projection
from vaetui.tui.screen.canvas import to_ascii
from vaetui.tui.views.latent.view import Latent

SIDE = 15  # images along each side of the decoded plane


def content_of(view: Latent) -> ExportContent | None:
    """Return the codes of test images, their classes, and their places on the plot, or the decoded plane."""
    vae, codes = view.state.vae, view.state.codes
    if vae is None or codes is None:
        return None
    arrays: dict[str, Array] = {"codes": codes.mean, "labels": codes.labels}
    if view.map is not None:
        arrays |= {"points": view.map.points, "axes": np.array([to_ascii(name) for name in view.map.short])}
    if not (view.state.selection.scatter.is_grid and vae.latent == 2):
        return ExportContent(arrays=arrays)
    xs = ys = prior.normal_quantiles(SIDE)
    if not vae.config.model.is_vae:
        left, right, bottom, top = projection.project_on_dims(codes, 0, 1).window
        xs, ys = (np.linspace(*ends, SIDE, dtype=np.float32) for ends in ((left, right), (bottom, top)))
    z = path.grid_points(xs, ys)
    images = vae.decode(z)
    across, up = (tuple(signed(value) for value in values.tolist()) for values in (xs, ys[::-1]))
    sheet = ImageSheet((images,), SIDE, column_names=across, row_names=up)
    description = "the latent plane, decoded · dim 1 from left to right, dim 2 upwards"
    return ExportContent(arrays=arrays | {"z": z, "images": images}, sheet=sheet, description=description)
