"""Colour maps, and the colours of a terminal's palettes that are nearest to a colour."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from vaetui.arrays import Bytes, Floats

Colour = tuple[int, int, int]
ColourMap = Callable[[Floats], Bytes]


# --- maps -------------------------------------------------------------------------------------------


def grey(values: Floats) -> Bytes:
    """Map 0…1 to black … white, for dark terminals: `(…)` → `(…, 3)`."""
    level = np.rint(values.clip(0, 1) * 255).astype(np.uint8)
    return np.repeat(level[..., None], 3, axis=-1)


def ink(values: Floats) -> Bytes:
    """Map 0…1 to white … black, ink on paper, for light terminals: `(…)` → `(…, 3)`."""
    return 255 - grey(values)


_BLUE, _ORANGE = np.array([70, 150, 255], np.float32), np.array([255, 140, 30], np.float32)


def diverging(values: Floats) -> Bytes:
    """Map −1…1 to blue … black … orange, safe for colour-blind readers: `(…)` → `(…, 3)`."""
    size = np.abs(values.clip(-1, 1))[..., None]
    return np.asarray(np.rint(size * np.where(values[..., None] < 0, _BLUE, _ORANGE)), np.uint8)


# From OKLab to the cube roots of cone responses, and from these, cubed, to linear sRGB: Ottosson 2020,
# "A perceptual color space for image processing".
_TO_CONES = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_TO_LINEAR = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
_DARKEST, _LIGHTEST = 0.15, 0.95  # OKLab's lightness at 0 and at 1
_FIRST_HUE, _LAST_HUE = 285.0, 95.0  # degrees: violet over red to yellow
_CHROMA = 0.2  # at most; less where sRGB has no such colour
_STEPS = 1024


@cache
def _perceptual() -> Bytes:
    """Compute the map's colours from 0 to 1, `(steps, 3)`, as saturated as sRGB allows."""
    part = np.linspace(0, 1, _STEPS)
    light = _DARKEST + part * (_LIGHTEST - _DARKEST)
    hue = np.radians(_FIRST_HUE + part * (_LAST_HUE - _FIRST_HUE + 360))
    chroma = np.linspace(0, _CHROMA, 101)[:, None]  # (chroma, steps) from here on
    lab = np.stack(np.broadcast_arrays(light, chroma * np.cos(hue), chroma * np.sin(hue)), axis=-1)
    linear = (lab @ _TO_CONES.T) ** 3 @ _TO_LINEAR.T
    is_srgb = ((linear >= -1e-4) & (linear <= 1 + 1e-4)).all(-1)
    most = is_srgb.cumprod(0).sum(0) - 1  # the last chroma before the first that sRGB lacks
    chosen = linear[most, np.arange(_STEPS)].clip(0, 1)
    curved = np.where(chosen <= 0.0031308, 12.92 * chosen, 1.055 * chosen ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * curved), np.uint8)


def perceptual(values: Floats) -> Bytes:
    """Map 0…1 to dark violet … red … pale yellow in equal steps of lightness: `(…)` → `(…, 3)`."""
    steps = np.rint(values.clip(0, 1) * (_STEPS - 1)).astype(np.int64)
    return np.asarray(_perceptual()[steps], np.uint8)


def blend(back: Colour, front: Colour, part: float) -> Colour:
    """Mix two colours, `part` of `front` in 0…1."""
    red, green, blue = (round(b + (f - b) * part) for b, f in zip(back, front, strict=True))
    return red, green, blue


# --- palettes ---------------------------------------------------------------------------------------

_CUBE = (0, 95, 135, 175, 215, 255)  # the steps of the 6×6×6 cube that starts at colour 16
_GREYS = tuple(range(8, 248, 10))  # the ramp that starts at colour 232
_FOUR_GREYS = ((0, 0), (8, 127), (7, 229), (15, 255))  # among the 16: number and xterm's own value


def of_256(number: int) -> Colour:
    """Return the colour of a number of the fixed part (16…255) of the 256."""
    if number >= 232:
        return (_GREYS[number - 232],) * 3
    place = number - 16
    return _CUBE[place // 36], _CUBE[place // 6 % 6], _CUBE[place % 6]


def nearest_256(colour: Colour) -> int:
    """Return the number of the colour nearest to `colour` in the fixed part (16…255) of the 256."""
    cube = [min(range(6), key=lambda i, v=value: abs(_CUBE[i] - v)) for value in colour]  # type: ignore[misc]
    level = min(range(len(_GREYS)), key=lambda i: abs(3 * _GREYS[i] - sum(colour)))
    from_cube = sum(abs(_CUBE[i] - value) for i, value in zip(cube, colour, strict=True))
    from_grey = sum(abs(_GREYS[level] - value) for value in colour)
    return 232 + level if from_grey < from_cube else 16 + 36 * cube[0] + 6 * cube[1] + cube[2]


def nearest_16(colour: Colour) -> int:
    """Return the number among the 16 colours that keeps the hue of `colour`, or its brightness.

    What the 16 look like is the terminal's choice; nearness in RGB would turn dark blue into grey.
    """
    high, low = max(colour), min(colour)
    if high >= 48 and high - low > high * 0.4:
        hue = sum(bit for bit, value in zip((1, 2, 4), colour, strict=True) if value > high / 2)
        return hue + (8 if high >= 192 else 0)
    return min(_FOUR_GREYS, key=lambda numbered: abs(3 * numbered[1] - sum(colour)))[0]
