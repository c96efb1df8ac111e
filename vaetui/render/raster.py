"""Points and lines as pixels of a few kinds, and those as characters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from vaetui.render.colours import Colour
from vaetui.render.spans import UPPER, Row, Span

Kinds = npt.NDArray[np.int64]  # of pixels, (height, width)
Values = npt.NDArray[np.float32]
Window = tuple[float, float, float, float]  # left, right, bottom, top

NOTHING, OTHER = 0, 11  # kinds of pixels; between them class + 1


def scatter(
    places: Values, labels: npt.NDArray[np.uint8], window: Window, width: int, height: int, only: int | None
) -> Kinds:
    """Return the kind of each pixel of points `places` (points, 2): `NOTHING`, or the commonest class + 1.

    With `only`, pixels without a point of that class are `OTHER`.
    """
    left, right, bottom, top = window
    across = np.floor((places[:, 0] - left) / (right - left) * width)
    down = np.floor((top - places[:, 1]) / (top - bottom) * height)
    inside = (across >= 0) & (across < width) & (down >= 0) & (down < height)
    pixel = (down[inside] * width + across[inside]).astype(np.int64)
    classes = np.minimum(labels[inside], 9).astype(np.int64)
    counts = np.bincount(classes * width * height + pixel, minlength=10 * width * height)
    counts = counts.reshape(10, height, width)
    has_points = counts.any(0)
    if only is None:
        return np.where(has_points, counts.argmax(0) + 1, NOTHING)
    return np.where(counts[only] > 0, only + 1, np.where(has_points, OTHER, NOTHING))


def polyline(places: Values, window: Window, width: int, height: int) -> tuple[Kinds, Kinds]:
    """Return columns and rows of the pixels on the line through `places` (points, 2) inside the window."""
    left, right, bottom, top = window
    across = (places[:, 0].astype(np.float64) - left) / (right - left) * width
    down = (top - places[:, 1].astype(np.float64)) / (top - bottom) * height
    corners = np.stack([across, down], axis=1).clip(-4 * width, 4 * width)
    longest = max(float(np.abs(np.diff(corners, axis=0)).max(initial=0)), 1.0)
    at = np.linspace(0, len(corners) - 1, int((len(corners) - 1) * min(np.ceil(longest), 200)) + 1)
    column, row = (np.floor(np.interp(at, np.arange(len(corners)), corners[:, axis])) for axis in (0, 1))
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return column[inside].astype(np.int64), row[inside].astype(np.int64)


def as_letters(kinds: Kinds, colours: Sequence[Colour], letters: str) -> tuple[Row, ...]:
    """Draw a pixel a cell, as the letter of its kind."""
    return tuple(
        [Span(letters[kind] * len(list(alike)), colours[kind], None) for kind, alike in groupby(line)]
        for line in kinds.tolist()
    )


def as_half_blocks(kinds: Kinds, colours: Sequence[Colour]) -> tuple[Row, ...]:
    """Draw pixels `(2 · height, width)` two a cell, one over the other, in the colours of their kinds."""

    def span(cell: int, length: int) -> Span:
        upper, lower = divmod(cell, len(colours))
        if upper == lower:
            return Span(" " * length, None, colours[lower])
        return Span(UPPER * length, colours[upper], colours[lower])

    cells = kinds[::2] * len(colours) + kinds[1::2]
    return tuple([span(cell, len(list(alike))) for cell, alike in groupby(line)] for line in cells.tolist())
