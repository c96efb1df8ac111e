"""Digits side by side on lines of text, each under its caption."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.contract.config import PIXELS
from vaetui.cli.say import Usage, narrate
from vaetui.preferences import default_path, preferences
from vaetui.render import protocols
from vaetui.render.cells import Row, Span, grey, ink, picture, to_ansi
from vaetui.render.terminal import Terminal, detect

SIDE = 28
SMALL = 14
GAP = 2

Floats = npt.NDArray[np.float32]
Part = str | Floats  # a caption, or a picture (784,) in 0…1
Tile = tuple[Part, ...]  # what stands in one column, from top to bottom


@dataclass(frozen=True)
class Layout:
    """How wide a digit is drawn, and how many stand side by side."""

    side: int
    across: int


def layout(columns: int, count: int | None, *, small: bool) -> Layout:
    """Full size where the digits, or at least two of them, fit side by side; else thumbnails."""
    full = _across(columns, SIDE)
    if not small and full >= (count or 2):
        return Layout(SIDE, full)
    return Layout(SMALL, max(1, _across(columns, SMALL)))


def _across(columns: int, side: int) -> int:
    return (columns + GAP) // (side + GAP)


def here(glyphs: str = "", colors: str = "") -> Terminal:
    """What standard output can show, or what the options and the user's preferences take it for.

    Raises `Usage` for a preference that there is not, or that cannot be had here.
    """
    try:
        wanted = preferences(os.environ, default_path(), glyphs, colors)
        terminal = detect(
            os.environ, sys.stdout, glyphs=wanted.glyphs, colors=wanted.colors, background=wanted.background
        )
    except ValueError as error:
        raise Usage(str(error)) from None
    if terminal.glyphs in protocols.IN_TMUX:
        if lack := protocols.missing_library(terminal.glyphs):
            raise Usage(lack)
        if terminal.is_tty and os.environ.get("TMUX"):
            narrate(protocols.IN_TMUX[terminal.glyphs])
    return terminal


def draw(tiles: Sequence[Tile], shape: Layout, terminal: Terminal) -> None:
    """Print the tiles in bands that are as wide as the terminal."""
    for start in range(0, len(tiles), shape.across):
        band = tiles[start : start + shape.across]
        if start:
            sys.stdout.write("\n")
        for line in lines(band, shape.side, terminal):
            sys.stdout.write(line.rstrip(" ") + "\n")


def lines(band: Sequence[Tile], side: int, terminal: Terminal) -> list[str]:
    """One band of tiles, which all have the same kinds of parts, as lines of text."""
    made: list[str] = []
    for parts in zip(*band, strict=True):
        made += _captions(parts, side) if isinstance(parts[0], str) else _pictures(parts, side, terminal)
    return made


def _captions(texts: Sequence[Part], side: int) -> list[str]:
    return [(" " * GAP).join(str(text)[:side].center(side) for text in texts)]


def _pictures(pictures: Sequence[Part], side: int, terminal: Terminal) -> list[str]:
    squares = [np.asarray(pixels).reshape(SIDE, SIDE) for pixels in pictures]
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
    """A picture `(784,)` in 0…1 as 28 rows of 28 grey levels 0…255, for a program."""
    assert pixels.shape == (PIXELS,)
    rows: list[list[int]] = np.rint(255 * pixels).astype(int).reshape(SIDE, SIDE).tolist()
    return rows
