"""Detect what the terminal can show: colours and characters, and why."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Generic, Literal, TextIO, TypeVar

Depth = Literal["truecolor", "256", "16", "none"]
Glyphs = Literal["half", "quadrant", "ascii", "kitty", "sixel"]
Background = Literal["dark", "light"]
Word = TypeVar("Word", bound=str)


@dataclass(frozen=True)
class Terminal:
    """`columns` wide, showing `depth` colours in `glyphs`; `reason` names what decided that.

    `has_mouse`: mouse events may be requested. On a light `background` images are drawn as ink on paper.
    """

    depth: Depth
    glyphs: Glyphs
    is_tty: bool
    columns: int
    reason: str
    has_mouse: bool = True
    background: Background = "dark"


@dataclass(frozen=True)
class Requested(Generic[Word]):
    """A setting that the user requested instead of the detected one, and `by` which option or variable.

    `is_here`: it was requested for this output, as by an option, not for a terminal in general.
    """

    word: Word
    by: str
    is_here: bool


# The first pattern that matches $TERM. Several terminals have 16 million colours though their names do not
# say so; other names get the 16 that every colour terminal has.
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
# Programs that set the $TERM of a terminal with other colours, and no COLORTERM.
_PROGRAMS: dict[str, Depth] = {"Apple_Terminal": "256", "iTerm.app": "truecolor", "vscode": "truecolor"}
# What FORCE_COLOR requests where the rest of the environment has no colours.
_FORCED: dict[str, Depth] = {"2": "256", "3": "truecolor"}
_OFF = ("", "0", "false")
_DUMB = ("", "dumb", "unknown")  # values of TERM without cursor addressing
_LIGHT = ("7", *map(str, range(9, 16)))  # of the 16 colours, by their usual values
_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")
# Characters that the encoding must have.
_SAMPLES: dict[str, str] = {"half": "▀▄█", "quadrant": "▘▝▀▖▌▞▛▗▚▐▜▄▙█"}

_PROTOCOLS = ("kitty", "sixel")  # of no use in a text file


def detect(
    env: Mapping[str, str],
    stream: TextIO,
    *,
    glyphs: Requested[Glyphs] | None = None,
    colors: Requested[Depth] | None = None,
    background: Requested[Background] | None = None,
) -> Terminal:
    """Detect what `stream` can show from the environment `env` alone, without querying the terminal.

    Requested settings replace detected ones. Colours requested for this output apply to a pipe, too, and
    override NO_COLOR; colours requested in general apply to terminals only and yield to NO_COLOR, and so do
    the pictures of a protocol. NO_COLOR overrides FORCE_COLOR and CLICOLOR_FORCE; these give colours to
    pipes and override CLICOLOR=0. Characters that the encoding of `stream` lacks are never chosen. Raises
    `ValueError`, a sentence, if they were requested for this output.
    """
    is_tty = stream.isatty()
    depth, why = _depth(env, is_tty, colors)
    chosen, why_glyphs = _glyphs(env, stream, glyphs)
    reason = "; ".join(filter(None, (why, why_glyphs)))
    ground = background.word if background else _background(env)
    return Terminal(depth, chosen, is_tty, columns_of(env, stream), reason, background=ground)


def is_ascii(env: Mapping[str, str], stream: TextIO) -> bool:
    """Return whether the locale or the encoding of `stream` has ASCII only."""
    return _glyphs(env, stream, None)[0] == "ascii"


def is_dumb(env: Mapping[str, str]) -> bool:
    """Return whether the terminal cannot place its cursor."""
    return env.get("TERM", "").lower() in _DUMB


def _depth(env: Mapping[str, str], is_tty: bool, requested: Requested[Depth] | None) -> tuple[Depth, str]:
    force = env.get("FORCE_COLOR", "").lower()
    forced = force not in _OFF or env.get("CLICOLOR_FORCE", "") not in _OFF
    if requested and requested.is_here:
        return requested.word, f"{requested.by} goes before NO_COLOR" if env.get("NO_COLOR") else requested.by
    if env.get("NO_COLOR"):
        return "none", "NO_COLOR is set"
    if not is_tty and not forced:
        return "none", "not a terminal"
    if env.get("CLICOLOR") == "0" and not forced:
        return "none", "CLICOLOR is 0"
    if requested:
        return requested.word, requested.by
    depth, why = _colours(env)
    if depth == "none" and forced:
        return _FORCED.get(force, "16"), "colour is forced"
    return depth, why


def _colours(env: Mapping[str, str]) -> tuple[Depth, str]:
    term = env.get("TERM", "").lower()
    known = next(depth for pattern, depth in _TERM if fnmatchcase(term, pattern))
    colorterm, program = env.get("COLORTERM", "").lower(), env.get("TERM_PROGRAM", "")
    if known == "none":
        return "none", f"TERM={_word(term)}" if term else "TERM is not set"
    # COLORTERM may be that of a terminal around GNU screen or beyond a console; $STY is lost over SSH.
    if is_screen(env):
        return "256", "GNU screen passes 256 colours on"
    if term == "linux":
        return "16", "TERM=linux is the console, which has 16 colours"
    if program in _PROGRAMS and not env.get("TMUX"):
        return _PROGRAMS[program], f"TERM_PROGRAM={program}"
    if colorterm in _COLORTERM:
        return _COLORTERM[colorterm], f"COLORTERM={colorterm}"
    if env.get("WT_SESSION"):
        return "truecolor", "WT_SESSION is set: Windows Terminal"
    return known, f"TERM={_word(term)}"


def _background(env: Mapping[str, str]) -> Background:
    """Return the background that COLORFGBG says: its last number, as several terminals set it."""
    last = env.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if last in _LIGHT else "dark"


def is_screen(env: Mapping[str, str]) -> bool:
    """Return whether this runs inside GNU screen; tmux uses the same TERM, but sets $TMUX."""
    named = env.get("TERM", "").lower().startswith("screen")
    return (named or bool(env.get("STY"))) and not env.get("TMUX")


def _glyphs(
    env: Mapping[str, str], stream: TextIO, requested: Requested[Glyphs] | None
) -> tuple[Glyphs, str]:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if requested and requested.word in _PROTOCOLS and not (requested.is_here or stream.isatty()):
        requested = None
    if requested:
        if _can_write(encoding, _SAMPLES.get(requested.word, "")):
            return requested.word, requested.by
        if requested.is_here:
            raise ValueError(
                f"{requested.by}: the output is {_word(encoding)}, which lacks these characters; "
                "choose a UTF-8 locale, such as LANG=C.UTF-8, or --glyphs ascii"
            )
        return "ascii", f"the output is {_word(encoding)}, whatever {requested.by} says"
    variable = next((name for name in _LOCALE if env.get(name)), None)
    if variable is None:
        return "ascii", "no locale is set"
    if not _is_utf8(env[variable]):
        return "ascii", f"{variable}={_word(env[variable])} is not UTF-8"
    if not _is_utf8(encoding):
        return "ascii", f"the output is {_word(encoding)}"
    return "half", ""


def _can_write(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _is_utf8(name: str) -> bool:
    return "utf8" in name.lower().replace("-", "")


def _word(text: str) -> str:
    """Return `text` from the environment, short and without control characters."""
    return "".join(c for c in text[:40] if c.isprintable())


def columns_of(env: Mapping[str, str], stream: TextIO) -> int:
    """Return $COLUMNS, else the width of the terminal, else 80."""
    columns = env.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and 0 < int(columns[:6]) <= 10_000:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
