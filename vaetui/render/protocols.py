"""Encode pixels for terminals with graphics: kitty's protocol, and sixels.

Pure functions from pixels to text; kitty's pictures are transmitted with `q=2`, so that the terminal sends no
answer. Pixels are as for `cells`, in 16 levels for each sign, at their own size where the terminal can scale
(kitty), else enlarged to whole cells (sixel).

kitty's pictures are placed by text: cells of U+10EEEE whose colour is the number of the picture, so that they
scroll, are cut and are overwritten like text, also inside tmux. This needs a library that is an extra
(`MISSING`) and is imported with the first picture. Sixels need none.
"""

from __future__ import annotations

import fcntl
import io
import re
import struct
import termios
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any, Final, TextIO

import numpy as np

from vaetui.arrays import Floats, Integers
from vaetui.render.colours import Colour, ColourMap, grey
from vaetui.render.pixels import Pixels, to_unit

MISSING: Final = "kitty's pictures need a library that is not installed: pip install 'vaetui[pictures]'"
IN_TMUX: Final = {
    "kitty": "inside tmux kitty's pictures need `tmux set -g allow-passthrough on`",
    "sixel": "inside tmux sixels need tmux 3.4 or later, built with them",
}
CELL: Final = (10, 20)  # pixels of a cell if unknown: that of the VT340, which introduced sixels

_LEVELS = 16
_SEQUENCE = re.compile("\x1b_G.*?\x1b\\\\")
_BAND = 6  # rows of pixels
_DOWN, _SAVE, _RESTORE = "\x1bD", "\x1b7", "\x1b8"  # move the cursor a line down, save and restore it


def missing_library(glyphs: str) -> str:
    """Say which library this protocol lacks here, and how to install it; "" for none."""
    return MISSING if glyphs == "kitty" and find_spec("kittytgp") is None else ""


def _steps(pixels: Pixels) -> Integers:
    """Convert pixels to whole levels, −15…15."""
    return np.rint(to_unit(pixels) * (_LEVELS - 1)).astype(np.int64)


def _palette(steps: Integers, colours: ColourMap) -> list[Colour]:
    """Return the colour of each level."""
    return [(r, g, b) for r, g, b in colours((steps / (_LEVELS - 1)).astype(np.float32)).tolist()]


# --- kitty --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KittyPicture:
    """One picture for kitty: its number (24 bits, a hash of the image), and the text that transmits it."""

    number: int
    transmission: str

    @property
    def colour(self) -> Colour:
        """Return the number as the colour of its cells."""
        return self.number >> 16, self.number >> 8 & 255, self.number & 255


def kitty_picture(pixels: Pixels, size: tuple[int, int], colours: ColourMap = grey) -> KittyPicture:
    """Encode pixels `(h, w)` for `size`, columns × rows, as a PNG that the terminal scales."""
    png = _png(pixels, colours)
    number = zlib.crc32(b"%d %d " % size + png) % 0xFFFFFF + 1
    transmission, _ = _library().render_parts(
        png, cols=size[0], rows=size[1], image_id=number, passthrough="none"
    )
    return KittyPicture(number, transmission.decode("ascii"))


def placeholders(size: tuple[int, int], *, each: bool = False) -> list[str]:
    """Return the cells of a picture of `size`, columns × rows, by line, to be written in its colour.

    Only the first cell of a line says which it is, and the others count on from there. With `each` all do,
    in twice the bytes, so that lines may be cut at their left.
    """
    places, empty = _library().DIACRITICS, _library().PLACEHOLDER
    columns, rows = size
    named = min(columns, len(places)) if each else 1
    return [
        "".join(empty + places[row] + places[column] for column in range(named)) + empty * (columns - named)
        for row in range(rows)
    ]


def erasure(number: int) -> str:
    """Return the sequence that deletes a picture."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


def through_tmux(text: str) -> str:
    """Wrap sequences of kitty's protocol so that tmux passes them on to its terminal."""
    return _SEQUENCE.sub(lambda match: "\x1bPtmux;" + match[0].replace("\x1b", "\x1b\x1b") + "\x1b\\", text)


def _png(pixels: Pixels, colours: ColourMap) -> bytes:
    from PIL import Image

    steps = _steps(pixels)
    levels, places = np.unique(steps, return_inverse=True)
    image = Image.fromarray(places.reshape(steps.shape).astype(np.uint8), "P")
    image.putpalette([value for colour in _palette(levels, colours) for value in colour])
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


@cache
def _library() -> Any:
    import kittytgp.core

    return kittytgp.core


# --- sixel --------------------------------------------------------------------------------------------


def cell_size(stream: TextIO) -> tuple[int, int]:
    """Return width and height of a cell in pixels as the terminal driver has them, else `CELL`."""
    try:
        size = fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):
        return CELL
    rows, columns, width, height = struct.unpack("HHHH", size)
    if min(rows, columns, width, height) == 0 or width < columns or height < rows:
        return CELL
    return width // columns, height // rows


def sixels(pixels: Pixels, colours: ColourMap = grey) -> str:
    """Encode pixels `(h, w)` as sixels, one a pixel of the screen.

    A level has the same colour register in every picture, since some terminals have one set for all.
    """
    steps = _steps(pixels)
    levels = np.unique(steps)
    registers = zip((levels % (2 * _LEVELS - 1)).tolist(), _palette(levels, colours), strict=True)
    inks = "".join(
        f"#{register};2;" + ";".join(str(round(value / 2.55)) for value in colour)
        for register, colour in registers
    )
    height, width = steps.shape
    bands = "-".join(_band(steps[top : top + _BAND]) for top in range(0, height, _BAND))
    return f'\x1bP0;1;0q"1;1;{width};{height}{inks}{bands}\x1b\\'


def _band(rows: Integers) -> str:
    """Encode at most `_BAND` rows of pixels, one colour over the other."""
    bits = 1 << np.arange(len(rows))
    layers = []
    for level in np.unique(rows).tolist():
        drawn = (bits @ (rows == level) + 63).astype(np.uint8).tobytes().decode("ascii").rstrip("?")
        layers.append(
            f"#{level % (2 * _LEVELS - 1)}"
            + re.sub(r"(.)\1{3,}", lambda run: f"!{len(run[0])}{run[1]}", drawn)
        )
    return "$".join(layers)


# --- lines of text ------------------------------------------------------------------------------------


def kitty_lines(
    pictures: Sequence[Pixels],
    size: tuple[int, int],
    gap: int,
    env: Mapping[str, str],
    colours: ColourMap = grey,
) -> list[str]:
    """Draw pictures side by side, `gap` columns apart, each of `size`, columns × rows: one line a row."""
    encoded = [kitty_picture(pixels, size, colours) for pixels in pictures]
    sent = "".join(each.transmission for each in encoded)
    inks = ["\x1b[38;2;{};{};{}m".format(*each.colour) for each in encoded]
    lines = [(" " * gap).join(f"{ink}{line}\x1b[39m" for ink in inks) for line in placeholders(size)]
    return [(through_tmux(sent) if env.get("TMUX") else sent) + lines[0], *lines[1:]]


def sixel_lines(
    pictures: Sequence[Pixels],
    size: tuple[int, int],
    gap: int,
    cell: tuple[int, int],
    colours: ColourMap = grey,
) -> list[str]:
    """Draw the same as sixels, for cells of `cell` pixels: empty lines, and all drawings from the last.

    Terminals leave the cursor in different places after sixels, so it is restored. Some scroll after sixels
    that end in their last line, so one line more is written. Some count in whole bands of six pixels, so the
    pictures end with the last band that does not reach below their cells.
    """
    columns, rows = size
    height = max(rows * cell[1] // _BAND, 1) * _BAND
    drawn = [sixels(_enlarged(pixels, columns * cell[0], height), colours) for pixels in pictures]
    across = f"{_RESTORE}\x1b[{columns + gap}C{_SAVE}".join(drawn)
    down = f"\x1b[{rows - 1}B" if rows > 1 else ""
    return [""] * (rows - 1) + [f"{_DOWN}\x1b[{rows}A{_SAVE}{across}{_RESTORE}{down}\r"]


def _enlarged(pixels: Pixels, width: int, height: int) -> Floats:
    """Resize pixels `(h, w)` to `(height, width)` by repeating or dropping some."""
    unit = to_unit(pixels)
    rows, columns = (
        np.arange(new) * old // new for new, old in zip((height, width), unit.shape, strict=True)
    )
    return np.asarray(unit[rows][:, columns], np.float32)
