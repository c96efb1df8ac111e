"""What terminals make of pictures: decoders of kitty's protocol and of sixels, after their descriptions."""

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
EMPTY = "\U0010eeee"
# The first of the combining characters that count rows and columns, as kitty's page on its protocol has them.
COUNTED = (
    "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a\u034b\u034c\u0350\u0351\u0352\u0357\u035b"
)


@dataclass(frozen=True, eq=False)
class Sent:
    """A picture that was transmitted, `(h, w, 3)`, for a placement of that size in cells."""

    pixels: Pixels
    columns: int
    rows: int


def sequences(text: str) -> Iterator[tuple[dict[str, str], str]]:
    """The sequences of kitty's protocol: their keys, and what they carry."""
    for keys, data in re.findall("\x1b_G([^;\x1b]*);?([^\x1b]*)\x1b\\\\", text):
        yield dict(pair.split("=") for pair in keys.split(",")), data


def transmitted(text: str) -> list[tuple[int, Sent]]:
    """The pictures that `text` transmits with their numbers; asserts that no answer is asked for."""
    found: list[tuple[int, Sent]] = []
    head: dict[str, str] = {}
    data = ""
    for keys, part in sequences(text):
        assert len(part) <= 4096
        if "a" in keys and keys["a"] != "T":
            continue
        if "a" in keys:
            assert (keys["f"], keys["q"], keys["U"]) == ("100", "2", "1")
            head, data = keys, ""
        data += part
        if keys["m"] == "0":
            pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
            found.append((int(head["i"]), Sent(pixels, int(head["c"]), int(head["r"]))))
    return found


def erased(text: str) -> list[int]:
    """The numbers of the pictures that `text` deletes, with their data."""
    return [int(keys["i"]) for keys, _ in sequences(text) if keys.get("a") == "d" and keys["d"] == "I"]


def places(line: str) -> list[tuple[int, int, int] | None]:
    """For each cell of a line of text with colours: number, row and column of a picture's piece, or None."""
    line = re.sub("\x1b_G.*?\x1b\\\\", "", line)
    found: list[tuple[int, int, int] | None] = []
    number = 0
    for red, green, blue, character, marks in re.findall(
        f"\x1b\\[38;2;(\\d+);(\\d+);(\\d+)m|\x1b\\[[0-9;]*m|([^{COUNTED}])([{COUNTED}]*)", line
    ):
        if red:
            number = (int(red) << 16) + (int(green) << 8) + int(blue)
        elif character == EMPTY and marks:
            row, column = (COUNTED.index(mark) for mark in marks)
            found.append((number, row, column))
        elif character == EMPTY:
            before = found[-1]
            assert before is not None
            assert before[0] == number, "a cell counts on from one of another picture"
            found.append((number, before[1], before[2] + 1))
        elif character:
            found.append(None)
    return found


def drawings(text: str) -> list[str]:
    """The sixel drawings in `text`."""
    return re.findall("\x1bP[^\x1b]*\x1b\\\\", text)


def sixel_pixels(text: str) -> npt.NDArray[np.int64]:
    """The pixels `(h, w, 3)` in 0…255 of the one sixel drawing in `text`; −1 where nothing is drawn."""
    (found,) = re.findall('\x1bP0;1;0q"1;1;([0-9]+);([0-9]+)([^\x1b]*)\x1b\\\\', text)
    width, height = int(found[0]), int(found[1])
    pixels = np.full((-(-height // 6) * 6, width, 3), -1, np.int64)
    inks: dict[str, list[int]] = {}
    x, top, ink = 0, 0, [0, 0, 0]
    for token in re.finditer(r"#(\d+)(?:;2;(\d+;\d+;\d+))?|(?:!(\d+))?([?-~])|([$-])|(.)", found[2]):
        register, colour, count, character, move, wrong = token.groups(default="")
        assert not wrong, f"{wrong} is no sixel"
        if move == "$":
            x = 0
        elif move == "-":
            x, top = 0, top + 6
        elif register:
            if colour:
                inks[register] = [round(int(value) * 2.55) for value in colour.split(";")]
            ink = inks[register]
        else:
            for bit in range(6):
                if ord(character) - 63 >> bit & 1:
                    pixels[top + bit, x : x + int(count or 1)] = ink
            x += int(count or 1)
    assert (pixels[height:] == -1).all(), "drawn over the lower edge"
    return pixels[:height]
