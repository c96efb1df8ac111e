"""Lines encoded in few bytes, for slow connections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from vaetui.render.spans import LOWER, UPPER

ColourCodes = tuple[str, str]  # SGR parameters of a colour as foreground and as background
_DEFAULT: ColourCodes = ("39", "49")
# Rich's name for the colours of each depth, and its value for each name.
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


# Styles by their ids: a frame has thousands of runs, and numbers are fast to compare and to look up.
_styles = [CellStyle(_DEFAULT, _DEFAULT, False)]
_ids = {_styles[0]: 0}
PLAIN = 0


def _id_of(style: CellStyle) -> int:
    if style not in _ids:
        _ids[style] = len(_styles)
        _styles.append(style)
    return _ids[style]


@lru_cache(maxsize=4096)
def _style_id(style: Style | None, depth: str) -> int:
    """Return the id of a style in a terminal's colours; styles that are equal in these share one."""
    if style is None:
        return PLAIN
    system = _NAMED[SYSTEMS[depth]]
    return _id_of(CellStyle(_codes(style.color, system), _codes(style.bgcolor, system), bool(style.bold)))


@lru_cache(maxsize=4096)
def _codes(colour: Color | None, system: ColorSystem) -> ColourCodes:
    if colour is None or colour.is_default:
        return _DEFAULT
    shown = colour.downgrade(system)
    return ";".join(shown.get_ansi_codes(True)), ";".join(shown.get_ansi_codes(False))


def is_same_blank(one: int, other: int) -> bool:
    """Return whether spaces of two styles look the same: their foreground is not visible."""
    return one == other or _styles[one].back == _styles[other].back


# --- runs -------------------------------------------------------------------------------------------

LETTERS, SPACES, HALVES = range(3)  # kinds of text: anything, spaces alone, ▀ alone
StyledText = tuple[str, int, int]  # text, the id of its style, its kind


def kind_of(text: str) -> int:
    """Return what a text consists of."""
    if text.isspace():
        return SPACES
    return LETTERS if text.strip(UPPER) else HALVES


def styled_text(segment: Segment, depth: str) -> StyledText:
    """Return a segment as a run for a terminal of that colour depth."""
    return segment.text, _style_id(segment.style, depth), kind_of(segment.text)


@lru_cache(maxsize=1024)
def is_narrow(text: str) -> bool:
    """Return whether each character takes one cell."""
    return text.isascii() or all(get_character_cell_size(character) == 1 for character in text)


class DiffStrip(Strip):
    """A strip that writes only the changes of style between segments; Textual writes each style and a reset.

    Segments have colours and bold only. `runs` are the segments for its terminal, `is_narrow` is whether each
    character takes one cell. A line begins and ends in the default style, so that it can stand between
    Textual's own.
    """

    def __init__(
        self, segments: Iterable[Segment], cell_length: int, runs: Sequence[StyledText], is_narrow: bool
    ) -> None:
        super().__init__(segments, cell_length)
        self.runs, self.is_narrow = runs, is_narrow

    def render(self, console: Console) -> str:  # noqa: ARG002
        """Return the line as text and escape codes."""
        codes: str | None = getattr(self, "_render_cache", None)  # Textual reads this, too
        if codes is None:
            pen = Pen()
            pen.write(self.runs)
            pen.reset()
            codes = self._render_cache = pen.written()
        return codes


# --- writing ----------------------------------------------------------------------------------------

# How a text is written after a style: the code before it, the style after it, and the character that replaces
# each of its own, "" for none.
Transition = tuple[str, int, str]


class Pen:
    """Writes text with few escape codes, since it knows the current style; begins in the default style.

    Halves are written as ▀ or as ▄ with the colours swapped, whichever is shorter; halves of one colour as
    spaces, never as █: some fonts leave seams.
    """

    def __init__(self) -> None:
        self._style = PLAIN
        self._parts: list[str] = []

    def written(self) -> str:
        """Return everything written so far."""
        return "".join(self._parts)

    def raw(self, codes: str) -> None:
        """Write codes that do not change the style."""
        self._parts.append(codes)

    def reset(self) -> None:
        """Return to the default style."""
        if self._style != PLAIN:
            self._parts.append("\x1b[0m")
            self._style = PLAIN

    def write(self, runs: Iterable[StyledText]) -> None:
        """Write runs where the cursor is."""
        for text, style, kind in runs:
            self.put(text, style, kind)

    def put(self, text: str, style: int, kind: int) -> None:
        """Write one run where the cursor is."""
        code, self._style, drawn = _transition(self._style, style, kind)
        self._parts.append(code + (drawn * len(text) if drawn else text))

    def has(self, style: int, kind: int) -> bool:
        """Return whether such a text needs no escape code."""
        return style == self._style or (kind == SPACES and is_same_blank(style, self._style))


@lru_cache(maxsize=1 << 17)
def _transition(now: int, style: int, kind: int) -> Transition:
    if style == now:
        return "", now, ""
    old, new = _styles[now], _styles[style]
    if kind == SPACES:
        return _blank(now, old, new.back, "")
    if kind == LETTERS or _DEFAULT in (new.fore, new.back):
        return _change(old, new), style, ""
    if new.fore == new.back:
        return _blank(now, old, new.back, " ")
    swapped = CellStyle(new.back, new.fore, new.bold)
    upper, lower = _change(old, new), _change(old, swapped)
    return (lower, _id_of(swapped), LOWER) if len(lower) < len(upper) else (upper, style, "")


def _blank(now: int, old: CellStyle, back: ColourCodes, drawn: str) -> Transition:
    """Change only the background: a foreground does not show in blank cells."""
    if old.back == back:
        return "", now, drawn
    style = CellStyle(old.fore, back, old.bold)
    return _change(old, style), _id_of(style), drawn


def _change(old: CellStyle, new: CellStyle) -> str:
    """Return the code that changes one style to another, "" where they are equal."""
    codes = [new.fore[0]] * (new.fore != old.fore) + [new.back[1]] * (new.back != old.back)
    if new.bold != old.bold:
        codes.append("1" if new.bold else "22")
    return f"\x1b[{';'.join(codes)}m" if codes else ""
