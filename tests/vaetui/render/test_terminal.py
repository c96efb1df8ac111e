import io
import os
import pty
import termios

import pytest

from vaetui.render.terminal import detect

UTF8 = {"LANG": "en_US.UTF-8"}


class Screen(io.StringIO):
    """A stream that says it is a terminal, though it has no file descriptor."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("env", "depth", "reason"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor", "COLORTERM=truecolor"),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, "truecolor", "COLORTERM=24bit"),
        ({"TERM": "xterm-256color"}, "256", "TERM=xterm-256color"),
        ({"TERM": "screen-256color"}, "256", "TERM=screen-256color"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/t", "STY": "1.x"}, "256", "TERM=tmux-256color"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/t", "COLORTERM": "truecolor"}, "truecolor", "COLORTERM"),
        ({"TERM": "xterm-direct"}, "truecolor", "TERM=xterm-direct"),
        ({"TERM": "xterm-kitty"}, "truecolor", "TERM=xterm-kitty"),
        ({"TERM": "foot"}, "truecolor", "TERM=foot"),
        ({"TERM": "foot-extra"}, "truecolor", "TERM=foot-extra"),
        ({"TERM": "alacritty"}, "truecolor", "TERM=alacritty"),
        ({"TERM": "xterm-ghostty"}, "truecolor", "TERM=xterm-ghostty"),
        ({"TERM": "wezterm"}, "truecolor", "TERM=wezterm"),
        ({"TERM": "xterm"}, "16", "TERM=xterm"),
        ({"TERM": "linux"}, "16", "TERM=linux"),
        ({"TERM": "screen"}, "16", "TERM=screen"),
        ({"TERM": "screen", "STY": "1.x", "COLORTERM": "truecolor"}, "256", "GNU screen"),
        ({"TERM": "vt100"}, "none", "TERM=vt100"),
        ({"TERM": "xterm-mono"}, "none", "TERM=xterm-mono"),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, "none", "TERM=dumb"),
        ({}, "none", "TERM is not set"),
        ({"TERM": ""}, "none", "TERM is not set"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1", "FORCE_COLOR": "1"}, "none", "NO_COLOR"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "256", "TERM"),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, "16", "forced"),
    ],
)
def test_colours_of_a_terminal(env: dict[str, str], depth: str, reason: str) -> None:
    found = detect(UTF8 | env, Screen())
    assert (found.depth, found.is_tty) == (depth, True)
    assert reason in found.reason


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
    ("told", "columns"),
    [("132", 132), ("", 80), ("0", 80), ("-5", 80), ("wide", 80), ("9" * 99, 80), ("²", 80)],
)
def test_columns_from_the_environment(told: str, columns: int) -> None:
    assert detect({"COLUMNS": told}, io.StringIO()).columns == columns


def test_columns_from_the_terminal() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        termios.tcsetwinsize(theirs, (24, 97))
        found = detect(UTF8 | {"TERM": "xterm"}, stream)
    os.close(ours)
    assert (found.columns, found.is_tty) == (97, True)
