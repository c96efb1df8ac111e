"""What this terminal can show: how many colours, which characters, and how it was found out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, TextIO

from vaetui.render.cells import Depth

Glyphs = Literal["half", "quadrant", "ascii", "kitty", "sixel"]


@dataclass(frozen=True)
class Terminal:
    """`columns` wide, showing `depth` colours in `glyphs`; `reason` names what decided that.

    `has_mouse` is whether its mouse may be asked for.
    """

    depth: Depth
    glyphs: Glyphs
    is_tty: bool
    columns: int
    reason: str
    has_mouse: bool = True


# The first pattern that fits $TERM tells its colours. Several terminals that do not say so in their name
# have all 16 million; names without a word on colour get the 16 that every colour terminal has.
_TERM: tuple[tuple[str, Depth], ...] = (
    ("", "none"),
    ("dumb", "none"),
    ("unknown", "none"),
    ("vt[0-9]*", "none"),
    ("*-mono", "none"),
    ("*-m", "none"),
    ("*-direct*", "truecolor"),
    ("*-truecolor", "truecolor"),
    ("*kitty*", "truecolor"),
    ("alacritty*", "truecolor"),
    ("foot*", "truecolor"),
    ("*ghostty*", "truecolor"),
    ("wezterm*", "truecolor"),
    ("contour*", "truecolor"),
    ("iterm2*", "truecolor"),
    ("*-256*", "256"),
    ("tmux*", "256"),
    ("*", "16"),
)
_COLORTERM: dict[str, Depth] = {"truecolor": "truecolor", "24bit": "truecolor"}
# The least that FORCE_COLOR asks for, where the rest of the environment would give nothing.
_FORCED: dict[str, Depth] = {"2": "256", "3": "truecolor"}
_OFF = ("", "0", "false")
_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")


def detect(env: Mapping[str, str], stream: TextIO) -> Terminal:
    """What can be shown on `stream`, from the environment `env` alone: no question is put to the terminal.

    NO_COLOR wins over FORCE_COLOR and CLICOLOR_FORCE; these give colours to what is not a terminal, too.
    """
    is_tty = stream.isatty()
    depth, why = _depth(env, is_tty)
    glyphs, why_glyphs = _glyphs(env, stream)
    reason = "; ".join(filter(None, (why, why_glyphs)))
    return Terminal(depth, glyphs, is_tty, _columns(env, stream), reason)


def _depth(env: Mapping[str, str], is_tty: bool) -> tuple[Depth, str]:
    force = env.get("FORCE_COLOR", "").lower()
    forced = force not in _OFF or env.get("CLICOLOR_FORCE", "") not in _OFF
    if env.get("NO_COLOR"):
        return "none", "NO_COLOR is set"
    if not is_tty and not forced:
        return "none", "not a terminal"
    depth, why = _colours(env)
    if depth == "none" and forced:
        return _FORCED.get(force, "16"), "colour is forced"
    return depth, why


def _colours(env: Mapping[str, str]) -> tuple[Depth, str]:
    term = env.get("TERM", "").lower()
    known = next(depth for pattern, depth in _TERM if fnmatchcase(term, pattern))
    colorterm = env.get("COLORTERM", "").lower()
    if known == "none":
        return "none", f"TERM={_word(term)}" if term else "TERM is not set"
    if env.get("STY") and not env.get("TMUX"):
        return "256", "GNU screen passes 256 colours on"
    if colorterm in _COLORTERM:
        return _COLORTERM[colorterm], f"COLORTERM={colorterm}"
    return known, f"TERM={_word(term)}"


def _glyphs(env: Mapping[str, str], stream: TextIO) -> tuple[Glyphs, str]:
    variable = next((name for name in _LOCALE if env.get(name)), None)
    if variable is None:
        return "ascii", "no locale is set"
    if not _is_utf8(env[variable]):
        return "ascii", f"{variable}={_word(env[variable])} is not UTF-8"
    encoding = getattr(stream, "encoding", None)
    if encoding and not _is_utf8(encoding):
        return "ascii", f"the output is {_word(encoding)}"
    return "half", ""


def _is_utf8(name: str) -> bool:
    return "utf8" in name.lower().replace("-", "")


def _word(text: str) -> str:
    """`text` from the environment, short and without control characters."""
    return "".join(c for c in text[:40] if c.isprintable())


def _columns(env: Mapping[str, str], stream: TextIO) -> int:
    """$COLUMNS, else what the terminal says, else 80."""
    told = env.get("COLUMNS", "")
    if told.isascii() and told.isdigit() and 0 < int(told[:6]) <= 10_000:
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
