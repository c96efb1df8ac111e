"""Encode spans as text with escape codes, in as few bytes as the terminal's colours allow.

A cell has two encodings: a block, or its complement with the colours swapped. Which is shorter depends on the
colours that are set before, so it is chosen for a whole line at once, by dynamic programming over the colours
that can be set after each span. Cells of one colour are spaces, never full blocks: those would save half a
percent, and show seams where a font draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from vaetui.render.colours import Colour, nearest_16, nearest_256, of_256
from vaetui.render.spans import COMPLEMENT, FULL, RAMP, UPPER, Span
from vaetui.render.terminal import Depth


def to_ansi(rows: Iterable[Sequence[Span]], depth: Depth) -> list[str]:
    """Encode rows of spans as lines of text with escape codes for that colour depth.

    Each line ends in a reset, so lines can stand anywhere. Without colours ("none") half blocks become
    characters of the ASCII ramp, brighter being denser, and no escape code is written.
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


class _Variant(NamedTuple):
    """One encoding of a span; a foreground or background that is "" does not show, whatever is set."""

    text: str
    fg: str
    bg: str
    size: int  # bytes of the text,
    fg_size: int  # of an escape code that sets the foreground alone,
    bg_size: int  # and of one for the background


def _variant(text: str, fg: str, bg: str) -> _Variant:
    return _Variant(text, fg, bg, len(text.encode()), _AROUND + len(fg), _AROUND + len(bg))


@lru_cache(maxsize=16_384)
def _step(span: Span, depth: Depth) -> tuple[Extend, tuple[_Variant, ...]]:
    """Return the encodings of a span, two at most, and the function that extends prefixes by them."""
    fg = _codes(span.fg, depth) if span.fg else _DEFAULT
    bg = _codes(span.bg, depth) if span.bg else _DEFAULT
    text = span.text
    other = COMPLEMENT.get(text[:1], "") * len(text)
    is_block = bool(other) and text == text[0] * len(text)
    if is_block and span.fg and span.bg and fg == bg:  # equal at this depth, though not in the picture
        text = " " * len(text)
    if text.isspace():
        spaces = _variant(text, "", bg[1])
        if span.bg:
            return _extend_by_spaces, (spaces,)
        return _extend_in_part, (spaces, _Variant(text, *_DEFAULT, len(text.encode()), len(_RESET), 0))
    if text[:1] == FULL and is_block:
        if span.fg:
            return _extend_by_spaces, (_variant(other, "", fg[1]),)
        return _extend_in_part, (_variant(text, fg[0], ""),)
    drawn = _variant(text, fg[0], bg[1])
    has_other = span.fg and span.bg and is_block
    return _extend, (drawn, _variant(other, bg[0], fg[1])) if has_other else (drawn,)


# --- lines ------------------------------------------------------------------------------------------

# An encoding of the first spans of a line: its bytes, the foreground and background that are set after it,
# the encoding without its last span (None for an empty line), and the text of that span.
Prefix = tuple[int, str, str, Any, str]
Extend = Callable[[list[Prefix], tuple[_Variant, ...]], list[Prefix]]
_ENDLESS = 1 << 30


def _line(row: Sequence[Span], depth: Depth) -> str:
    if not row:
        return ""
    prefixes = _first(row[0], depth)
    for span in row[1:]:
        extend, variants = _step(span, depth)
        prefixes = extend(prefixes, variants)
    best = min(prefixes, key=_ended)
    return _written(best) + (_RESET if best[1:3] != _DEFAULT else "")


@lru_cache(maxsize=4096)
def _first(span: Span, depth: Depth) -> list[Prefix]:
    """Return the prefixes of one span, cached: many lines begin with the same blank."""
    extend, variants = _step(span, depth)
    return extend([(0, *_DEFAULT, None, "")], variants)


def _ended(prefix: Prefix) -> int:
    """Return the bytes of a prefix with the reset at its end."""
    return prefix[0] if prefix[1:3] == _DEFAULT else prefix[0] + len(_RESET)


def _extend(prefixes: list[Prefix], variants: tuple[_Variant, ...]) -> list[Prefix]:
    """Return the shortest prefix that ends in each variant of a span whose two colours both show."""
    longer = []
    for text, fg, bg, size, fg_size, bg_size in variants:
        best, least = prefixes[0], _ENDLESS
        for prefix in prefixes:
            total, old_fg, old_bg, _, _ = prefix
            if fg == old_fg:
                if bg != old_bg:
                    total += bg_size
            elif bg == old_bg:
                total += fg_size
            else:
                total += fg_size + bg_size - _AROUND + 1
            if total < least:
                best, least = prefix, total
        longer.append((least + size, fg, bg, best, text))
    return longer


def _extend_by_spaces(prefixes: list[Prefix], variants: tuple[_Variant, ...]) -> list[Prefix]:
    """Return the prefixes with spaces on a background, which leave the foreground as it was."""
    ((text, _, bg, size, _, bg_size),) = variants
    more = size + bg_size
    return [(old[0] + (size if old[2] == bg else more), old[1], bg, old, text) for old in prefixes]


def _extend_in_part(prefixes: list[Prefix], variants: tuple[_Variant, ...]) -> list[Prefix]:
    """Return the shortest prefixes with a span that shows one colour or none; the other stays as it was."""
    shortest: dict[Codes, Prefix] = {}
    for text, fg, bg, size, fg_size, bg_size in variants:
        for prefix in prefixes:
            total, old_fg, old_bg, _, _ = prefix
            total += size
            if fg and fg != old_fg:
                total += fg_size
            if bg and bg != old_bg:
                total += bg_size
            codes = fg or old_fg, bg or old_bg
            if codes not in shortest or total < shortest[codes][0]:
                shortest[codes] = (total, *codes, prefix, text)
    return list(shortest.values())


def _written(prefix: Prefix) -> str:
    """Assemble the line of a prefix from its end, without the final reset.

    A foreground is not seen in spaces, so it is set with the background before them where that changes.
    """
    parts = []
    late = ""  # the foreground that has yet to be set
    while prefix[3]:
        _, fg, bg, before, text = prefix
        _, old_fg, old_bg, _, old_text = before
        parts.append(text)
        if fg != old_fg and not late:
            late = fg
        if bg != old_bg:
            codes = f"{late};{bg}" if late else bg
        elif late and not old_text.isspace():
            codes = late
        else:
            prefix = before
            continue
        parts.append(_RESET if (late or fg, bg) == _DEFAULT else f"\x1b[{codes}m")
        late, prefix = "", before
    parts.reverse()
    return "".join(parts)


def _shade(span: Span) -> str:
    """Return half blocks in colour as a character of the ramp, all else unchanged."""
    halves = [colour for colour in (span.fg if UPPER in span.text else span.bg, span.bg) if colour]
    if not halves or not set(span.text) <= {UPPER, " "}:
        return span.text
    brightness = sum(map(sum, halves)) / (3 * 255 * len(halves))
    return RAMP[round(brightness * (len(RAMP) - 1))] * len(span.text)
