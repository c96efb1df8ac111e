"""The screen as a drawing, for export."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual.strip import Strip

from vaetui.render.colours import Colour
from vaetui.render.drawing import Drawing, StyledCells
from vaetui.render.drawing import draw_screen as drawn
from vaetui.render.theme import BACKGROUND, TEXT
from vaetui.tui.screen.canvas import to_ascii


def screen_drawing(strips: Iterable[Strip]) -> Drawing:
    """Return the screen as a drawing on its most frequent background."""
    rows = [[_piece(segment.text, segment.style) for segment in strip] for strip in strips]
    grounds: Counter[Colour] = Counter()
    for piece in (piece for row in rows for piece in row):
        grounds[piece.bg] += cell_len(piece.text)
    return drawn(rows, max(grounds, key=grounds.__getitem__, default=BACKGROUND), to_ascii)


def _piece(text: str, style: Style | None) -> StyledCells:
    if style is None:
        return StyledCells(text, TEXT, BACKGROUND)
    fg, bg = _colour(style.color, TEXT), _colour(style.bgcolor, BACKGROUND)
    return StyledCells(text, *((bg, fg) if style.reverse else (fg, bg)), is_bold=bool(style.bold))


@functools.lru_cache(maxsize=4096)
def _colour(colour: Color | None, otherwise: Colour) -> Colour:
    """Return a colour as RGB; the terminal's default colour is `otherwise`."""
    if colour is None or colour.is_default:
        return otherwise
    red, green, blue = colour.get_truecolor()
    return red, green, blue
