"""An exception inside the explorer, wherever it is raised."""

import os
import re
from pathlib import Path

import pytest

from tests.ptys import Terminal

# What `m` does instead, or what is put in the place of what runs anyway.
PLACES = {
    "an action": "Explorer.action_metric = boom",
    "the painting of a view": "Loss.paint = boom",
    "a worker thread": "Explorer.action_metric = lambda self: self.run_worker(boom, thread=True)",
    "a timer": "Explorer.action_metric = lambda self: self.set_timer(0.01, boom)",
    "a thread of its own": "Explorer.action_metric = lambda self: threading.Thread(target=boom).start()",
    "a callback of the event loop": "Explorer.action_metric = lambda self: self._loop.call_soon(boom)",
    "the reading of keys": "KeyStream.feed = boom",
    "the start": "Explorer.compose = boom",
    "the end": "Explorer.on_unmount = boom",
}
INJECT = """
import threading
from vaetui.tui.app import Explorer
from vaetui.tui.screen.key_stream import KeyStream
from vaetui.tui.views.loss.view import Loss

def boom(*_, **__):
    raise ZeroDivisionError("injected: ünd \\x1b[31m")

"""


def ended(grid: Path, place: str, state: Path | None = None) -> Terminal:
    """A terminal whose explorer was started, sent a few keys, and has ended."""
    folder = state or Path(os.environ["XDG_STATE_HOME"])
    terminal = Terminal(grid, before=INJECT + PLACES[place], XDG_STATE_HOME=str(folder))
    try:
        terminal.until(lambda: "z╲β".encode() in terminal.output or terminal.process.poll() is not None)
        terminal.type(b"m1m" if terminal.process.poll() is None else b"")
        if place == "the end":
            terminal.type(b"q")
        terminal.until(lambda: terminal.process.poll() is not None)
        while terminal.read():
            pass
    finally:
        terminal.close()
    return terminal


@pytest.mark.fault(
    "an exception in an action, in painting, in a timer, in a thread, while starting, while leaving",
    "exit code 1, the terminal is restored, one sentence names a log with the traceback",
)
@pytest.mark.parametrize("place", PLACES)
def test_an_exception_ends_it_in_one_sentence(grid: Path, place: str) -> None:
    terminal = ended(grid, place)
    after = terminal.output.rpartition(b"\x1b[?1004l")[2].decode()
    assert terminal.process.returncode == 1
    assert terminal.was_restored
    sentence = r"vaetui: the explorer failed: ZeroDivisionError: injected: ünd .*; the traceback is in (\S+)"
    found = re.search(sentence, after)
    assert found, after
    assert "Traceback" not in after
    assert "\x1b[31m" not in after
    log = Path(found[1])
    assert log.is_relative_to(os.environ["XDG_STATE_HOME"])
    written = log.read_text()
    assert "in boom" in written
    assert "ZeroDivisionError: injected" in written
    assert "textual 8" in written


@pytest.mark.fault(
    "an exception in the explorer, and a state folder that takes no file",
    "the traceback is printed after the sentence",
)
def test_without_a_log_the_traceback_is_printed(grid: Path, tmp_path: Path) -> None:
    in_the_way = tmp_path / "state"
    in_the_way.write_text("a file where the folder should be")
    terminal = ended(grid, "an action", in_the_way)
    assert terminal.process.returncode == 1
    assert terminal.was_restored
    assert b"in boom" in terminal.output
