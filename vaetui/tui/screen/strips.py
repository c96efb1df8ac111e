"""Lines encoded in few bytes, for slow connections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from vaetui.render.spans import LOWER, UPPER

ColourCodes = tuple[str, str]  # SGR parameters that make a colour the foreground, and the background
_OWN: ColourCodes = ("39", "49")  # what the terminal has where nothing is set
# What Rich calls the colours of each depth, and what it has for these.
SYSTEMS = {"truecolor": "truecolor", "256": "256", "16": "standard", "none": "standard"}
_NAMED = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
}


# --- styles ------------------------------------------------------------------------------------------


class CellStyle(NamedTuple):
    """Colours and weight of a character."""

    fore: ColourCodes
    back: ColourCodes
    bold: bool


# Styles by their ids: a frame has thousands of runs, and numbers are compared and looked up at once.
_styles = [CellStyle(_OWN, _OWN, False)]
_ids = {_styles[0]: 0}
PLAIN = 0


def _id_of(style: CellStyle) -> int:
    if style not in _ids:
        _ids[style] = len(_styles)
        _styles.append(style)
    return _ids[style]


@lru_cache(maxsize=4096)
def style_number(style: Style | None, system: ColorSystem) -> int:
    """Return the id of a style in a terminal's colours; styles that look the same there share one."""
    if style is None:
        return PLAIN
    return _id_of(CellStyle(_paint(style.color, system), _paint(style.bgcolor, system), bool(style.bold)))


@lru_cache(maxsize=4096)
def _paint(colour: Color | None, system: ColorSystem) -> ColourCodes:
    if colour is None or colour.is_default:
        return _OWN
    there = colour.downgrade(system)
    return ";".join(there.get_ansi_codes(True)), ";".join(there.get_ansi_codes(False))


def is_same_blank(one: int, other: int) -> bool:
    """Return whether spaces of two styles look the same: their foreground is not visible."""
    return one == other or _styles[one].back == _styles[other].back


# --- runs -------------------------------------------------------------------------------------------

LETTERS, SPACES, HALVES = range(3)  # kinds of text: anything, spaces alone, ▀ alone
StyledText = tuple[str, int, int]  # text, the id of its style, its kind


def kind_of(text: str) -> int:
    """What a text consists of."""
    if text.isspace():
        return SPACES
    return LETTERS if text.strip(UPPER) else HALVES


def styled_text(segment: Segment, system: ColorSystem) -> StyledText:
    """A segment in a terminal's colours."""
    return segment.text, style_number(segment.style, system), kind_of(segment.text)


@lru_cache(maxsize=1024)
def is_narrow(text: str) -> bool:
    """Whether each character takes one cell, so that they can be counted for cells."""
    return text.isascii() or all(get_character_cell_size(character) == 1 for character in text)


class DiffStrip(Strip):
    """A strip that writes only the changes of style between segments; Textual writes each style and a reset.

    Segments carry colours and bold only. A line begins and ends with nothing set, so that it can stand
    between lines of Textual's own. `runs` are its segments as runs for the terminal that it is for, and
    `narrow` whether each of their characters takes one cell, where these are known.
    """

    def __init__(
        self,
        segments: Iterable[Segment],
        cell_length: int | None = None,
        runs: Sequence[StyledText] | None = None,
        narrow: bool | None = None,
    ) -> None:
        super().__init__(segments, cell_length)
        self._runs, self._narrow = runs, narrow

    @cached_property
    def is_narrow(self) -> bool:
        """Whether each of its characters takes one cell."""
        if self._narrow is None:
            return all(is_narrow(segment.text) for segment in self)
        return self._narrow

    def runs(self, system: ColorSystem) -> Sequence[StyledText]:
        """Its segments in the colours of its terminal."""
        if self._runs is None:
            self._runs = [styled_text(segment, system) for segment in self]
        return self._runs

    def render(self, console: Console) -> str:
        """The line as text and escape codes."""
        codes: str | None = getattr(self, "_render_cache", None)  # which Textual joins
        if codes is None:
            pen = Pen(console_colour_system(console))
            pen.write(self.runs(pen.system))
            pen.rest()
            codes = self._render_cache = pen.written()
        return codes


def console_colour_system(console: Console) -> ColorSystem:
    """The colours that a console was made for."""
    return _NAMED[console.color_system or "truecolor"]


def colour_system(depth: str) -> ColorSystem:
    """The colours of a terminal of that depth."""
    return _NAMED[SYSTEMS[depth]]


# --- writing ----------------------------------------------------------------------------------------

# How a text is written after a style: the code before it, the style after it, and the character that replaces
# each of its own, "" for none.
Transition = tuple[str, int, str]
_MOST_STEPS = 1 << 17
_steps: dict[tuple[int, int, int], Transition] = {}


class Pen:
    """Writes text in few codes, for it knows what is set; it begins with nothing set.

    A picture's cell is drawn by what is set where that can be: ▀ of two colours is ▄ of the same two, the
    other way round. Where both halves are equal it is a space, never █: some fonts leave seams.
    """

    def __init__(self, system: ColorSystem) -> None:
        self.system = system
        self._style = PLAIN
        self._parts: list[str] = []

    def written(self) -> str:
        """Everything so far."""
        return "".join(self._parts)

    def raw(self, codes: str) -> None:
        """Write what leaves the style as it is."""
        self._parts.append(codes)

    def rest(self) -> None:
        """Leave nothing set."""
        if self._style != PLAIN:
            self._parts.append("\x1b[0m")
            self._style = PLAIN

    def write(self, runs: Iterable[StyledText]) -> None:
        """Write a line, or a part of it, where the cursor is."""
        for text, style, kind in runs:
            self.put(text, style, kind)

    def has(self, style: int, kind: int) -> bool:
        """Whether nothing need be set for such a text."""
        return style == self._style or (kind == SPACES and is_same_blank(style, self._style))

    def put(self, text: str, style: int, kind: int) -> None:
        """Write characters of one style where the cursor is."""
        code, self._style, drawn = _steps.get((self._style, style, kind)) or _step(self._style, style, kind)
        self._parts.append(code + (drawn * len(text) if drawn else text))


def _step(now: int, style: int, kind: int) -> Transition:
    if len(_steps) >= _MOST_STEPS:
        _steps.clear()
    found = _steps[now, style, kind] = _found(now, style, kind)
    return found


def _found(now: int, style: int, kind: int) -> Transition:
    if style == now:
        return "", now, ""
    old, new = _styles[now], _styles[style]
    has_colours = _OWN not in (new.fore, new.back)
    if kind == SPACES:
        return _blank(now, old, new.back, "")
    if kind == LETTERS or not has_colours:
        return _change(old, new), style, ""
    if new.fore == new.back:
        return _blank(now, old, new.back, " ")
    there, turned = _change(old, new), CellStyle(new.back, new.fore, new.bold)
    back = _change(old, turned)
    return (back, _id_of(turned), LOWER) if len(back) < len(there) else (there, style, "")


def _blank(now: int, old: CellStyle, back: ColourCodes, drawn: str) -> Transition:
    """Cells of nothing but a background; what they have in front is not seen, so it stays what it is."""
    if old.back == back:
        return "", now, drawn
    style = CellStyle(old.fore, back, old.bold)
    return _change(old, style), _id_of(style), drawn


def _change(old: CellStyle, new: CellStyle) -> str:
    """The code that leads from one style to another, "" where they are the same."""
    codes = [new.fore[0]] * (new.fore != old.fore) + [new.back[1]] * (new.back != old.back)
    if new.bold != old.bold:
        codes.append("1" if new.bold else "22")
    return f"\x1b[{';'.join(codes)}m" if codes else ""
