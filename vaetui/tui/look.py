"""Colours of the screen and the styles made of them: grey is structure, colour is data, one accent.

A Rich style keeps the escape codes of the first colour system that it is drawn with, so styles are made per
depth and never shared between terminals.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.style import Style
from textual.theme import Theme

from vaetui.render.cells import Colour, Colours, nearest_16, nearest_256
from vaetui.render.terminal import Terminal

BACK: Colour = (14, 16, 20)
BAND: Colour = (24, 27, 33)  # header and footer
TILE: Colour = (25, 28, 34)  # a pixel without ink
LINE: Colour = (62, 68, 78)
DIM: Colour = (128, 136, 148)
TEXT: Colour = (205, 210, 218)
BRIGHT: Colour = (255, 255, 255)
ACCENT: Colour = (92, 200, 235)
TROUBLE: Colour = (255, 150, 90)
# One for each class. Found by search: any two differ by ΔE*ab 28 or more, for usual colour vision and for
# protanopia, deuteranopia and tritanopia as Machado et al. 2009 model them.
CLASSES: tuple[Colour, ...] = (
    (95, 175, 235),
    (235, 255, 35),
    (195, 35, 15),
    (55, 255, 155),
    (135, 15, 255),
    (215, 175, 55),
    (195, 255, 235),
    (195, 15, 135),
    (95, 95, 215),
    (175, 95, 95),
)


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()


# For what Textual draws itself: palette, help, scroll bars.
THEME = Theme(
    "vaetui",
    primary=_hex(ACCENT),
    accent=_hex(ACCENT),
    warning=_hex(TROUBLE),
    error=_hex(TROUBLE),
    foreground=_hex(TEXT),
    background=_hex(BACK),
    surface=_hex(BAND),
    panel=_hex(BAND),
)

_PAPER, _INK = np.array(TILE, np.float32), np.array((250, 250, 250), np.float32)
_TOO_LITTLE, _TOO_MUCH = np.array([70, 150, 255], np.float32), np.array([255, 140, 30], np.float32)
# Low to high in equal steps of lightness, so that it also reads in grey.
_SCALE = np.array(
    [(38, 62, 84), (44, 104, 136), (60, 150, 184), (104, 198, 222), (190, 238, 246)], np.float32
)


def ink(values: npt.NDArray[np.float32]) -> Colours:
    """0…1 as the tile's grey to white: `(…)` → `(…, 3)`."""
    level = values.clip(0, 1)[..., None]
    return np.asarray(np.rint(_PAPER + level * (_INK - _PAPER)), np.uint8)


def difference(values: npt.NDArray[np.float32]) -> Colours:
    """−1…1 as blue over the tile's grey to orange: `(…)` → `(…, 3)`."""
    far = np.where(values[..., None] < 0, _TOO_LITTLE, _TOO_MUCH)
    return np.asarray(np.rint(_PAPER + np.abs(values.clip(-1, 1))[..., None] * (far - _PAPER)), np.uint8)


def scales(values: npt.NDArray[np.float32]) -> Colours:
    """0…1 as the colours of figures, from the lowest to the highest: `(…)` → `(…, 3)`."""
    place = values.clip(0, 1) * (len(_SCALE) - 1)
    low = np.minimum(place.astype(np.int64), len(_SCALE) - 2)
    between = _SCALE[low] + (place - low)[..., None] * (_SCALE[low + 1] - _SCALE[low])
    return np.asarray(np.rint(between), np.uint8)


def scale(value: float) -> Colour:
    """The colour of one figure, 0 (the lowest of its kind) to 1 (the highest)."""
    red, green, blue = scales(np.array([value], np.float32))[0].tolist()
    return red, green, blue


@lru_cache(maxsize=8192)
def style(fg: Colour | None, bg: Colour | None, bold: bool, depth: str) -> Style:
    """The style of a terminal of `depth`; one without colours keeps bold only."""
    if depth == "none":
        return Style(bold=bold)
    return Style(color=_colour(fg, depth), bgcolor=_colour(bg, depth), bold=bold)


def _colour(colour: Colour | None, depth: str) -> Color | None:
    if colour is None:
        return None
    if depth == "truecolor":
        return Color.from_rgb(*colour)
    return Color.from_ansi(nearest_256(colour) if depth == "256" else nearest_16(colour))


def has_colours(terminal: Terminal) -> bool:
    """Whether a filled cell can carry a colour of its own here; else density has to tell."""
    return terminal.depth in ("truecolor", "256")


def in_letters(terminal: Terminal) -> bool:
    """Whether characters have to tell what colours tell elsewhere: curves apart, and low from high."""
    return terminal.glyphs == "ascii" or not has_colours(terminal)
