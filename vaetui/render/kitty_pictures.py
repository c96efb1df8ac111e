"""Images as pictures of kitty's protocol, for `--glyphs kitty`.

A picture is transmitted when it is first painted, before the frame that shows it. The screen itself has
placeholder characters whose colour is the picture's number; the number follows from the image. The terminal
keeps the `KEPT_PICTURES` painted last and all that are visible; the others, and at exit all, are deleted.
"""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np

from trainer.contract.config import SIDE
from trainer.contract.files import Problem
from vaetui.arrays import Floats
from vaetui.render import protocols
from vaetui.render.colours import ColourMap
from vaetui.render.protocols import KittyPicture
from vaetui.render.terminal import Terminal
from vaetui.render.theme import caches_colours

KEPT_PICTURES = 512  # pictures that stay in the terminal: some hundred kilobytes there

_SIXELS = "the explorer draws half blocks instead of sixels, which its repainting would tear"
_COLOURS = "kitty's pictures need 16 million colours in the explorer, here are half blocks"


class KittyPictures:
    """The pictures that the terminal has; `write` sends text to it at once, for `in_tmux` through that."""

    def __init__(self, write: Callable[[str], object], *, in_tmux: bool) -> None:
        self._write, self._in_tmux = write, in_tmux
        self._there: OrderedDict[int, None] = OrderedDict()  # numbers, those painted last at the end
        self._is_closed = False

    @property
    def is_full(self) -> bool:
        """Whether it is time to `drop` some."""
        return len(self._there) > KEPT_PICTURES

    def place(self, pixels: Floats, size: tuple[int, int], colours: ColourMap) -> KittyPicture:
        """The picture of an image `(784,)` in `size`, columns × rows, which the terminal has from now on."""
        steps = np.rint(np.nan_to_num(pixels).clip(-1, 1) * 15).astype(np.int8)
        picture = _picture(steps.tobytes(), size, colours)
        if picture.number not in self._there and not self._is_closed:
            self._send(picture.transmission)
            self._there[picture.number] = None
        if not self._is_closed:
            self._there.move_to_end(picture.number)
        return picture

    def drop(self, seen: Iterable[int]) -> None:
        """Delete those that were not painted lately, but none of the numbers that are `seen`."""
        kept = {*seen, *list(self._there)[-KEPT_PICTURES // 2 :]}
        self._delete([number for number in self._there if number not in kept])

    def close(self) -> None:
        """Delete all, and send no more."""
        self._is_closed = True
        self._delete(list(self._there))

    def _delete(self, numbers: list[int]) -> None:
        if numbers:
            self._send("".join(map(protocols.erasure, numbers)))
        for number in numbers:
            del self._there[number]

    def _send(self, text: str) -> None:
        self._write(protocols.through_tmux(text) if self._in_tmux else text)


@caches_colours
@lru_cache(maxsize=KEPT_PICTURES)
def _picture(steps: bytes, size: tuple[int, int], colours: ColourMap) -> KittyPicture:
    values = np.frombuffer(steps, np.int8).reshape(SIDE, SIDE).astype(np.float32)
    return protocols.kitty_picture(values / np.float32(15), size, colours)


@lru_cache(maxsize=16)
def placeholder_cells(size: tuple[int, int]) -> list[str]:
    """The cells of a picture: each tells its place, since dialogs cut lines anywhere."""
    return protocols.placeholders(size, each=True)


def open_pictures(
    terminal: Terminal, write: Callable[[str], object], *, in_tmux: bool
) -> tuple[Terminal, KittyPictures | None, str]:
    """Return the terminal as text is drawn on it, its pictures if it can show any, and a notice or "".

    Raises `Problem` where the library that draws pictures is not installed.
    """
    if lack := protocols.missing_library(terminal.glyphs):
        raise Problem(lack)
    below = dataclasses.replace(terminal, glyphs="half")
    if terminal.glyphs == "sixel":
        return below, None, _SIXELS
    if terminal.depth != "truecolor":
        return below, None, _COLOURS
    return below, KittyPictures(write, in_tmux=in_tmux), protocols.IN_TMUX["kitty"] if in_tmux else ""
