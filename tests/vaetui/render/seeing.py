"""What pictures are of, and what a terminal emulator shows of them, in pixels."""

import numpy as np
import numpy.typing as npt
import pyte

from trainer.contract.datasets import digits
from vaetui.arrays import Floats
from vaetui.render.spans import Row

Seen = npt.NDArray[np.int64]

# xterm's own values of the 16, by the emulator's names.
_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_DARK = ("000000", "cd0000", "00cd00", "cdcd00", "0000ee", "cd00cd", "00cdcd", "e5e5e5")
_BRIGHT = ("7f7f7f", "ff0000", "00ff00", "ffff00", "5c5cff", "ff00ff", "00ffff", "ffffff")
_16 = dict(zip(_NAMES, _DARK, strict=True)) | dict(
    zip((f"bright{name}" for name in _NAMES), _BRIGHT, strict=True)
)
_16["default"] = "010203"  # which no picture has
# Which quarters a block fills: upper left, upper right, lower left, lower right.
_FILLED = dict(
    zip(
        " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█",
        ([bits >> place & 1 for place in range(4)] for bits in range(16)),
        strict=True,
    )
)


def real(number: int = 0) -> npt.NDArray[np.uint8]:
    """A real digit `(28, 28)`."""
    return digits.read(slice(number, number + 1))[0].reshape(28, 28)


def digit() -> Floats:
    """A soft ring on black, like a digit: flat outside, grey at its edges."""
    y, x = np.mgrid[:28, :28]
    distance = np.abs(np.hypot(y - 13.5, x - 13.5) - 7)
    return np.asarray(np.clip(2.5 - distance, 0, 1), np.float32)


def quarters(rows: list[Row]) -> Seen:
    """The colours `(2 · rows, 2 · columns, rgb)` of each cell's quarters that spans stand for."""
    cells = [[(char, span) for span in row for char in span.text] for row in rows]
    found = np.zeros((len(cells), 2, len(cells[0]), 2, 3), np.int64)
    for y, x in np.ndindex(len(cells), len(cells[0])):
        char, span = cells[y][x]
        for place, is_filled in enumerate(_FILLED[char]):
            colour = span.fg if is_filled else span.bg
            assert colour is not None
            found[y, place // 2, x, place % 2] = colour
    return found.reshape(2 * len(cells), -1, 3)


def painted(rows: list[Row]) -> Seen:
    """The colours `(2 · rows, columns, rgb)` that spans of half blocks stand for."""
    return quarters(rows)[:, ::2]


def shown(lines: list[str], columns: int) -> Seen:
    """The colours `(2 · lines, 2 · columns, rgb)` of each cell's quarters as an emulator has them."""
    screen = pyte.Screen(columns, len(lines))
    pyte.Stream(screen).feed("\r\n".join(lines))
    found = np.zeros((len(lines), 2, columns, 2, 3), np.int64)
    for y, x in np.ndindex(len(lines), columns):
        cell = screen.buffer[y][x]
        for place, is_filled in enumerate(_FILLED[cell.data]):
            found[y, place // 2, x, place % 2] = _rgb(cell.fg if is_filled else cell.bg)
    return found.reshape(2 * len(lines), 2 * columns, 3)


def _rgb(colour: str) -> list[int]:
    return list(bytes.fromhex(_16.get(colour, colour)))


def halves(lines: list[str], columns: int) -> Seen:
    """The colours `(2 · lines, columns, rgb)` of lines whose cells have one left and right."""
    seen = shown(lines, columns)
    np.testing.assert_array_equal(seen[:, ::2], seen[:, 1::2])
    return seen[:, ::2]
