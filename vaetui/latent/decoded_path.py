"""Decode an interpolation with one model, and measure the density and the distance to codes along it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vaetui.arrays import Floats
from vaetui.format import fixed
from vaetui.latent import path, prior, projection
from vaetui.latent.interpolation import Interpolation
from vaetui.latent.posteriors import Codes
from vaetui.latent.projection import ProjectedCodes
from vaetui.latent.scatter_settings import ScatterSettings
from vaetui.latent.test_images import ImageSet
from vaetui.models.autoencoder import Vae
from vaetui.render.strokes import Sketch

_TINY = 1e-6


@dataclass(frozen=True, eq=False)
class DecodedPath:
    """A path: the images of its stops `(stops, 784)`, and the points `z` (steps, latent) of all steps."""

    vae: Vae
    images: Floats
    z: Floats
    steps_per_segment: int

    @property
    def stop_codes(self) -> Floats:
        """Return the codes of the stops, `(stops, latent)`."""
        return self.z[:: self.steps_per_segment]


@lru_cache(maxsize=1)
def decode_path(vae: Vae, shown: ImageSet, interpolation: Interpolation, sketch: Sketch) -> DecodedPath:
    """Interpolate between the codes that `vae` has for the stops.

    The last path is cached: give the interpolation at step 0, and a blank sketch where none is a stop.
    """
    images = shown.stops(interpolation, sketch)
    z = path.interpolate(vae.encode(images).mean, interpolation.steps, interpolation.method)
    return DecodedPath(vae, images, z, interpolation.steps_per_segment)


@lru_cache(maxsize=4)
def decode_steps(decoded: DecodedPath, steps: tuple[int, ...]) -> Floats:
    """Decode the points at `steps`: `(len(steps), 784)`."""
    return decoded.vae.decode(decoded.z[list(steps)])


def spread_steps(interpolation: Interpolation, room: int) -> tuple[int, ...]:
    """Return at most `room` steps, evenly from end to end, with every stop where there is room."""
    per_segment = min((room - 1) // interpolation.segments, interpolation.steps_per_segment)
    if per_segment < 1:
        return tuple(np.linspace(0, interpolation.steps - 1, max(room, 0)).round().astype(int).tolist())
    within = np.linspace(0, interpolation.steps_per_segment, per_segment + 1)[:-1].round().astype(int)
    starts = np.arange(0, interpolation.steps - 1, interpolation.steps_per_segment)
    return *(starts[:, None] + within).ravel().tolist(), interpolation.steps - 1


# --- curves, one value for each column of the slider


@dataclass(frozen=True, eq=False)
class SliderCurve:
    """`heights` (columns,) in 0…1, and what 1 and 0 stand for."""

    heights: Floats
    top: str
    bottom: str


def column_steps(steps: int, count: int) -> list[int]:
    """Return the step of each of `count` columns."""
    return [round(column / max(count - 1, 1) * (steps - 1)) for column in range(count)]


@lru_cache(maxsize=4)
@np.errstate(over="ignore", invalid="ignore")
def density_curve(decoded: DecodedPath, count: int) -> SliderCurve:
    """Return log p(z), from its least to that at z = 0; the norm of z for autoencoders."""
    z = decoded.z[column_steps(len(decoded.z), count)]
    if not decoded.vae.config.model.is_vae:
        return _from_zero(np.sqrt(np.square(z).sum(-1)), 0.0)
    values = prior.log_prior(z)
    high, low = float(prior.log_prior(np.zeros_like(z[:1]))[0]), float(np.nan_to_num(values).min())
    return SliderCurve(_unit((values - low) / max(high - low, _TINY)), fixed(high, 1), fixed(low, 1))


@lru_cache(maxsize=4)
@np.errstate(over="ignore", invalid="ignore")
def distance_curve(decoded: DecodedPath, codes: Codes, count: int) -> SliderCurve:
    """Return the distance to the nearest code, from 0 to half the longest segment, a straight one's most."""
    steps, where = np.unique(column_steps(len(decoded.z), count), return_inverse=True)
    z = decoded.z[steps]
    apart = z @ codes.mean.T  # (steps, images)
    apart *= -2
    apart += np.square(codes.mean).sum(-1)
    nearest = codes.mean[apart.argmin(1)]
    segment = float(np.nan_to_num(np.sqrt(np.square(np.diff(decoded.stop_codes, axis=0)).sum(-1))).max())
    return _from_zero(np.sqrt(np.square(z - nearest).sum(-1))[where], segment / 2)


def _from_zero(values: Floats, least: float) -> SliderCurve:
    high = max(float(np.nan_to_num(values).max()), least, _TINY)
    return SliderCurve(_unit(values / high), fixed(high, 2), "0")


def _unit(heights: Floats) -> Floats:
    return np.asarray(np.nan_to_num(heights).clip(0, 1), np.float32)


# --- the map


def map_settings(plane: ScatterSettings) -> ScatterSettings:
    """Return settings whose projection a path can be drawn in: PCA in place of t-SNE."""
    return ScatterSettings("pca") if plane.projection == "tsne" else plane


@lru_cache(maxsize=4)
def project_path(
    decoded: DecodedPath, codes: Codes, plane: ScatterSettings, labels: tuple[int, ...]
) -> Floats:
    """Project the points of `decoded` on the plot of `plane`: `(steps, 2)`.

    On a strip, whose second axis is the class, they go from the class of a stop, in `labels`, to the next.
    """
    z, size = np.nan_to_num(decoded.z), codes.mean.shape[1]
    across, up = plane.axes(size)
    if plane.projection == "pca":
        z = projection.principal_axes(codes).project(z)
    else:
        across, up = (projection.dims_by_spread(codes)[place] for place in (across, up))
    rows = z[:, up]
    if size == 1:
        along = np.arange(len(z)) / decoded.steps_per_segment
        rows = np.interp(along, np.arange(len(labels)), labels).astype(np.float32)
    return np.stack([z[:, across], rows], axis=1).astype(np.float32)


def project_codes(codes: Codes, plane: ScatterSettings) -> ProjectedCodes:
    """Project the codes as `plane` says."""
    make = projection.project_on_axes if plane.projection == "pca" else projection.project_on_dims
    return make(codes, *plane.axes(codes.mean.shape[1]))
