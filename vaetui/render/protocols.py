"""Encode pixels for terminals that show them: kitty's graphics protocol, and sixels.

Pure functions from pixels to text: nothing is asked of a terminal, and kitty's pictures are transmitted with
`q=2`, so that it does not answer either. Pixels are as for `cells`; they go out in 16 levels a colour map
side and at their own size where the terminal can scale (kitty), else enlarged to whole cells (sixel).

kitty's pictures stand in text: cells of U+10EEEE whose colour is the number of the picture, so that they
scroll, are cut and are overwritten like text, inside tmux, too. What that needs comes from a library that is
an extra (`MISSING`) and is imported when the first picture is made. Sixels need none.
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
import numpy.typing as npt

from vaetui.render.colours import Colour, ColourMap, grey
from vaetui.render.pixels import Pixels, to_unit

LIBRARY: Final = "kittytgp"
MISSING: Final = "kitty's pictures need a library that is not installed: pip install 'vaetui[pictures]'"
IN_TMUX: Final = {
    "kitty": "inside tmux kitty's pictures need `tmux set -g allow-passthrough on`",
    "sixel": "inside tmux sixels need tmux 3.4 or later, built with them",
}
CELL: Final = (10, 20)  # pixels of a cell where nobody says: that of the terminal that sixels come from

_LEVELS = 16
_SEQUENCE = re.compile("\x1b_G.*?\x1b\\\\")
_ENVELOPE = "\x1bPtmux;{}\x1b\\"
_BAND = 6  # rows of pixels
_ON, _SAVE, _BACK = "\x1bD", "\x1b7", "\x1b8"  # a line on, and what becomes of the cursor


def missing_library(glyphs: str) -> str:
    """Say which library this protocol lacks here, and how to install it; "" for none."""
    return MISSING if glyphs == "kitty" and find_spec(LIBRARY) is None else ""


def _steps(pixels: Pixels) -> npt.NDArray[np.int64]:
    """Convert pixels to whole levels, −15…15."""
    return np.rint(to_unit(pixels) * (_LEVELS - 1)).astype(np.int64)


def _palette(steps: npt.NDArray[np.int64], colours: ColourMap) -> list[Colour]:
    """Return the colour of each level."""
    found = colours((steps / (_LEVELS - 1)).astype(np.float32)).tolist()
    return [(red, green, blue) for red, green, blue in found]


# --- kitty --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KittyPicture:
    """One picture for kitty: its number (24 bits, by what it shows), and the text that transmits it."""

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
    return _SEQUENCE.sub(lambda found: _ENVELOPE.format(found[0].replace("\x1b", "\x1b\x1b")), text)


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
    """Return width and height of a cell in pixels as the terminal driver knows them, else `CELL`."""
    try:
        told = fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):
        return CELL
    rows, columns, width, height = struct.unpack("HHHH", told)
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


def _band(rows: npt.NDArray[np.int64]) -> str:
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
    found = [kitty_picture(pixels, size, colours) for pixels in pictures]
    sent = "".join(each.transmission for each in found)
    inks = ["\x1b[38;2;{};{};{}m".format(*each.colour) for each in found]
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

    Where terminals leave their cursor after sixels differs, so it is taken back to where it was. Some scroll
    after sixels that end in their last line, so there is one more. Some count in whole bands of six pixels,
    so the pictures end with the last that does not reach below their cells.
    """
    columns, rows = size
    height = max(rows * cell[1] // _BAND, 1) * _BAND
    drawn = [sixels(_enlarged(pixels, columns * cell[0], height), colours) for pixels in pictures]
    across = f"{_BACK}\x1b[{columns + gap}C{_SAVE}".join(drawn)
    down = f"\x1b[{rows - 1}B" if rows > 1 else ""
    return [""] * (rows - 1) + [f"{_ON}\x1b[{rows}A{_SAVE}{across}{_BACK}{down}\r"]


def _enlarged(pixels: Pixels, width: int, height: int) -> npt.NDArray[np.float32]:
    """Resize pixels `(h, w)` to `(height, width)` by repeating or dropping some."""
    unit = to_unit(pixels)
    down, across = (
        np.arange(size) * was // size for size, was in zip((height, width), unit.shape, strict=True)
    )
    return np.asarray(unit[down][:, across], np.float32)
