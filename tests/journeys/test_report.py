"""Somebody writes a report from inside the explorer, and leaves while another is being written."""

import os
from pathlib import Path

import pytest

from tests import tiny
from tests.ptys import Terminal, opened

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])


def reports(runs: Path) -> list[int]:
    """The processes that write a report on `runs`, or compute something for it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"report" in words and str(runs).encode() in words:
            found.append(int(path.parent.name))
    return found


@SIZES
def test_a_report_from_the_key_to_the_page(runs: Path, size: tuple[int, int]) -> None:
    tiny.make(runs, tiny.config("ae", latent=1, epochs=1))
    with opened(runs, size=size) as terminal:
        terminal.type(b"\x10")
        terminal.wait_to_see("Search for commands")
        terminal.type(b"verdict")
        terminal.wait_to_see("X in every view")
        terminal.type(b"\x1b[B\r")
        terminal.wait_to_see("1 of 1 with test figures")
        terminal.wait_to_see("latent-size, quick")
        refused(terminal)
        terminal.type(b"\x1b[B\x15mine")
        terminal.wait_to_see("$ vaetui report --out mine")
        terminal.type(b"\r")
        terminal.wait_until_gone("$ vaetui report")
        terminal.wait_to_see("report on this family: ")
        if size == (200, 50):
            leaving_ends_it(terminal, runs)
            return
        terminal.wait_to_see("report written: ")
        home = Path(os.environ["HOME"])  # where the explorer was started
        assert (home / "mine" / "report.html").read_text().startswith("<!DOCTYPE html>")
        assert (home / "mine" / "report.md").exists()


def refused(terminal: Terminal) -> None:
    """A recipe without its runs is refused, and the key that trains them is named."""
    terminal.type(b"\x1b[A")
    terminal.wait_to_see("latent-size-quick has 0 of 15 runs finished: t trains them")
    terminal.type(b"\r")
    terminal.drain()
    assert terminal.shows("latent-size-quick has 0 of 15 runs finished: t trains them")


def leaving_ends_it(terminal: Terminal, runs: Path) -> None:
    """No process is left when the explorer is left while it writes a report."""
    assert reports(runs)
    terminal.type(b"q")
    terminal.until(lambda: terminal.process.poll() is not None)
    assert terminal.process.returncode == 0, terminal.report()
    tiny.wait_until(lambda: not reports(runs))
