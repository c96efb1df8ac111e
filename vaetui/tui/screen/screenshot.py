"""Convert the screen to a drawing, for export."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable
from typing import Any

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

from vaetui.render.colours import Colour
from vaetui.render.drawing import Drawing, StyledCells, draw_screen
from vaetui.render.theme import BACKGROUND, TEXT
from vaetui.tui.screen.canvas import to_ascii


def screen_lines(screen: Screen[Any]) -> list[Strip]:
    """Return the lines of the explorer's own screen, whose innermost widgets do not overlap."""
    width, height = screen.size
    lines = [Strip.blank(width)] * height
    for widget in screen.query("*"):
        region = widget.region
        if widget.children or not widget.is_on_screen or not region.area:
            continue
        for y, strip in enumerate(widget.render_lines(Region(0, 0, *region.size)), region.y):
            before, after = lines[y].crop(0, region.x), lines[y].crop(region.right, width)
            lines[y] = Strip.join([before, strip, after])
    return lines


def screen_drawing(strips: Iterable[Strip]) -> Drawing:
    """Return lines of the screen as a drawing on their most frequent background."""
    rows = [[_piece(segment.text, segment.style) for segment in strip] for strip in strips]
    grounds: Counter[Colour] = Counter()
    for piece in (piece for row in rows for piece in row):
        grounds[piece.bg] += cell_len(piece.text)
    return draw_screen(rows, max(grounds, key=grounds.__getitem__, default=BACKGROUND), to_ascii)


def _piece(text: str, style: Style | None) -> StyledCells:
    if style is None:
        return StyledCells(text, TEXT, BACKGROUND)
    fg, bg = _colour(style.color, TEXT), _colour(style.bgcolor, BACKGROUND)
    return StyledCells(text, *((bg, fg) if style.reverse else (fg, bg)), is_bold=bool(style.bold))


@functools.lru_cache(maxsize=4096)
def _colour(colour: Color | None, default: Colour) -> Colour:
    """Return a colour as RGB; `default` for the terminal's own."""
    if colour is None or colour.is_default:
        return default
    red, green, blue = colour.get_truecolor()
    return red, green, blue
