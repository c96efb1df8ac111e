"""Spans to text with escape codes, in as few bytes as the terminal's colours allow.

A cell can be drawn in two ways, by a block or by the one that fills what it leaves out, with the colours
swapped. Which is shorter depends on the colours that are set before, so it is chosen for a whole line at once:
a shortest path through what can be set after each span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from vaetui.render.colours import Colour, nearest_16, nearest_256, of_256
from vaetui.render.spans import FULL, OTHER, RAMP, UPPER, Depth, Span


def to_ansi(rows: Iterable[Sequence[Span]], depth: Depth) -> list[str]:
    """Rows of spans as lines of text with escape codes for a terminal of that colour depth.

    Only colours that change are set, a cell may be drawn by its complement (▀ as ▄, a space as █) where that
    makes the line shorter, and each line ends in a reset, so lines can stand anywhere. Without colours
    ("none") half blocks become characters of the ASCII ramp, brighter being denser, and no escape code is
    written.
    """
    if depth == "none":
        return ["".join(_shade(span) for span in row) for row in rows]
    return [_line(row, depth) for row in rows]


# --- codes ------------------------------------------------------------------------------------------

Codes = tuple[str, str]  # SGR parameters of the foreground and the background
_DEFAULT: Codes = ("39", "49")
_RESET = "\x1b[m"
_OFTEN_CHANGED = range(16, 22)  # of the 256: some themes give them other colours


@lru_cache(maxsize=4096)
def _codes(colour: Colour, depth: Depth) -> Codes:
    """SGR parameters that make `colour` the foreground, and the background."""
    if depth == "16":
        number = nearest_16(colour)
        base = number + 30 if number < 8 else number + 82
        return str(base), str(base + 10)
    number = nearest_256(colour)
    if depth == "truecolor" and (of_256(number) != colour or number in _OFTEN_CHANGED):
        rgb = ";".join(map(str, colour))
        return f"38;2;{rgb}", f"48;2;{rgb}"
    return f"38;5;{number}", f"48;5;{number}"


def _change(old: Codes, new: Codes) -> str:
    """The escape code after which `new` is set where `old` was, "" where nothing changes."""
    if new == old:
        return ""
    if new == _DEFAULT:
        return _RESET
    return f"\x1b[{';'.join(to for was, to in zip(old, new, strict=True) if was != to)}m"


@dataclass(frozen=True, slots=True)
class _Look:
    """A way to draw a span; a foreground or background that is None does not show, whatever is set."""

    text: str
    fg: str | None
    bg: str | None


@lru_cache(maxsize=16_384)
def _looks(span: Span, depth: Depth) -> tuple[_Look, ...]:
    """The ways to draw a span, two at most."""
    fg = _codes(span.fg, depth) if span.fg else _DEFAULT
    bg = _codes(span.bg, depth) if span.bg else _DEFAULT
    text = span.text
    other = OTHER.get(text[:1], "") * len(text)
    is_block = other and text == text[0] * len(text)
    if is_block and span.fg and span.bg and fg == bg:  # here, though not in the picture: few colours
        text, other = " " * len(text), FULL * len(text)
    if text.isspace():
        spaces = _Look(text, None, bg[1])
        return (spaces, _Look(other, bg[0], None)) if span.bg else (spaces, _Look(text, *_DEFAULT))
    if not is_block:
        return (_Look(text, fg[0], bg[1]),)
    if text[0] == FULL:
        full = _Look(text, fg[0], None)
        return (_Look(other, None, fg[1]), full) if span.fg else (full,)
    block = _Look(text, fg[0], bg[1])
    return (block, _Look(other, bg[0], fg[1])) if span.fg and span.bg else (block,)


# --- lines ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class _Front:
    """What can be set after a span, and how many bytes more than the cheapest it took to get there."""

    states: tuple[tuple[Codes, int], ...]


@dataclass(frozen=True, eq=False, slots=True)
class _Step:
    """The front after a span, and for each of its states that of the front before and what is written."""

    front: _Front
    drawn: tuple[tuple[int, str], ...]


# Fronts are compared by identity, which is quick, so equal ones have to be one.
@lru_cache(maxsize=16_384)
def _front(states: tuple[tuple[Codes, int], ...]) -> _Front:
    return _Front(states)


@lru_cache(maxsize=65_536)
def _step(front: _Front, span: Span, depth: Depth) -> _Step:
    """Draw a span in all ways after all that can be set before it; digits have few that differ."""
    best: dict[Codes, tuple[int, int, str]] = {}
    for look in _looks(span, depth):
        for place, (old, cost) in enumerate(front.states):
            new = (look.fg or old[0], look.bg or old[1])
            drawn = _change(old, new) + look.text
            size = cost + len(drawn.encode())
            if new not in best or size < best[new][0]:
                best[new] = (size, place, drawn)
    least, cheapest = min((size, new) for new, (size, _, _) in best.items())
    # What can be set just as well when it is needed is not worth following.
    kept = {
        new: (size - least, place, drawn)
        for new, (size, place, drawn) in best.items()
        if new == cheapest or size < least + len(_change(cheapest, new))
    }
    states = tuple((new, more) for new, (more, _, _) in kept.items())
    return _Step(_front(states), tuple((place, drawn) for _, place, drawn in kept.values()))


# A foreground that is set after spaces alone can be set together with what is set before them.
_LATE = re.compile(r"\x1b\[([\d;]+)m( +)\x1b\[(38;5;\d+|38;2;\d+;\d+;\d+|[39]\d)m")


def _line(row: Sequence[Span], depth: Depth) -> str:
    front = _front(((_DEFAULT, 0),))
    steps = []
    for span in row:
        step = _step(front, span, depth)
        front = step.front
        steps.append(step.drawn)
    ends = [(more + (len(_RESET) if state != _DEFAULT else 0)) for state, more in front.states]
    place = ends.index(min(ends))
    parts = [_change(front.states[place][0], _DEFAULT)]
    for drawn in reversed(steps):
        place, text = drawn[place]
        parts.append(text)
    parts.reverse()
    return _LATE.sub("\x1b[\\1;\\3m\\2", "".join(parts))


def _shade(span: Span) -> str:
    """Half blocks in colour as a character of the ramp, all else as it is."""
    halves = [colour for colour in (span.fg if UPPER in span.text else span.bg, span.bg) if colour]
    if not halves or not set(span.text) <= {UPPER, " "}:
        return span.text
    brightness = sum(map(sum, halves)) / (3 * 255 * len(halves))
    return RAMP[round(brightness * (len(RAMP) - 1))] * len(span.text)
