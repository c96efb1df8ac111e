"""The explorer in a pseudo-terminal: refused where it cannot work, restored however it ends."""

import os
import signal
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ptys
from tests.ptys import LEAVE, Terminal
from trainer.contract.files import Problem
from vaetui.preferences import Preferences
from vaetui.render.terminal import Requested
from vaetui.tui import explore


@pytest.fixture
def opened(grid: Path) -> Iterator[Terminal]:
    with ptys.opened(grid) as terminal:
        yield terminal


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signals_give_the_terminal_back(opened: Terminal, number: int, code: int) -> None:
    opened.process.send_signal(number)
    opened.wait_for(LEAVE)
    opened.wait_for(b"\x1b[?25h")
    assert opened.process.wait(timeout=60) == code
    assert termios.tcgetattr(opened.inner)[3] == opened.before[3]


def test_a_stalled_line_does_not_keep_it_from_ending(opened: Terminal) -> None:
    """Nobody reads what it writes; the terminal is full."""
    for _ in range(60):
        os.write(opened.end, b"4 ")
    time.sleep(0.5)
    opened.process.send_signal(signal.SIGTERM)
    assert opened.process.wait(timeout=60) == 143
    assert termios.tcgetattr(opened.inner)[3] == opened.before[3]


def test_a_line_that_hangs_up_ends_it(opened: Terminal) -> None:
    os.close(opened.inner)
    os.close(opened.end)
    assert opened.process.wait(timeout=60) != 0


def test_what_a_key_changes_reaches_the_terminal(opened: Terminal) -> None:
    for key, words in ((b"3", "noise 0"), (b"r", "noise 1"), (b"1", "nats per image"), (b"4", "test 0")):
        os.write(opened.end, key)
        opened.wait_to_see(words)


def test_few_bytes_for_few_changes(opened: Terminal) -> None:
    """A line that stays is not sent again."""
    os.write(opened.end, b"4")
    opened.wait_for(b"nearest")
    opened.drain()
    os.write(opened.end, b"m")  # another figure in the sidebar, the view as it was
    opened.wait_for(b"distortion")
    written = opened.drain()
    assert b"test 0" not in written  # of the view
    assert b"finished" not in written  # of the sidebar itself


def test_q_ends_it_well(opened: Terminal) -> None:
    os.write(opened.end, b"q")
    opened.wait_for(LEAVE)
    assert opened.process.wait(timeout=60) == 0


def test_the_screen_goes_to_the_terminal_in_few_colours_too(grid: Path) -> None:
    terminal = Terminal(grid, COLORTERM="", TERM="xterm")
    try:
        terminal.wait_for("z╲β".encode())
        assert b"38;2;" not in terminal.output
        assert b"38;5;" not in terminal.output
    finally:
        terminal.close()


@pytest.mark.parametrize("arguments", [(), ("--no-mouse",)], ids=["mouse", "no-mouse"])
def test_mouse_reports_are_enabled_unless_no_mouse(grid: Path, arguments: tuple[str, ...]) -> None:
    terminal = Terminal(grid, *arguments)
    try:
        terminal.wait_for("z╲β".encode())
        assert (b"\x1b[?1000h" in terminal.output) == (not arguments)
    finally:
        terminal.close()


def test_a_session_that_cannot_be_saved_is_reported_at_exit(grid: Path, tmp_path: Path) -> None:
    in_the_way = tmp_path / "state"
    in_the_way.write_text("a file where the folder should be")
    terminal = Terminal(grid, XDG_STATE_HOME=str(in_the_way))
    try:
        terminal.wait_for("z╲β".encode())
        os.write(terminal.end, b"q")
        terminal.wait_for(b"vaetui: the session is not saved: ")
        assert terminal.process.wait(timeout=60) == 0
    finally:
        terminal.close()


class Stream:
    """A standard stream that is a terminal, or none."""

    encoding = "utf-8"

    def __init__(self, is_terminal: bool) -> None:
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_without_a_terminal_it_says_what_to_do_instead(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, stream, Stream(stream != name))
    with pytest.raises(Problem, match="`vaetui show @latest --runs runs`"):
        explore.open_terminal({"TERM": "xterm"}, Path("runs"))


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_place_its_cursor_is_refused(
    term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, stream, Stream(True))
    with pytest.raises(Problem, match="`vaetui show @latest --runs runs`"):
        explore.open_terminal({"TERM": term}, Path("runs"))


def test_preferences_replace_what_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, stream, Stream(True))
    wanted = Preferences(Requested("quadrant", "--glyphs", True), Requested("16", "VAETUI_COLORS", False))
    found = explore.open_terminal({"TERM": "foot", "LC_ALL": "C", "COLUMNS": "80"}, Path("runs"), wanted)
    assert (found.glyphs, found.depth, found.reason) == ("quadrant", "16", "VAETUI_COLORS; --glyphs")
    monkeypatch.setattr(Stream, "encoding", "ascii")
    with pytest.raises(Problem, match="--glyphs: the output is ascii"):
        explore.open_terminal({"TERM": "foot", "COLUMNS": "80"}, Path("runs"), wanted)
