"""Pixels to characters: half blocks in colour, an ASCII ramp without, and the escape codes that draw them.

A cell is two pixels, one over the other. Pictures go through three steps, each a pure function: pixels to
`Span`s of equal colour (`half_blocks`), and spans to text for a terminal's colours (`to_ansi`); `ascii_rows`
needs neither. Pixels are `(height, width)`, uint8 or float in 0…1 (−1…1 for `diverging`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[Any]
Colours = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]
ColourMap = Callable[[npt.NDArray[np.float32]], Colours]
Depth = Literal["truecolor", "256", "16", "none"]

UPPER, LOWER, FULL = "▀", "▄", "█"
RAMP = " .:-=+*#%@"  # from no ink to full ink


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbouring cells of one look; a colour that is None is the terminal's own, or does not show."""

    text: str
    fg: Colour | None
    bg: Colour | None


Row = list[Span]


# --- pixels -----------------------------------------------------------------------------------------


def to_unit(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Pixels as float32: uint8 becomes 0…1, floats are clipped to −1…1, what is not a number is 0."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.float32) / np.float32(255)
    return np.nan_to_num(pixels.astype(np.float32), nan=0.0).clip(-1, 1)


@lru_cache(maxsize=64)
def _shares(there: int, here: int) -> npt.NDArray[np.float32]:
    """How much of each of `there` pixels falls on each of `here`, `(here, there)`; rows sum to 1."""
    edges = np.linspace(0, there, here + 1)
    starts = np.arange(there)
    low = np.maximum(edges[:-1, None], starts)
    high = np.minimum(edges[1:, None], starts + 1)
    return np.asarray(np.maximum(high - low, 0) * (here / there), np.float32)


def thumbnail(pixels: Pixels, height: int, width: int) -> npt.NDArray[np.float32]:
    """Pixels `(…, h, w)` resized to `(…, height, width)`, each new pixel the mean of the area it covers."""
    unit = to_unit(pixels)
    h, w = unit.shape[-2:]
    return np.asarray(_shares(h, height) @ unit @ _shares(w, width).T, np.float32)


# --- colour maps ------------------------------------------------------------------------------------


def grey(values: npt.NDArray[np.float32]) -> Colours:
    """0…1 as black to white, for dark terminals: `(…)` → `(…, 3)`."""
    level = np.rint(values.clip(0, 1) * 255).astype(np.uint8)
    return np.repeat(level[..., None], 3, axis=-1)


def ink(values: npt.NDArray[np.float32]) -> Colours:
    """0…1 as white to black, ink on paper, for light terminals: `(…)` → `(…, 3)`."""
    return 255 - grey(values)


_BLUE, _ORANGE = np.array([70, 150, 255], np.float32), np.array([255, 140, 30], np.float32)


def diverging(values: npt.NDArray[np.float32]) -> Colours:
    """−1…1 as blue over black to orange, told apart by every kind of colour vision: `(…)` → `(…, 3)`."""
    size = np.abs(values.clip(-1, 1))[..., None]
    return np.asarray(np.rint(size * np.where(values[..., None] < 0, _BLUE, _ORANGE)), np.uint8)


@cache
def _palette(colours: ColourMap, levels: int) -> tuple[tuple[Colour, ...], npt.NDArray[np.int64]]:
    """The colours of the levels −(levels − 1) … levels − 1, and for each the first that looks the same."""
    steps = np.arange(1 - levels, levels, dtype=np.float32) / np.float32(levels - 1)
    palette = tuple((int(r), int(g), int(b)) for r, g, b in colours(steps))
    return palette, np.array([palette.index(colour) for colour in palette])


def forget_colours() -> None:
    """Ask the colour maps again: they give other colours than before."""
    _palette.cache_clear()


# --- pictures ---------------------------------------------------------------------------------------


def half_blocks(pixels: Pixels, levels: int = 16, colours: ColourMap = grey) -> list[Row]:
    """Pixels `(h, w)` as ⌈h/2⌉ rows of spans, w cells each; values are rounded to `levels` steps of 0…1.

    Upper pixel in the foreground, lower in the background; cells with equal halves are spaces. An odd last
    row is doubled. `levels` is at least 2.
    """
    if levels < 2:
        raise ValueError("a picture needs at least two levels")
    steps = np.rint(to_unit(pixels) * (levels - 1)).astype(np.int64) + (levels - 1)
    if len(steps) % 2:
        steps = np.concatenate([steps, steps[-1:]])
    palette, same = _palette(colours, levels)
    steps = same[steps]
    cells = steps[::2] * len(palette) + steps[1::2]  # upper and lower level as one number
    return [
        [_span(cell, len(list(alike)), palette) for cell, alike in groupby(row)] for row in cells.tolist()
    ]


def _span(cell: int, length: int, palette: Sequence[Colour]) -> Span:
    upper, lower = divmod(cell, len(palette))
    if palette[upper] == palette[lower]:
        return Span(" " * length, None, palette[lower])
    return Span(UPPER * length, palette[upper], palette[lower])


def ascii_rows(pixels: Pixels, *, inverted: bool = False) -> list[str]:
    """Pixels `(h, w)` as ⌈h/2⌉ lines of w characters, denser for more ink; `inverted` for less.

    Two pixels, one over the other, make a character; an odd last row is doubled.
    """
    unit = to_unit(pixels).clip(0, 1)
    if len(unit) % 2:
        unit = np.concatenate([unit, unit[-1:]])
    mean = (unit[::2] + unit[1::2]) / 2
    steps = np.rint((1 - mean if inverted else mean) * (len(RAMP) - 1)).astype(np.int64)
    return ["".join(RAMP[step] for step in row) for row in steps.tolist()]


# --- escape codes -----------------------------------------------------------------------------------


_CUBE = (0, 95, 135, 175, 215, 255)  # the steps of the 6×6×6 cube that starts at colour 16
_GREYS = tuple(range(8, 248, 10))  # the ramp that starts at colour 232
_FOUR_GREYS = ((0, 0), (8, 127), (7, 229), (15, 255))  # among the 16: number and xterm's own value


def nearest_256(colour: Colour) -> int:
    """The number of the colour nearest to `colour` in the fixed part (16…255) of the 256."""
    cube = [min(range(6), key=lambda i, v=value: abs(_CUBE[i] - v)) for value in colour]  # type: ignore[misc]
    level = min(range(len(_GREYS)), key=lambda i: abs(3 * _GREYS[i] - sum(colour)))
    from_cube = sum(abs(_CUBE[i] - value) for i, value in zip(cube, colour, strict=True))
    from_grey = sum(abs(_GREYS[level] - value) for value in colour)
    return 232 + level if from_grey < from_cube else 16 + 36 * cube[0] + 6 * cube[1] + cube[2]


def nearest_16(colour: Colour) -> int:
    """The number among the 16 colours that keeps the hue of `colour` where it has one, else its brightness.

    What the 16 look like is the terminal's choice; nearness in RGB would turn dark blue into grey.
    """
    high, low = max(colour), min(colour)
    if high >= 48 and high - low > high * 0.4:
        hue = sum(bit for bit, value in zip((1, 2, 4), colour, strict=True) if value > high / 2)
        return hue + (8 if high >= 192 else 0)
    return min(_FOUR_GREYS, key=lambda numbered: abs(3 * numbered[1] - sum(colour)))[0]


@lru_cache(maxsize=4096)
def _codes(colour: Colour, depth: Depth) -> tuple[str, str]:
    """SGR parameters that make `colour` the foreground and the background."""
    if depth == "truecolor":
        rgb = ";".join(map(str, colour))
        return f"38;2;{rgb}", f"48;2;{rgb}"
    if depth == "256":
        number = nearest_256(colour)
        return f"38;5;{number}", f"48;5;{number}"
    number = nearest_16(colour)
    base = number + 30 if number < 8 else number + 82
    return str(base), str(base + 10)


def to_ansi(rows: Iterable[Sequence[Span]], depth: Depth) -> list[str]:
    """Rows of spans as lines of text with escape codes for a terminal of that colour depth.

    Only colours that change are set, a cell may be drawn by its complement (▀ as ▄, a space as █) where that
    is shorter, and each line ends in a reset, so lines can stand anywhere. Without colours ("none") cells
    become characters of the ASCII ramp, brighter being denser, and no escape code is written.
    """
    return [_plain(row) if depth == "none" else _draw(row, depth) for row in rows]


Look = tuple[str, str | None, str | None]  # text, foreground and background parameters; None: does not matter
_DEFAULT = ("39", "49")


def _looks(span: Span, depth: Depth) -> list[Look]:
    """The ways to draw a span."""
    fg = _codes(span.fg, depth) if span.fg else _DEFAULT
    bg = _codes(span.bg, depth) if span.bg else _DEFAULT
    length = len(span.text)
    half = bool(length) and span.text == UPPER * length
    alike = half and span.fg and span.bg and fg == bg  # here, though not in the picture: few colours
    if span.text.isspace() or alike:
        looks: list[Look] = [(" " * length, None, bg[1])]
        return [*looks, (FULL * length, bg[0], None)] if span.bg else looks
    if half and span.fg and span.bg:
        return [(span.text, fg[0], bg[1]), (LOWER * length, bg[0], fg[1])]
    return [(span.text, fg[0], bg[1])]


def _draw(row: Sequence[Span], depth: Depth) -> str:
    fg, bg = _DEFAULT
    line = []
    for span in row:
        best, best_size = "", -1
        for text, new_fg, new_bg in _looks(span, depth):
            codes = [new for new, old in ((new_fg, fg), (new_bg, bg)) if new is not None and new != old]
            drawn = f"\x1b[{';'.join(codes)}m{text}" if codes else text
            size = len(drawn.encode())
            if best_size < 0 or size < best_size:
                best, best_size, chosen = drawn, size, (new_fg or fg, new_bg or bg)
        fg, bg = chosen
        line.append(best)
    return "".join(line) + ("\x1b[0m" if (fg, bg) != _DEFAULT else "")


def _plain(row: Sequence[Span]) -> str:
    return "".join(_shade(span) if set(span.text) <= {UPPER, " "} else span.text for span in row)


def _shade(span: Span) -> str:
    halves = [colour for colour in (span.fg if UPPER in span.text else span.bg, span.bg) if colour]
    if not halves:
        return span.text
    brightness = sum(map(sum, halves)) / (3 * 255 * len(halves))
    return RAMP[round(brightness * (len(RAMP) - 1))] * len(span.text)
