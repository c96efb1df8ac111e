"""Project codes on a plane, and map places of the plane back to latent space."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vaetui.arrays import Bytes, Floats, Integers
from vaetui.format import dimension_name
from vaetui.latent import pca
from vaetui.latent.nearest import finite, nearest_code
from vaetui.latent.posteriors import Codes
from vaetui.latent.scatter_settings import ScatterSettings

Window = tuple[float, float, float, float]  # left, right, bottom, top


@dataclass(frozen=True, eq=False)
class ProjectedCodes:
    """Codes projected on a plane.

    `points` (images, 2) and `labels` (images,) belong to the codes of `images` (images,), None: to all;
    `names` are the two axes with what is worth knowing about them, `short` their symbols; `window` holds all
    points. On a strip, of codes with one dimension, the second axis is the class.
    """

    points: Floats
    labels: Bytes
    names: tuple[str, str]
    short: tuple[str, str]
    window: Window
    is_strip: bool = False
    images: Integers | None = None

    def visible(self, plane: ScatterSettings) -> Window:
        """Return the visible window: all, or a zoomed part that follows the cursor in half screens."""
        left, right, bottom, top = self.window
        x, y = self.clamp(plane.x, plane.y)
        low, high = _part(left, right, x, plane.zoom)
        return (low, high, bottom, top) if self.is_strip else (low, high, *_part(bottom, top, y, plane.zoom))

    def clamp(self, x: float, y: float) -> tuple[float, float]:
        """Return the place, or the nearest one on the plot."""
        left, right, bottom, top = self.window
        return min(max(x, left), right), min(max(y, bottom), top)

    def nearest(self, x: float, y: float) -> int:
        """Return the number of the code plotted nearest to a place, in units of the plot's size."""
        left, right, bottom, top = self.window
        size = np.array([right - left, top - bottom], np.float32)
        place = nearest_code(np.array([x, y], np.float32) / size, self.points / size)[0]
        return place if self.images is None else int(self.images[place])


def _part(low: float, high: float, place: float, zoom: int) -> tuple[float, float]:
    size = (high - low) / 2**zoom
    steps = round((place - low - size / 2) / (size / 2))  # so that a raster serves many places of the cursor
    start = low + min(max(steps, 0), 2 * (2**zoom - 1)) * size / 2
    return start, start + size


def _window(points: Floats) -> Window:
    (left, bottom), (right, top) = points.min(0).tolist(), points.max(0).tolist()
    across, up = (right - left) * 0.02 or 1.0, (top - bottom) * 0.02 or 1.0
    return left - across, right + across, bottom - up, top + up


@lru_cache(maxsize=8)
def _finite(codes: Codes) -> Floats:
    return finite(codes.mean)


@lru_cache(maxsize=8)
def principal_axes(codes: Codes) -> pca.Pca:
    """Return the principal axes of `codes`."""
    return pca.fit_pca(_finite(codes))


@lru_cache(maxsize=8)
def dims_by_spread(codes: Codes) -> tuple[int, ...]:
    """Return the dimensions by decreasing spread of their means, as many may be inactive; two in order."""
    mean = _finite(codes)
    if mean.shape[1] <= 2:
        return tuple(range(mean.shape[1]))
    return tuple(np.argsort(-mean.std(0), kind="stable").tolist())


@lru_cache(maxsize=16)
def project_on_dims(codes: Codes, across: int, up: int) -> ProjectedCodes:
    """Project on two dimensions, given by their ranks in `dims_by_spread`.

    Their names have the standard deviation of the means, and whether the dimension is inactive.
    """
    dims = dims_by_spread(codes)
    shown = [dims[across], dims[min(up, len(dims) - 1)]]
    points = np.ascontiguousarray(_finite(codes)[:, shown])
    short = [dimension_name(dim + 1) for dim in shown]
    names = [
        f"{name}  std {spread:.2f}" + (" of an inactive dim" if spread**2 <= 0.01 else "")
        for name, spread in zip(short, points.std(0).tolist(), strict=True)
    ]
    return _plot(codes, points, names, short)


@lru_cache(maxsize=16)
def project_on_axes(codes: Codes, across: int, up: int) -> ProjectedCodes:
    """Project on two principal axes, whose names have their share of the variance."""
    axes, shown = principal_axes(codes), [across, up]
    points = np.ascontiguousarray(axes.project(_finite(codes))[:, shown])
    short = [f"PC{axis + 1}" for axis in shown]
    shares = (100 * axes.explained[shown]).tolist()
    names = [f"{name}  {share:.1f} % of variance" for name, share in zip(short, shares, strict=True)]
    return _plot(codes, points, names, short)


def _plot(codes: Codes, points: Floats, names: list[str], short: list[str]) -> ProjectedCodes:
    """Plot `points` `(images, 2)`; codes of one dimension along the strip of their class, spread over it."""
    (name, other), (symbol, other_symbol) = names, short
    if codes.mean.shape[1] > 1:
        return ProjectedCodes(points, codes.labels, (name, other), (symbol, other_symbol), _window(points))
    golden = np.arange(len(points)) * 0.618034 % 1 - 0.5
    points = np.stack([points[:, 0], codes.labels + 0.8 * golden], axis=1).astype(np.float32)
    window = (*_window(points)[:2], -0.5, 9.5)
    return ProjectedCodes(points, codes.labels, (name, "class"), (symbol, "class"), window, is_strip=True)


def tsne_projection(codes: Codes, points: Floats) -> ProjectedCodes:
    """Return the plane of t-SNE, where only neighbourhood has a meaning."""
    short, images = ("t-SNE 1", "t-SNE 2"), codes.random_images(len(points))
    return ProjectedCodes(points, codes.labels[images], short, short, _window(points), images=images)


def unproject(codes: Codes, plane: ScatterSettings, chart: ProjectedCodes, x: float, y: float) -> Floats:
    """Return the point of latent space `(latent,)` of a place on `chart`.

    Dimensions that are not on the map are 0, other principal axes are at the mean of the codes. t-SNE has no
    inverse: the point is the nearest code.
    """
    size = codes.mean.shape[1]
    if plane.projection == "tsne":
        return np.asarray(_finite(codes)[chart.nearest(x, y)], np.float32)
    places = np.zeros(size, np.float32)
    across, up = plane.axes(size)
    if plane.projection == "dims":
        across, up = dims_by_spread(codes)[across], dims_by_spread(codes)[up]
    if not chart.is_strip:
        places[up] = y
    places[across] = x
    return places if plane.projection == "dims" else principal_axes(codes).back(places)
