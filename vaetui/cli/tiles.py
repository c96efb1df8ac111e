"""Print images side by side on lines of text, each with its captions."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.contract.config import PIXELS, SIDE
from vaetui.arrays import Floats
from vaetui.render import protocols
from vaetui.render.ansi import to_ansi
from vaetui.render.cells import picture
from vaetui.render.colours import grey, ink
from vaetui.render.spans import Row, Span
from vaetui.render.terminal import Terminal

SMALL = 14  # columns of a thumbnail
GAP = 2

Part = str | Floats  # a caption, or an image (784,) in 0…1
Tile = tuple[Part, ...]  # the parts of one column, from top to bottom


@dataclass(frozen=True)
class Layout:
    """The columns of an image, and how many images stand side by side."""

    side: int
    across: int


def layout(columns: int, count: int | None, *, small: bool) -> Layout:
    """Return the full size if all images, or at least two of them, fit side by side; else thumbnails."""
    full, thumbnails = ((columns + GAP) // (side + GAP) for side in (SIDE, SMALL))
    if not small and full >= (count or 2):
        return Layout(SIDE, full)
    return Layout(SMALL, max(1, thumbnails))


def draw(tiles: Sequence[Tile], shape: Layout, terminal: Terminal) -> None:
    """Print tiles in bands as wide as the terminal."""
    for start in range(0, len(tiles), shape.across):
        band = tiles[start : start + shape.across]
        if start:
            sys.stdout.write("\n")
        for line in lines(band, shape.side, terminal):
            sys.stdout.write(line.rstrip(" ") + "\n")


def lines(band: Sequence[Tile], side: int, terminal: Terminal) -> list[str]:
    """Return a band of tiles, which all have the same kinds of parts, as lines of text."""
    text: list[str] = []
    for parts in zip(*band, strict=True):
        if isinstance(parts[0], str):
            text.append((" " * GAP).join(str(caption)[:side].center(side) for caption in parts))
        else:
            text += _images(parts, side, terminal)
    return text


def _images(images: Sequence[Part], side: int, terminal: Terminal) -> list[str]:
    squares = [np.asarray(pixels).reshape(SIDE, SIDE) for pixels in images]
    size, colours = (side, side // 2), ink if terminal.background == "light" else grey
    if terminal.glyphs == "kitty":
        return protocols.kitty_lines(squares, size, GAP, os.environ, colours)
    if terminal.glyphs == "sixel":
        return protocols.sixel_lines(squares, size, GAP, protocols.cell_size(sys.stdout), colours)
    rows: list[Row] = [[] for _ in range(side // 2)]
    for number, square in enumerate(squares):
        drawn = picture(square, *size, terminal.glyphs, terminal.depth, colours)
        for row, spans in zip(rows, drawn, strict=True):
            row += [Span(" " * GAP, None, None), *spans] if number else spans
    return to_ansi(rows, terminal.depth)


def grey_rows(pixels: Floats) -> list[list[int]]:
    """Return an image `(784,)` in 0…1 as 28 rows of 28 pixels 0…255, for JSON."""
    assert pixels.shape == (PIXELS,)
    rows: list[list[int]] = np.rint(255 * pixels).astype(int).reshape(SIDE, SIDE).tolist()
    return rows
