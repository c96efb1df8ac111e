"""The point at the cursor, decoded, with its metrics; and the whole plane, decoded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Floats
from vaetui.format import coordinate
from vaetui.latent import nearest, path, prior, projection
from vaetui.latent.posteriors import Codes
from vaetui.latent.projection import ProjectedCodes
from vaetui.latent.scatter_settings import ScatterSettings
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae
from vaetui.render.theme import DIM, TEXT
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets.images import FULL, THUMB, draw_image

Facts = list[tuple[str, str]]

WIDTH = {THUMB: 17, FULL: 30}  # columns of the readout, by the size of its image
_TILES = ((14, 7), (12, 6), (10, 5), (8, 4))  # columns, rows of an image in the plane
_AXIS = 7


@dataclass(frozen=True, eq=False)
class Here:
    """A model, the codes of `shown` by it, their map, and the cursor on the map."""

    vae: Vae
    codes: Codes
    shown: ImageSet | None
    chart: ProjectedCodes
    plane: ScatterSettings
    cursor: tuple[float, float]


def image_size(width: int, height: int) -> tuple[int, int]:
    """Return the size of the image in the readout of a view of this size."""
    return FULL if width >= 80 and height >= 25 else THUMB


def paint(canvas: Canvas, size: tuple[int, int], here: Here) -> None:
    """Paint at the right the decoded image, the metrics, and the nearest test image where it has room."""
    z = projection.unproject(here.codes, here.plane, here.chart, *here.cursor)
    index, distance = nearest.nearest_code(z, here.codes.mean)
    left, y = canvas.width - 1 - size[0], 1 + size[1]
    draw_image(canvas, left, 1, here.vae.decode(z[None])[0], size)
    is_large = size == FULL
    canvas.centred(left, size[0], y, "decoded at the cursor" if is_large else "decoded here", DIM)
    y += 1 + is_large
    for name, value in _facts(here, z, index, distance, is_large):
        if len(name) + len(value) + 1 > size[0]:
            canvas.text(left, y, name, DIM)
            y += 1
            name = ""
        canvas.text(left, y, name, DIM)
        canvas.right(left + size[0], y, value, TEXT)
        y += 1
        if y >= canvas.height - 1:
            return
    _nearest(canvas, left, y + 1, index, here)


def _nearest(canvas: Canvas, x: int, y: int, index: int, here: Here) -> None:
    """Paint the test image of the nearest code, as large as there is room for."""
    shown = here.shown
    if shown is None or not shown.is_encoded_by(here.vae, here.codes):
        return
    size = next((size for size in (FULL, THUMB) if y + size[1] + 1 < canvas.height), None)
    if size is not None and canvas.width - x >= FULL[0]:
        draw_image(canvas, x, y, shown.pixels([index])[0], size)
        canvas.text(x, y + size[1], f"nearest: {shown.name} test {index}", DIM)


def _facts(here: Here, z: Floats, index: int, distance: float, is_long: bool) -> Facts:
    """Return names and values about the point `z` and the code nearest to it."""
    chart, plane = here.chart, here.plane
    facts = [(chart.short[0], coordinate(here.cursor[0]))]
    if not chart.is_strip:
        facts.append((chart.short[1], coordinate(here.cursor[1])))
    if plane.projection == "tsne":
        facts.append(("z", "nearest on map"))
    elif len(z) > 2:
        facts.append(("other PCs" if plane.projection == "pca" else "other dims", "0"))
    is_vae = here.vae.config.model.is_vae
    facts.append(("log p(z)", f"{coordinate(float(prior.log_prior(z)))} nats" if is_vae else "none: an AE"))
    label = int(here.codes.labels[index])
    apart = "" if plane.projection == "tsne" else f", {'distance' if is_long else 'dist.'} {distance:.2f}"
    facts.append(("nearest code", f"class {label}{apart}" if is_long else f"{label}{apart}"))
    return facts


def sheet(canvas: Canvas, vae: Vae, chart: ProjectedCodes) -> tuple[str, str]:
    """Paint the plane of two dimensions, decoded at the normal quantiles, or evenly for an AE.

    Leaves the first row to its caption, whose parts it returns.
    """
    width, height = canvas.width - _AXIS - 1, canvas.height - 3
    tile = next((t for t in _TILES if width // t[0] >= 5 and height // t[1] >= 5), _TILES[-1])
    across, down = max(width // tile[0], 1), max(height // tile[1], 1)
    if vae.config.model.is_vae:
        xs, ys = prior.normal_quantiles(across), prior.normal_quantiles(down)
        how = "at the quantiles of N(0, I)"
    else:
        left, right, bottom, top = chart.window
        xs, ys = _even(left, right, across), _even(bottom, top, down)
        how = "even steps: an AE has no prior"
    start = _AXIS + (width - across * tile[0]) // 2
    for place, pixels in enumerate(vae.decode(path.grid_points(xs, ys))):
        x, y = start + place % across * tile[0], 1 + place // across * tile[1]
        draw_image(canvas, x, y, pixels, tile)
    foot = 1 + down * tile[1]
    for place, value in enumerate(xs.tolist()):
        canvas.centred(start + place * tile[0], tile[0], foot, coordinate(value), DIM)
    for place, value in enumerate(ys[::-1].tolist()):
        canvas.right(start - 1, 1 + place * tile[1] + tile[1] // 2, coordinate(value), DIM)
    canvas.right(start - 1, foot, f"{chart.short[1]}↑", TEXT)
    canvas.centred(start, across * tile[0], foot + 1, f"{chart.short[0]} →", TEXT)
    return f"{across} × {down} decoded points", how


def _even(low: float, high: float, count: int) -> Floats:
    places = (np.arange(count, dtype=np.float32) + 0.5) / count
    return np.asarray(low + places * (high - low), np.float32)
