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

    `has_mouse` is whether its mouse may be asked for. On a light `background` pictures are ink on paper.
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
    """A setting that the user requested in place of the detected one, and `by` which means.

    `is_here` is whether it is meant for this output, as an option is, and not for a terminal in general.
    """

    word: Word
    by: str
    is_here: bool


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
# Programs whose $TERM names another, lesser or greater, and which set no COLORTERM of their own.
_PROGRAMS: dict[str, Depth] = {"Apple_Terminal": "256", "iTerm.app": "truecolor", "vscode": "truecolor"}
# The least that FORCE_COLOR asks for, where the rest of the environment would give nothing.
_FORCED: dict[str, Depth] = {"2": "256", "3": "truecolor"}
_OFF = ("", "0", "false")
_DUMB = ("", "dumb", "unknown")  # values of TERM for what cannot place its cursor
_LIGHT = ("7", *map(str, range(9, 16)))  # of the 16 colours, as far as they have usual values
_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")
# What must be written for the characters that are not ASCII.
_SAMPLES: dict[str, str] = {"half": "▀▄█", "quadrant": "▘▝▀▖▌▞▛▗▚▐▜▄▙█"}

_PROTOCOLS = ("kitty", "sixel")  # which no file of text has a use for


def detect(
    env: Mapping[str, str],
    stream: TextIO,
    *,
    glyphs: Requested[Glyphs] | None = None,
    colors: Requested[Depth] | None = None,
    background: Requested[Background] | None = None,
) -> Terminal:
    """Detect what `stream` can show from the environment `env` alone, without asking the terminal.

    What was asked for stands in the place of what would be found. Colours asked for this output go into a
    pipe, too, and before NO_COLOR; colours asked for the terminal in general are for terminals: a pipe and
    NO_COLOR go before them, as before all that is found. Pictures of a protocol, asked for in general, are
    for terminals, too. NO_COLOR wins over FORCE_COLOR and CLICOLOR_FORCE; these give colours to what is not a
    terminal, too, and win over CLICOLOR=0. Characters that the encoding of `stream` lacks are never chosen.
    Raises `ValueError`, a sentence, where they were asked for this output.
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


def _depth(env: Mapping[str, str], is_tty: bool, asked: Requested[Depth] | None) -> tuple[Depth, str]:
    force = env.get("FORCE_COLOR", "").lower()
    forced = force not in _OFF or env.get("CLICOLOR_FORCE", "") not in _OFF
    if asked and asked.is_here:
        return asked.word, f"{asked.by} goes before NO_COLOR" if env.get("NO_COLOR") else asked.by
    if env.get("NO_COLOR"):
        return "none", "NO_COLOR is set"
    if not is_tty and not forced:
        return "none", "not a terminal"
    if env.get("CLICOLOR") == "0" and not forced:
        return "none", "CLICOLOR is 0"
    if asked:
        return asked.word, asked.by
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
    # COLORTERM may come from around GNU screen, where $STY is lost over SSH, or from beyond a console.
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


def _glyphs(env: Mapping[str, str], stream: TextIO, asked: Requested[Glyphs] | None) -> tuple[Glyphs, str]:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if asked and asked.word in _PROTOCOLS and not (asked.is_here or stream.isatty()):
        asked = None
    if asked:
        if _can_write(encoding, _SAMPLES.get(asked.word, "")):
            return asked.word, asked.by
        if asked.is_here:
            raise ValueError(
                f"{asked.by}: the output is {_word(encoding)}, which lacks these characters; "
                "choose a UTF-8 locale, such as LANG=C.UTF-8, or --glyphs ascii"
            )
        return "ascii", f"the output is {_word(encoding)}, whatever {asked.by} says"
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
    """Return $COLUMNS, else what the terminal says, else 80."""
    told = env.get("COLUMNS", "")
    if told.isascii() and told.isdigit() and 0 < int(told[:6]) <= 10_000:
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
