"""Somebody compares checkpoints: marks, epochs, splits."""

import re
from pathlib import Path

import pytest

from tests import tiny
from tests.ptys import Terminal, opened

SMALL, LARGE = (80, 24), (200, 50)
MARKED_ROW = re.compile(r" ([› ])[●◉×]◆ ")  # of the table
PANES = ("rate–distortion plane", "checkpoints  ", "by class", "same image")


def pane(terminal: Terminal, name: str) -> list[str]:
    """The lines of the view once the pane of that heading is seen; one after the other where there is one."""
    terminal.until(lambda: any(map(terminal.shows, PANES)))
    seen = next(heading for heading in PANES if terminal.shows(heading))
    while not terminal.shows(name):
        seen = PANES[(PANES.index(seen) + 1) % len(PANES)]
        terminal.type(b"w")
        terminal.wait_to_see(seen)
    terminal.drain()
    return view(terminal)


def view(terminal: Terminal) -> list[str]:
    """The lines right of the sidebar."""
    return [line.partition("│")[2] for line in terminal.screen.display]


def header(terminal: Terminal) -> str:
    return str(terminal.screen.display[0])


def marks_go_to_the_row_under_the_cursor(terminal: Terminal) -> None:
    """The second `v` marks another run, and does not remove the mark of the first."""
    terminal.type(b"7")
    pane(terminal, "checkpoints  ")
    terminal.type(b"vjv")
    terminal.until(lambda: "◆ 2" in header(terminal))
    marked = [match for line in pane(terminal, "checkpoints  ") if (match := MARKED_ROW.match(line))]
    assert [match[1] for match in marked] == [" ", "›"]
    lines = pane(terminal, "rate–distortion plane")
    plane = "".join(line for line in lines if not MARKED_ROW.match(line))
    assert len(re.findall("[●◉]◆|◆[●◉]", plane)) == 2
    cells = pane(terminal, "same image")
    assert sum(line.count("◆") for line in cells if " nats" in line and "per image" not in line) >= 2
    bars = pane(terminal, "by class")
    assert any("›◆ z" in line for line in bars)
    terminal.type(b"v")
    terminal.until(lambda: "◇ 1" not in header(terminal) and "◆ 1" in header(terminal))
    terminal.type(b"V")


def epochs_are_a_column_and_unequal_ones_are_flagged(terminal: Terminal) -> None:
    table = pane(terminal, "checkpoints  test")
    assert any(re.search(r"−ELBO .* epochs ", line) for line in table)
    rows = [line for line in table if re.match(r" [› ][●◉×]", line)]
    assert [" 3 (fewer)" in line for line in rows] == [False] + [True] * 6
    words = " ".join(" ".join(line[:80].split()) for line in table)
    assert "6 runs trained for fewer epochs than z 9 β 1 (12): differences may come" in words
    assert any("z 5 β 4, 3 epochs" in line for line in pane(terminal, "rate–distortion plane"))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_compare(grid: Path, size: tuple[int, int]) -> None:
    wanted = tiny.config().name
    longer = tiny.config(latent=9, epochs=12)
    tiny.make(grid, longer)
    with opened(grid, wanted, size=size) as terminal:
        marks_go_to_the_row_under_the_cursor(terminal)
        epochs_are_a_column_and_unequal_ones_are_flagged(terminal)
