"""Encode spans as text with escape codes, in as few bytes as the terminal's colours allow.

A cell can be drawn in two ways, by a block or by the one that fills what it leaves out, with the colours
swapped. Which is shorter depends on the colours that are set before, so it is chosen for a whole line at
once: a shortest path through what can be set after each span. Cells of one colour are spaces, never full
blocks: those would save half a percent, and show seams where a font draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from vaetui.render.colours import Colour, nearest_16, nearest_256, of_256
from vaetui.render.spans import FULL, OTHER, RAMP, UPPER, Span
from vaetui.render.terminal import Depth


def to_ansi(rows: Iterable[Sequence[Span]], depth: Depth) -> list[str]:
    """Encode rows of spans as lines of text with escape codes for that colour depth.

    Only colours that change are set, a cell may be drawn by its complement (▀ as ▄) where that makes the line
    shorter, and each line ends in a reset, so lines can stand anywhere. Without colours
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
_AROUND = len("\x1b[m")  # what one parameter costs beside itself; each further one costs a semicolon
_OFTEN_CHANGED = range(16, 22)  # of the 256: some themes give them other colours


@lru_cache(maxsize=4096)
def _codes(colour: Colour, depth: Depth) -> Codes:
    """Return the SGR parameters of `colour` as foreground and as background."""
    if depth == "16":
        number = nearest_16(colour)
        base = number + 30 if number < 8 else number + 82
        return str(base), str(base + 10)
    number = nearest_256(colour)
    if depth == "truecolor" and (of_256(number) != colour or number in _OFTEN_CHANGED):
        rgb = ";".join(map(str, colour))
        return f"38;2;{rgb}", f"48;2;{rgb}"
    return f"38;5;{number}", f"48;5;{number}"


class _Look(NamedTuple):
    """A way to draw a span; a foreground or background that is "" does not show, whatever is set."""

    text: str
    fg: str
    bg: str
    size: int  # bytes of the text,
    fg_size: int  # of an escape code that sets the foreground alone,
    bg_size: int  # and of one for the background


def _look(text: str, fg: str, bg: str) -> _Look:
    return _Look(text, fg, bg, len(text.encode()), _AROUND + len(fg), _AROUND + len(bg))


@lru_cache(maxsize=16_384)
def _way_on(span: Span, depth: Depth) -> tuple[GoOn, tuple[_Look, ...]]:
    """Return the step function for a span, and the looks that it can have."""
    looks = _looks(span, depth)
    if looks[0].fg and looks[0].bg:
        return _exact, looks
    return (_partial if looks[0].fg or len(looks) > 1 else _blank), looks


def _looks(span: Span, depth: Depth) -> tuple[_Look, ...]:
    """Return the ways to draw a span, two at most."""
    fg = _codes(span.fg, depth) if span.fg else _DEFAULT
    bg = _codes(span.bg, depth) if span.bg else _DEFAULT
    text = span.text
    other = OTHER.get(text[:1], "") * len(text)
    is_block = bool(other) and text == text[0] * len(text)
    if is_block and span.fg and span.bg and fg == bg:  # here, though not in the picture: few colours
        text = " " * len(text)
    if text.isspace():
        spaces = _look(text, "", bg[1])
        if not span.bg:  # a reset sets both
            return spaces, _Look(text, *_DEFAULT, len(text.encode()), len(_RESET), 0)
        return (spaces,)
    if text[:1] == FULL and is_block:
        return (_look(other, "", fg[1]),) if span.fg else (_look(text, fg[0], ""),)
    drawn = _look(text, fg[0], bg[1])
    return (drawn, _look(other, bg[0], fg[1])) if span.fg and span.bg and is_block else (drawn,)


# --- lines ------------------------------------------------------------------------------------------

# A way to write a line so far: its bytes, the foreground and background that are set after it, the way before
# its last span, None for an empty line, and the text of that span.
Way = tuple[int, str, str, Any, str]
GoOn = Callable[[list[Way], tuple[_Look, ...]], list[Way]]
_ENDLESS = 1 << 30


def _line(row: Sequence[Span], depth: Depth) -> str:
    if not row:
        return ""
    ways = _first(row[0], depth)
    for span in row[1:]:
        go_on, looks = _way_on(span, depth)
        ways = go_on(ways, looks)
    best = ways[0]
    least = _ended(best)
    for way in ways[1:]:
        if (total := _ended(way)) < least:
            best, least = way, total
    return _written(best) + (_RESET if best[1:3] != _DEFAULT else "")


def _ended(way: Way) -> int:
    """Return the bytes of a way with the reset at its end."""
    return way[0] if way[1:3] == _DEFAULT else way[0] + len(_RESET)


@lru_cache(maxsize=4096)
def _first(span: Span, depth: Depth) -> list[Way]:
    """Return the ways over the first span, cached: many lines begin with the same blank."""
    go_on, looks = _way_on(span, depth)
    return go_on([(0, *_DEFAULT, None, "")], looks)


def _exact(ways: list[Way], looks: tuple[_Look, ...]) -> list[Way]:
    """Return the best way to each look of a span whose foreground and background both show."""
    reached = []
    for text, fg, bg, size, fg_size, bg_size in looks:
        best, least = ways[0], _ENDLESS
        for way in ways:
            total, old_fg, old_bg, _, _ = way
            if fg == old_fg:
                if bg != old_bg:
                    total += bg_size
            elif bg == old_bg:
                total += fg_size
            else:
                total += fg_size + bg_size - _AROUND + 1
            if total < least:
                best, least = way, total
        reached.append((least + size, fg, bg, best, text))
    return reached


def _blank(ways: list[Way], looks: tuple[_Look, ...]) -> list[Way]:
    """Return the ways over spaces on a ground, which leave the foreground unchanged."""
    ((text, _, bg, size, _, bg_size),) = looks
    return [
        (way[0] + size if way[2] == bg else way[0] + size + bg_size, way[1], bg, way, text) for way in ways
    ]


def _partial(ways: list[Way], looks: tuple[_Look, ...]) -> list[Way]:
    """Return the ways over a span that shows one colour or none; the other stays unchanged."""
    reached: dict[Codes, Way] = {}
    for text, fg, bg, size, fg_size, bg_size in looks:
        for way in ways:
            total, old_fg, old_bg, _, _ = way
            total += size
            if fg and fg != old_fg:
                total += fg_size
            if bg and bg != old_bg:
                total += bg_size
            codes = fg or old_fg, bg or old_bg
            if codes not in reached or total < reached[codes][0]:
                reached[codes] = (total, *codes, way, text)
    return list(reached.values())


def _written(way: Way) -> str:
    """Assemble the line of a way from its end, without the final reset.

    A foreground is not seen in spaces, so it is set with the background before them where that changes.
    """
    parts = []
    late = ""  # the foreground that has yet to be set
    while way[3]:
        _, fg, bg, before, text = way
        _, old_fg, old_bg, _, old_text = before
        parts.append(text)
        if fg != old_fg and not late:
            late = fg
        if bg != old_bg:
            codes = f"{late};{bg}" if late else bg
        elif late and not old_text.isspace():
            codes = late
        else:
            way = before
            continue
        parts.append(_RESET if (late or fg, bg) == _DEFAULT else f"\x1b[{codes}m")
        late, way = "", before
    parts.reverse()
    return "".join(parts)


def _shade(span: Span) -> str:
    """Return half blocks in colour as a character of the ramp, all else unchanged."""
    halves = [colour for colour in (span.fg if UPPER in span.text else span.bg, span.bg) if colour]
    if not halves or not set(span.text) <= {UPPER, " "}:
        return span.text
    brightness = sum(map(sum, halves)) / (3 * 255 * len(halves))
    return RAMP[round(brightness * (len(RAMP) - 1))] * len(span.text)
