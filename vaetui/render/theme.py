"""Colours of the screen and the styles made of them: grey for structure, colour for data, one accent.

The constants are the colours of the dark theme and serve as names: `style` replaces each by the colour of the
current theme. Pixels (`ink`, `difference`, `scale_colours`) get the colours of the current theme directly.

A Rich style caches the escape codes of the colour system it is first drawn with, so styles are made per
depth and never shared between terminals.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.style import Style

from vaetui.arrays import Bytes, Floats
from vaetui.render import cells
from vaetui.render.colours import Colour, nearest_16, nearest_256
from vaetui.render.terminal import Terminal
from vaetui.render.themes import CONTRAST, DARK, LIGHT, SAFE, Theme

THEMES = {theme.name: theme for theme in (DARK, LIGHT, CONTRAST, SAFE)}

BACKGROUND: Colour = DARK.background
PANEL: Colour = DARK.panel
PAPER: Colour = DARK.paper
LINE: Colour = DARK.line
DIM: Colour = DARK.dim
TEXT: Colour = DARK.text
BRIGHT: Colour = DARK.bright
ACCENT: Colour = DARK.accent
WARNING: Colour = DARK.warning
ISOLINE: Colour = DARK.isoline
CLASS_COLOURS: tuple[Colour, ...] = DARK.classes
CURVE_COLOURS: tuple[Colour, ...] = DARK.curves

_NAMED = np.array(DARK.named, np.uint8)
_TURN = np.array([0, 0, 1], np.uint8)
_current = DARK
_replaced: dict[Colour, Colour] = {}  # what the current theme has for the names, where that is another colour


class ColourCache(Protocol):
    """A cache whose values carry colours."""

    def cache_clear(self) -> None:
        """Empty it."""


_Kept = TypeVar("_Kept", bound=ColourCache)
_kept: list[ColourCache] = []


def caches_colours(kept: _Kept) -> _Kept:
    """Mark a cache, or a cached function, whose results carry colours: another theme empties it."""
    _kept.append(kept)
    return kept


def use_theme(name: str) -> None:
    """Let everything that is drawn from now on have the colours of a theme of `THEMES`."""
    global _current
    _current = THEMES[name]
    _replaced.clear()
    _replaced.update((old, new) for old, new in zip(DARK.named, _current.named, strict=True) if old != new)
    for kept in _kept:
        kept.cache_clear()
    cells.forget_colours()


def default_theme(terminal: Terminal) -> str:
    """The name of the theme for a terminal where none was chosen yet."""
    return (LIGHT if terminal.background == "light" else DARK).name


def current_theme() -> Theme:
    """Return the current theme."""
    return _current


def themed(colour: Colour) -> Colour:
    """What a colour of the screen is in the current theme; one without a name is what it is."""
    return _replaced.get(colour, colour)


@caches_colours
@cache
def readable_on(colour: Colour) -> Colour:
    """What is best read on a ground of `colour`: the screen's own ground or its brightest text."""
    here = _luminance(themed(colour))
    return max((BACKGROUND, BRIGHT), key=lambda other: _ratio(_luminance(themed(other)), here))


def _luminance(colour: Colour) -> float:
    """Of sRGB, 0 to 1, as WCAG 2 has it."""
    level = np.array(colour, np.float64) / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def _ratio(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def ink(values: Floats) -> Bytes:
    """0…1 as the tile's grey to that of ink: `(…)` → `(…, 3)`."""
    return _between(values.clip(0, 1), _current.ink)


def difference(values: Floats) -> Bytes:
    """−1…1 as blue over the tile's grey to orange: `(…)` → `(…, 3)`."""
    far = np.where(values[..., None] < 0, _current.too_little, _current.too_much)
    return _between(np.abs(values.clip(-1, 1)), far)


def _between(part: Floats, end: npt.ArrayLike) -> Bytes:
    paper = np.array(_current.paper, np.float32)
    return _nameless(paper + part[..., None] * (np.asarray(end, np.float32) - paper))


def scale_colours(values: Floats) -> Bytes:
    """0…1 as the colours of figures, from the lowest to the highest: `(…)` → `(…, 3)`."""
    steps = np.array(_current.scale, np.float32)
    place = values.clip(0, 1) * (len(steps) - 1)
    low = np.minimum(place.astype(np.int64), len(steps) - 2)
    return _nameless(steps[low] + (place - low)[..., None] * (steps[low + 1] - steps[low]))


def _nameless(colours: Floats) -> Bytes:
    """As bytes; a pixel that would be taken for a name that means another colour is a shade bluer or less."""
    pixels = np.asarray(np.rint(colours), np.uint8)
    if _replaced:
        pixels[(pixels[..., None, :] == _NAMED).all(-1).any(-1)] ^= _TURN
    return pixels


@caches_colours
@lru_cache(maxsize=1024)
def scale_colour(value: float) -> Colour:
    """The colour of one figure, 0 (the lowest of its kind) to 1 (the highest)."""
    red, green, blue = scale_colours(np.array([value], np.float32))[0].tolist()
    return red, green, blue


@caches_colours
@lru_cache(maxsize=4096)
def style(fg: Colour | None, bg: Colour | None, bold: bool, depth: str) -> Style:
    """The style of a terminal of `depth`; one without colours keeps bold only."""
    if depth == "none":
        return Style(bold=bold)
    return Style(color=_colour(fg, depth), bgcolor=_colour(bg, depth), bold=bold)


def _colour(colour: Colour | None, depth: str) -> Color | None:
    if colour is None:
        return None
    colour = themed(colour)
    if depth == "truecolor":
        return Color.from_rgb(*colour)
    return Color.from_ansi(nearest_256(colour) if depth == "256" else nearest_16(colour))


def has_colours(terminal: Terminal) -> bool:
    """Whether a filled cell can carry a colour of its own here; else density has to tell."""
    return terminal.depth in ("truecolor", "256")


def needs_letters(terminal: Terminal) -> bool:
    """Whether characters have to tell what colours tell elsewhere: curves apart, and low from high."""
    return terminal.glyphs == "ascii" or not has_colours(terminal)
