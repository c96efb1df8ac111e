"""Points and lines as an array of pixel classes `(height, width)`, and its rows as spans."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from vaetui.arrays import Bytes, Floats, Integers
from vaetui.render.colours import Colour
from vaetui.render.spans import UPPER, Row, Span

Window = tuple[float, float, float, float]  # left, right, bottom, top

NOTHING, OTHER = 0, 11  # pixel classes; between them label + 1


def scatter(
    points: Floats, labels: Bytes, window: Window, width: int, height: int, only: int | None, side: int = 1
) -> Integers:
    """Rasterise `points` `(points, 2)`: the most frequent label + 1 of each pixel, or `NOTHING`.

    A point covers `side` × `side` pixels. With `only`, pixels without a point of that label are `OTHER`.
    """
    left, right, bottom, top = window
    column = np.floor((points[:, 0] - left) / (right - left) * width)
    row = np.floor((top - points[:, 1]) / (top - bottom) * height)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    pixel = (row[inside] * width + column[inside]).astype(np.int64)
    classes = np.minimum(labels[inside], 9).astype(np.int64)
    counts = np.bincount(classes * width * height + pixel, minlength=10 * width * height)
    counts = _spread(counts.reshape(10, height, width), side)
    has_points = counts.any(0)
    if only is None:
        return np.where(has_points, counts.argmax(0) + 1, NOTHING)
    return np.where(counts[only] > 0, only + 1, np.where(has_points, OTHER, NOTHING))


def _spread(counts: Integers, side: int) -> Integers:
    """Count each point in the `side` × `side` pixels around its own: `(classes, height, width)`."""
    for axis in (1, 2) if side > 1 else ():
        room = [(0, 0), (0, 0), (0, 0)]
        room[axis] = (side // 2, (side - 1) // 2)
        counts = sliding_window_view(np.pad(counts, room), side, axis).sum(-1)
    return counts


def polyline(points: Floats, window: Window, width: int, height: int) -> tuple[Integers, Integers]:
    """Return columns and rows of the pixels on the line through `points` `(points, 2)` inside the window."""
    left, right, bottom, top = window
    x = (points[:, 0].astype(np.float64) - left) / (right - left) * width
    y = (top - points[:, 1].astype(np.float64)) / (top - bottom) * height
    corners = np.stack([x, y], axis=1).clip(-4 * width, 4 * width)
    longest = max(float(np.abs(np.diff(corners, axis=0)).max(initial=0)), 1.0)
    at = np.linspace(0, len(corners) - 1, int((len(corners) - 1) * min(np.ceil(longest), 200)) + 1)
    column, row = (np.floor(np.interp(at, np.arange(len(corners)), corners[:, axis])) for axis in (0, 1))
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return column[inside].astype(np.int64), row[inside].astype(np.int64)


def to_rows(pixels: Integers, colours: Sequence[Colour], letters: str = "") -> tuple[Row, ...]:
    """Draw pixel classes in their colours: two pixels a cell, one over the other, or a letter a pixel."""

    def span(cell: int, length: int) -> Span:
        if letters:
            return Span(letters[cell] * length, colours[cell], None)
        upper, lower = divmod(cell, len(colours))
        if upper == lower:
            return Span(" " * length, None, colours[lower])
        return Span(UPPER * length, colours[upper], colours[lower])

    cells = pixels if letters else pixels[::2] * len(colours) + pixels[1::2]
    return tuple([span(cell, len(list(equal))) for cell, equal in groupby(line)] for line in cells.tolist())
