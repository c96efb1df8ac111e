"""Interpolate between points of latent space, and lay points on lines and grids."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from vaetui.arrays import Floats

InterpolationMethod = Literal["lerp", "slerp"]

# Below this sine of the angle a great circle is not defined well enough to be followed.
_SMALLEST_SINE = 1e-6


def lerp(a: Floats, b: Floats, t: float) -> Floats:
    """Return the point at `t` (0…1) on the line from `a` to `b`, both `(latent,)`; exact at both ends."""
    return np.asarray((1.0 - t) * np.asarray(a, np.float64) + t * np.asarray(b, np.float64), np.float32)


def slerp(a: Floats, b: Floats, t: float) -> Floats:
    """Return the point at `t` (0…1) on the great circle from `a` to `b`, `(latent,)`; exact at both ends.

    Spherical interpolation (Shoemake 1985, "Animating rotation with quaternion curves", SIGGRAPH), used on
    latents because the mass of a Gaussian prior lies near a sphere (White 2016, "Sampling generative
    networks"). Between points of equal norm the norm is kept. Parallel, opposite and zero vectors have no
    single great circle between them and go in a straight line.
    """
    start, end = np.asarray(a, np.float64), np.asarray(b, np.float64)
    norms = math.hypot(*start), math.hypot(*end)
    if 0.0 in norms:
        return lerp(a, b, t)
    u, v = start / norms[0], end / norms[1]
    # Kahan's angle: exact for nearly equal and nearly opposite vectors, where arccos is not.
    angle = 2.0 * math.atan2(math.hypot(*(u - v)), math.hypot(*(u + v)))
    sine = math.sin(angle)
    if sine < _SMALLEST_SINE:
        return lerp(a, b, t)
    point = math.sin((1.0 - t) * angle) / sine * start + math.sin(t * angle) / sine * end
    return point.astype(np.float32)


_BETWEEN = {"lerp": lerp, "slerp": slerp}


def stop_positions(stops: int, steps: int) -> npt.NDArray[np.float64]:
    """Return the position of each step `(steps,)` on a path: 0 at the first stop, 1 at the second …

    Every stop is met exactly when there are steps enough for that; steps between two stops are even.
    Raises `ValueError` without a stop or a step.
    """
    if stops < 1 or steps < 1:
        raise ValueError("a path needs at least one stop and one step")
    if steps < stops:
        return np.linspace(0, stops - 1, steps)
    marks = np.round(np.linspace(0, steps - 1, stops))  # the step at which each stop is met
    return np.interp(np.arange(steps), marks, np.arange(stops))


def interpolate(stops: Floats, steps: int, method: InterpolationMethod = "slerp") -> Floats:
    """Return `steps` points `(steps, latent)` along `stops` `(stops, latent)`, at their `stop_positions`."""
    stops = np.asarray(stops, np.float32)
    points = np.empty((steps, stops.shape[1]), np.float32)
    for i, place in enumerate(stop_positions(len(stops), steps).tolist()):
        segment = min(int(place), max(len(stops) - 2, 0))
        points[i] = _BETWEEN[method](stops[segment], stops[min(segment + 1, len(stops) - 1)], place - segment)
    return points


def traversal_points(code: Floats, dim: int, values: Floats) -> Floats:
    """Return `code` `(latent,)` with dimension `dim` at each of `values` `(values,)`: `(values, latent)`.

    Raises `ValueError` where `code` has no such dimension.
    """
    if not 0 <= dim < len(code):
        raise ValueError(f"there is no dimension {dim} among {len(code)}")
    points = np.tile(np.asarray(code, np.float32), (len(values), 1))
    points[:, dim] = values
    return points


def grid_points(across: Floats, up: Floats) -> Floats:
    """Return the points `(len(up) · len(across), 2)` of a grid, row by row, the largest of `up` first."""
    x, y = np.meshgrid(across, up[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
