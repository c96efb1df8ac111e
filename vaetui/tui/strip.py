"""Lines that cost few bytes, for slow connections."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from vaetui.render.cells import FULL, LOWER, UPPER

Paint = tuple[str, str]  # SGR parameters that make a colour the foreground, and the background
_OWN: Paint = ("39", "49")  # what the terminal has where nothing is set
_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
}


class Look(NamedTuple):
    """How a character looks."""

    fore: Paint
    back: Paint
    bold: bool


PLAIN = Look(_OWN, _OWN, False)


class LeanStrip(Strip):
    """A strip that writes what changes from one segment to the next, where Textual writes all and a reset.

    Segments carry colours and bold only. A line begins and ends with nothing set, so that it can stand
    between lines of Textual's own.
    """

    @cached_property
    def is_narrow(self) -> bool:
        """Whether each of its characters takes one cell, so that they can be counted for cells."""
        return all(map(_is_narrow, [segment.text for segment in self._segments]))

    def render(self, console: Console) -> str:
        """The line as text and escape codes."""
        if self._render_cache is None:
            pen = Pen(system_of(console))
            pen.write(self._segments)
            pen.rest()
            self._render_cache = pen.written()
        return self._render_cache


def system_of(console: Console) -> ColorSystem:
    """The colours that a console was made for."""
    return _SYSTEMS[console.color_system or "truecolor"]


class Pen:
    """Writes text in few codes, for it knows what is set; it begins with nothing set.

    A picture's cell is drawn by what is set where that can be: ▀ of two colours is ▄ of the same two, the
    other way round, and a space is █ in front.
    """

    def __init__(self, system: ColorSystem) -> None:
        self.system = system
        self._look = PLAIN
        self._parts: list[str] = []
        self._has_blocks = False  # on a screen that is written ▀ there is a █, too

    def written(self) -> str:
        """Everything so far."""
        return "".join(self._parts)

    def raw(self, codes: str) -> None:
        """Write what leaves the look as it is."""
        self._parts.append(codes)

    def rest(self) -> None:
        """Leave nothing set."""
        if self._look != PLAIN:
            self._parts.append("\x1b[0m")
            self._look = PLAIN

    def write(self, segments: Iterable[Segment]) -> None:
        """Write a line, or a part of it, where the cursor is."""
        for text, style, _ in segments:
            self.put(text, look_of(style, self.system))

    def has(self, text: str, look: Look) -> bool:
        """Whether nothing need be set for `text`."""
        return look == self._look or (text.isspace() and look.back == self._look.back)

    def put(self, text: str, look: Look) -> None:
        """Write characters of one look where the cursor is."""
        now = self._look
        if look == now:
            self._parts.append(text)
        elif text.isspace():
            self._blank(text, look.back)
        elif text[0] != UPPER or text.strip(UPPER) or _OWN in (look.fore, look.back):
            self._parts += (_change(now, look), text)
            self._look = look
        elif look.fore == look.back:
            self._blank(" " * len(text), look.back)
        else:
            self._has_blocks = True
            there, turned = _change(now, look), Look(look.back, look.fore, look.bold)
            back = _change(now, turned)
            if len(back) < len(there):
                self._parts += (back, LOWER * len(text))
                self._look = turned
            else:
                self._parts += (there, text)
                self._look = look

    def _blank(self, text: str, back: Paint) -> None:
        """Cells of nothing but a background; what they have in front is not seen, so it stays what it is."""
        now = self._look
        if now.back == back:
            self._parts.append(text)
            return
        look = Look(now.fore, back, now.bold)
        change = _change(now, look)
        is_front = now.fore == back != _OWN and self._has_blocks and not now.bold
        if is_front and 2 * len(text) < len(change):
            self._parts.append(FULL * len(text))  # three bytes each, and nothing to set
            return
        self._parts += (change, text)
        self._look = look


@lru_cache(maxsize=4096)
def _is_narrow(text: str) -> bool:
    return text.isascii() or all(get_character_cell_size(character) == 1 for character in text)


@lru_cache(maxsize=16384)
def look_of(style: Style | None, system: ColorSystem) -> Look:
    """What a style is in a terminal's colours; equal looks cannot be told apart on its screen."""
    if style is None:
        return PLAIN
    return Look(_paint(style.color, system), _paint(style.bgcolor, system), bool(style.bold))


@lru_cache(maxsize=4096)
def _paint(colour: Color | None, system: ColorSystem) -> Paint:
    if colour is None or colour.is_default:
        return _OWN
    there = colour.downgrade(system)
    return ";".join(there.get_ansi_codes(True)), ";".join(there.get_ansi_codes(False))


def _change(old: Look, new: Look) -> str:
    """The code that leads from one look to another, "" where they are the same."""
    codes = [new.fore[0]] * (new.fore != old.fore) + [new.back[1]] * (new.back != old.back)
    if new.bold != old.bold:
        codes.append("1" if new.bold else "22")
    return f"\x1b[{';'.join(codes)}m" if codes else ""
