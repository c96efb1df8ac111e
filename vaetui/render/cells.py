"""Draw pixels as characters: half blocks or quadrants in colour, or an ASCII ramp.

A cell is two pixels, one over the other, or four. Pictures go through two steps, each a pure function: pixels
to `Span`s of equal colour (`picture`), and spans to text for a terminal's colours (`to_ansi`).
Pixels are `(height, width)`, uint8 or float in 0…1 (−1…1 for `diverging`).
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import pairwise, repeat

import numpy as np

from vaetui.arrays import Floats, Integers
from vaetui.render.colours import Colour, ColourMap, grey
from vaetui.render.pixels import Pixels, thumbnail, to_unit
from vaetui.render.spans import QUARTERS, RAMP, Row, Span
from vaetui.render.terminal import Depth, Glyphs

LEVELS = 16  # the eye sees no more of a digit, and every further one costs bytes


def picture(
    pixels: Pixels,
    columns: int,
    rows: int,
    glyphs: Glyphs,
    depth: Depth,
    colours: ColourMap = grey,
    levels: int = LEVELS,
) -> list[Row]:
    """Draw pixels `(h, w)` as `rows` rows of spans, `columns` cells each, in any characters.

    Each of a cell's pixels is the mean of the area that it covers. Without colours half blocks become the
    ASCII ramp, and quadrants show by their shape which pixels are over half way to either end. What a
    protocol would draw (kitty, sixel) is drawn in half blocks.
    """
    has_quarters = glyphs == "quadrant" and (depth == "none" or shows_more(pixels.shape[1], columns))
    fitted = thumbnail(pixels, 2 * rows, 2 * columns if has_quarters else columns)
    if has_quarters:
        return _silhouette(fitted) if depth == "none" else quadrants(fitted, levels, colours)
    if glyphs == "ascii" or depth == "none":
        return [[Span(line, None, None)] for line in ascii_rows(np.abs(fitted))]
    return half_blocks(fitted, levels, colours)


def shows_more(width: int, columns: int) -> bool:
    """Return whether quadrants show more than half blocks: not where a pixel is whole cells wide."""
    return columns % width != 0


# --- levels and runs --------------------------------------------------------------------------------


@cache
def _palette(colours: ColourMap, levels: int) -> tuple[tuple[Colour, ...], Integers]:
    """Return the colours of levels −(levels − 1) … levels − 1, and for each the first of equal colour."""
    steps = np.arange(1 - levels, levels, dtype=np.float32) / np.float32(levels - 1)
    palette = tuple((int(r), int(g), int(b)) for r, g, b in colours(steps).tolist())
    return palette, np.array([palette.index(colour) for colour in palette])


def forget_colours() -> None:
    """Ask the colour maps again: they give other colours than before."""
    _palette.cache_clear()
    _span.cache_clear()


def _even(pixels: Floats) -> Floats:
    """Double the last row if there is an odd number of rows."""
    return np.concatenate([pixels, pixels[-1:]]) if len(pixels) % 2 else pixels


def _levels(values: Floats, levels: int, colours: ColourMap) -> Integers:
    """Return the palette index of the level nearest to each value."""
    if levels < 2:
        raise ValueError("a picture needs at least two levels")
    steps = np.rint(values * (levels - 1)).astype(np.int64)
    return _palette(colours, levels)[1][steps + (levels - 1)]


def _spans(
    first: Integers, second: Integers, block: Integers | int, levels: int, colours: ColourMap
) -> list[Row]:
    """Return spans of cells with `first` where `block` (an index into `_BLOCKS`) is filled, else `second`."""
    size = 2 * levels - 1  # of the palette
    cells = (block * size + first) * size + second  # a cell's block and colours as one number
    is_start = np.ones(cells.shape, bool)
    np.not_equal(cells[:, 1:], cells[:, :-1], out=is_start[:, 1:])
    starts = np.flatnonzero(is_start)
    styles, lengths = cells.ravel()[starts].tolist(), np.diff(starts, append=cells.size).tolist()
    spans = list(map(_span, repeat(colours), repeat(levels), styles, lengths))
    ends = is_start.sum(1).cumsum().tolist()
    return [spans[start:end] for start, end in pairwise([0, *ends])]


@lru_cache(maxsize=4096)
def _span(colours: ColourMap, levels: int, cell: int, length: int) -> Span:
    palette, _ = _palette(colours, levels)
    rest, second = divmod(cell, len(palette))
    block, first = divmod(rest, len(palette))
    if palette[first] == palette[second]:
        return Span(" " * length, None, palette[second])
    return Span(_BLOCKS[block] * length, palette[first], palette[second])


# --- half blocks ------------------------------------------------------------------------------------


def half_blocks(pixels: Pixels, levels: int = LEVELS, colours: ColourMap = grey) -> list[Row]:
    """Draw pixels `(h, w)` as ⌈h/2⌉ rows of spans, w cells each, rounded to `levels` steps of 0…1.

    Upper pixel in the foreground, lower in the background; cells with equal halves are spaces. An odd last
    row is doubled. `levels` is at least 2. Many pictures cost least one below the other, in one array.
    """
    steps = _levels(_even(to_unit(pixels)), levels, colours)
    return _spans(steps[::2], steps[1::2], 0, levels, colours)


# --- quadrants --------------------------------------------------------------------------------------

_BLOCKS = "▀▌▚▘▝▖▗"  # one of each two that together fill a cell
_BITS = np.array([1, 2, 4, 8])  # of the quarters, as in `QUARTERS`
_FILLED = (np.array([[QUARTERS.index(block)] for block in _BLOCKS]) & _BITS != 0).astype(np.int64)
_COUNT = _FILLED.sum(1)
_FINE = 255  # steps of 0…1 that errors are compared in: whole numbers tie alike on every machine


def _quarters(pixels: Pixels) -> Floats:
    """Return pixels `(h, w)` as `(⌈h/2⌉, ⌈w/2⌉, 4)`; an odd last row or column is doubled."""
    unit = _even(_even(to_unit(pixels)).T).T
    return np.stack([unit[top::2, left::2] for top in (0, 1) for left in (0, 1)], axis=-1)


def quadrants(pixels: Pixels, levels: int = LEVELS, colours: ColourMap = grey) -> list[Row]:
    """Draw pixels `(h, w)` as ⌈h/2⌉ rows of ⌈w/2⌉ cells: block and levels of the least squared error.

    An odd last row or column is doubled. `levels` is at least 2.
    """
    fine = np.rint(_quarters(pixels) * _FINE).astype(np.int64)
    filled = fine @ _FILLED.T  # (rows, columns, blocks): the sum over what each block fills,
    rest = fine.sum(-1, keepdims=True) - filled  # and over what it leaves
    # The error is the sum of squares less this, times 12 for whole numbers.
    explained = filled**2 * (12 // _COUNT) + rest**2 * (12 // (4 - _COUNT))
    block = explained.argmax(-1)
    means = filled / (_COUNT * _FINE), rest / ((4 - _COUNT) * _FINE)
    chosen = (np.take_along_axis(mean, block[..., None], -1)[..., 0] for mean in means)
    first, second = (_levels(mean.astype(np.float32), levels, colours) for mean in chosen)
    return _spans(first, second, np.where(first == second, 0, block), levels, colours)


def _silhouette(pixels: Floats) -> list[Row]:
    """Draw two tones: the quarters at least half way to either end are filled."""
    filled = (np.abs(_quarters(pixels)) >= 0.5) @ _BITS
    return [[Span("".join(map(QUARTERS.__getitem__, row)), None, None)] for row in filled.tolist()]


# --- ASCII ------------------------------------------------------------------------------------------


def ascii_rows(pixels: Pixels) -> list[str]:
    """Draw pixels `(h, w)` as ⌈h/2⌉ lines of w characters, denser for more ink.

    Denser is brighter on a dark terminal and darker on a light one, as it should be. Two pixels, one over the
    other, make a character; an odd last row is doubled.
    """
    unit = _even(to_unit(pixels).clip(0, 1))
    mean = (unit[::2] + unit[1::2]) / 2
    steps = np.rint(mean * (len(RAMP) - 1)).astype(np.int64)
    return ["".join(map(RAMP.__getitem__, row)) for row in steps.tolist()]
