import io
import os
import pty
import termios
from typing import Any, TextIO, get_args

import pytest

from vaetui.render.terminal import Glyphs, Requested, Terminal, detect

UTF8 = {"LANG": "en_US.UTF-8"}


class Screen(io.StringIO):
    """A stream that says it is a terminal, though it has no file descriptor."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


SCREEN = "GNU screen passes 256 colours on"
UNSET = "TERM is not set; no locale is set"


@pytest.mark.parametrize(
    ("env", "depth", "glyphs", "reason"),
    [
        # what says it itself
        (
            UTF8 | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
            "truecolor",
            "half",
            "COLORTERM=truecolor",
        ),
        (UTF8 | {"TERM": "xterm", "COLORTERM": "24bit"}, "truecolor", "half", "COLORTERM=24bit"),
        (UTF8 | {"TERM": "xterm", "COLORTERM": "rxvt-xpm"}, "16", "half", "TERM=xterm"),
        (UTF8 | {"TERM": "xterm-256color"}, "256", "half", "TERM=xterm-256color"),
        (UTF8 | {"TERM": "xterm-direct"}, "truecolor", "half", "TERM=xterm-direct"),
        (UTF8 | {"TERM": "xterm"}, "16", "half", "TERM=xterm"),
        # terminals with 16 million colours, whose names do not say so, as they arrive over SSH
        (UTF8 | {"TERM": "xterm-kitty"}, "truecolor", "half", "TERM=xterm-kitty"),
        (UTF8 | {"TERM": "xterm-ghostty"}, "truecolor", "half", "TERM=xterm-ghostty"),
        (UTF8 | {"TERM": "foot"}, "truecolor", "half", "TERM=foot"),
        (UTF8 | {"TERM": "foot-extra"}, "truecolor", "half", "TERM=foot-extra"),
        (UTF8 | {"TERM": "alacritty"}, "truecolor", "half", "TERM=alacritty"),
        (UTF8 | {"TERM": "wezterm"}, "truecolor", "half", "TERM=wezterm"),
        (UTF8 | {"TERM": "st-256color"}, "256", "half", "TERM=st-256color"),
        (UTF8 | {"TERM": "putty"}, "16", "half", "TERM=putty"),
        # programs that call themselves xterm
        (
            UTF8 | {"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal", "COLORTERM": "truecolor"},
            *("256", "half", "TERM_PROGRAM=Apple_Terminal"),
        ),
        (
            UTF8 | {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"},
            *("truecolor", "half", "TERM_PROGRAM=iTerm.app"),
        ),
        (
            UTF8 | {"TERM": "xterm-256color", "WT_SESSION": "6c1e"},
            *("truecolor", "half", "WT_SESSION is set: Windows Terminal"),
        ),
        # what stands between
        (UTF8 | {"TERM": "tmux-256color", "TMUX": "/tmp/t"}, "256", "half", "TERM=tmux-256color"),
        (
            UTF8 | {"TERM": "tmux-256color", "TMUX": "/tmp/t", "COLORTERM": "truecolor"},
            *("truecolor", "half", "COLORTERM=truecolor"),
        ),
        (
            UTF8 | {"TERM": "tmux-256color", "TMUX": "/tmp/t", "STY": "1.x"},
            "256",
            "half",
            "TERM=tmux-256color",
        ),
        (
            UTF8 | {"TERM": "screen-256color", "TMUX": "/tmp/t", "COLORTERM": "truecolor"},
            *("truecolor", "half", "COLORTERM=truecolor"),
        ),
        (
            UTF8 | {"TERM": "tmux-256color", "TMUX": "/tmp/t", "TERM_PROGRAM": "Apple_Terminal"},
            *("256", "half", "TERM=tmux-256color"),
        ),
        (UTF8 | {"TERM": "screen", "STY": "1.x", "COLORTERM": "truecolor"}, "256", "half", SCREEN),
        (UTF8 | {"TERM": "xterm-256color", "STY": "1.x", "COLORTERM": "truecolor"}, "256", "half", SCREEN),
        (UTF8 | {"TERM": "screen", "COLORTERM": "truecolor"}, "256", "half", SCREEN),
        (UTF8 | {"TERM": "screen.xterm-256color", "COLORTERM": "truecolor"}, "256", "half", SCREEN),
        (UTF8 | {"TERM": "screen", "WT_SESSION": "6c1e"}, "256", "half", SCREEN),
        (UTF8 | {"TERM": "screen"}, "256", "half", SCREEN),
        (UTF8 | {"TERM": "xterm-256color", "NCURSES_NO_UTF8_ACS": "1"}, "256", "half", "TERM=xterm-256color"),
        # little or no colour
        (UTF8 | {"TERM": "linux"}, "16", "half", "TERM=linux is the console, which has 16 colours"),
        (
            UTF8 | {"TERM": "linux", "COLORTERM": "truecolor"},
            *("16", "half", "TERM=linux is the console, which has 16 colours"),
        ),
        (UTF8 | {"TERM": "vt100"}, "none", "half", "TERM=vt100"),
        (UTF8 | {"TERM": "vt220", "COLORTERM": "truecolor"}, "none", "half", "TERM=vt220"),
        (UTF8 | {"TERM": "xterm-mono"}, "none", "half", "TERM=xterm-mono"),
        (UTF8 | {"TERM": "dumb", "COLORTERM": "truecolor"}, "none", "half", "TERM=dumb"),
        (UTF8 | {"TERM": "dumb", "STY": "1.x"}, "none", "half", "TERM=dumb"),
        ({}, "none", "ascii", UNSET),
        ({"TERM": ""}, "none", "ascii", UNSET),
        # asked for by everyone's variables
        (UTF8 | {"TERM": "xterm-256color", "NO_COLOR": "1"}, "none", "half", "NO_COLOR is set"),
        (
            UTF8 | {"TERM": "xterm-256color", "NO_COLOR": "1", "FORCE_COLOR": "1"},
            *("none", "half", "NO_COLOR is set"),
        ),
        (UTF8 | {"TERM": "xterm-256color", "NO_COLOR": ""}, "256", "half", "TERM=xterm-256color"),
        (UTF8 | {"TERM": "dumb", "FORCE_COLOR": "1"}, "16", "half", "colour is forced"),
        # without UTF-8
        (
            {"TERM": "xterm-256color", "LC_ALL": "C"},
            "256",
            "ascii",
            "TERM=xterm-256color; LC_ALL=C is not UTF-8",
        ),
        (
            {"TERM": "foot", "LC_ALL": "C", "LANG": "en_US.UTF-8", "NO_COLOR": "1"},
            *("none", "ascii", "NO_COLOR is set; LC_ALL=C is not UTF-8"),
        ),
    ],
)
def test_what_a_terminal_is_taken_for(env: dict[str, str], depth: str, glyphs: str, reason: str) -> None:
    found = detect(env, Screen())
    assert (found.depth, found.glyphs, found.reason, found.is_tty) == (depth, glyphs, reason, True)


def of_it(word: str, *, is_here: bool) -> dict[str, Any]:
    return {"colors": Requested(word, "--colors" if is_here else "VAETUI_COLORS", is_here)}


@pytest.mark.parametrize(
    ("env", "stream", "is_here", "depth", "reason"),
    [
        ({"TERM": "xterm"}, Screen(), True, "256", "--colors"),
        ({"TERM": "dumb"}, Screen(), True, "256", "--colors"),
        ({"TERM": "xterm"}, io.StringIO(), True, "256", "--colors"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, Screen(), True, "256", "--colors goes before NO_COLOR"),
        ({"TERM": "xterm"}, Screen(), False, "256", "VAETUI_COLORS"),
        ({"TERM": "xterm", "COLORTERM": "truecolor", "STY": "1.x"}, Screen(), False, "256", "VAETUI_COLORS"),
        ({"TERM": "xterm"}, io.StringIO(), False, "none", "not a terminal"),
        ({"TERM": "xterm", "FORCE_COLOR": "1"}, io.StringIO(), False, "256", "VAETUI_COLORS"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, Screen(), False, "none", "NO_COLOR is set"),
    ],
)
def test_colours_that_are_asked_for(
    env: dict[str, str], stream: TextIO, is_here: bool, depth: str, reason: str
) -> None:
    found = detect(UTF8 | env, stream, **of_it("256", is_here=is_here))
    assert (found.depth, found.glyphs, found.reason) == (depth, "half", reason)


@pytest.mark.parametrize("glyphs", get_args(Glyphs))
@pytest.mark.parametrize("is_here", [True, False])
def test_characters_that_are_asked_for_go_before_the_locale(glyphs: Glyphs, is_here: bool) -> None:
    """The locale may be wrong about the terminal; whoever asks knows it."""
    found = detect({"TERM": "xterm", "LC_ALL": "C"}, Screen(), glyphs=Requested(glyphs, "--glyphs", is_here))
    assert (found.depth, found.glyphs, found.reason) == ("16", glyphs, "TERM=xterm; --glyphs")


def written(encoding: str, glyphs: Glyphs, is_here: bool) -> Terminal:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return detect(UTF8, stream, glyphs=Requested(glyphs, "the asking", is_here))


def test_characters_that_the_output_lacks_are_not_written() -> None:
    with pytest.raises(
        ValueError, match=r"^the asking: the output is ascii, which lacks .* or --glyphs ascii$"
    ):
        written("ascii", "half", is_here=True)
    found = written("ascii", "quadrant", is_here=False)
    assert found.glyphs == "ascii"
    assert found.reason.endswith("the output is ascii, whatever the asking says")
    assert written("cp437", "half", is_here=True).glyphs == "half"
    assert written("cp437", "quadrant", is_here=False).glyphs == "ascii"
    assert written("ascii", "ascii", is_here=True).glyphs == "ascii"


@pytest.mark.parametrize(
    ("env", "depth"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "none"),
        ({"TERM": "xterm-256color", "FORCE_COLOR": "0"}, "none"),
        ({"TERM": "xterm-256color", "FORCE_COLOR": "false"}, "none"),
        ({"TERM": "xterm-256color", "CLICOLOR_FORCE": "0"}, "none"),
        ({"TERM": "xterm-256color", "FORCE_COLOR": "1"}, "256"),
        ({"TERM": "xterm-256color", "CLICOLOR_FORCE": "1"}, "256"),
        ({"TERM": "xterm", "COLORTERM": "truecolor", "FORCE_COLOR": "true"}, "truecolor"),
        ({"FORCE_COLOR": "1"}, "16"),
        ({"FORCE_COLOR": "2"}, "256"),
        ({"FORCE_COLOR": "3"}, "truecolor"),
        ({"TERM": "xterm-256color", "FORCE_COLOR": "1", "NO_COLOR": "1"}, "none"),
    ],
)
def test_a_pipe_has_colours_only_when_forced(env: dict[str, str], depth: str) -> None:
    found = detect(UTF8 | env, io.StringIO())
    assert (found.depth, found.is_tty) == (depth, False)


@pytest.mark.parametrize(
    ("env", "glyphs", "reason"),
    [
        ({"LANG": "en_US.UTF-8"}, "half", ""),
        ({"LANG": "C.utf8"}, "half", ""),
        ({"LC_CTYPE": "UTF-8"}, "half", ""),
        ({"LANG": "C"}, "ascii", "LANG=C is not UTF-8"),
        ({"LANG": "de_DE.ISO-8859-1"}, "ascii", "LANG=de_DE.ISO-8859-1"),
        ({"LC_ALL": "C", "LC_CTYPE": "en_US.UTF-8", "LANG": "en_US.UTF-8"}, "ascii", "LC_ALL=C"),
        ({"LC_ALL": "", "LC_CTYPE": "POSIX", "LANG": "en_US.UTF-8"}, "ascii", "LC_CTYPE=POSIX"),
        ({"LC_CTYPE": "en_US.UTF-8", "LANG": "C"}, "half", ""),
        ({}, "ascii", "no locale is set"),
    ],
)
def test_characters_follow_the_locale(env: dict[str, str], glyphs: str, reason: str) -> None:
    found = detect({"TERM": "xterm", **env}, Screen())
    assert found.glyphs == glyphs
    assert found.reason.startswith("TERM=xterm")
    assert reason in found.reason


def test_a_stream_that_cannot_encode_blocks_gets_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    found = detect(UTF8, stream)
    assert found.glyphs == "ascii"
    assert "iso8859" in found.reason or "latin" in found.reason


def test_the_reason_cannot_steer_the_terminal() -> None:
    found = detect({"TERM": "xterm\x1b[2J" + "x" * 500, "LANG": "\x1b]0;x\x07"}, Screen())
    assert found.reason.isprintable()
    assert len(found.reason) < 120


@pytest.mark.parametrize(
    ("value", "columns"),
    [("132", 132), ("", 80), ("0", 80), ("-5", 80), ("wide", 80), ("9" * 99, 80), ("²", 80)],
)
def test_columns_from_the_environment(value: str, columns: int) -> None:
    assert detect({"COLUMNS": value}, io.StringIO()).columns == columns


def test_columns_from_the_terminal() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        termios.tcsetwinsize(theirs, (24, 97))
        found = detect(UTF8 | {"TERM": "xterm"}, stream)
    os.close(ours)
    assert (found.columns, found.is_tty) == (97, True)


@pytest.mark.parametrize(
    ("said", "background"),
    [
        ("", "dark"),
        ("15;0", "dark"),
        ("0;15", "light"),
        ("0;default;7", "light"),
        ("0;8", "dark"),
        (";", "dark"),
    ],
)
def test_a_light_background_is_what_colorfgbg_says(said: str, background: str) -> None:
    env = UTF8 | {"TERM": "rxvt-256color", "COLORFGBG": said}
    assert detect(env, Screen()).background == background
    assert detect(env, Screen(), background=Requested("light", "a test", is_here=False)).background == "light"
