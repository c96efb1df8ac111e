"""A terminal that changes its size, stops the explorer, does not read or says nothing about itself."""

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ptys
from tests.faults.test_explorer_keys import answers, leaves, quiet
from tests.ptys import ENTER, LEAVE, Terminal

# A shell with job control: what Ctrl-Z stops is looked at, and goes on.
SHELL = """
set -m
"$@"
echo "stopped with $?"; stty -a
fg
echo "left with $?"
"""


@pytest.fixture
def explorer(grid: Path) -> Iterator[Terminal]:
    with ptys.opened(grid) as terminal:
        yield terminal


def resize(terminal: Terminal, columns: int, rows: int) -> None:
    ptys.resize(terminal.end, columns, rows)
    terminal.screen.resize(rows, columns)


@pytest.mark.fault(
    "200 changes of the terminal's size without a pause, in every view and dialog, 1×1 and 3000×3 among them",
    "it lives, the screen is right at the last size, keys work",
)
def test_a_storm_of_resizes(explorer: Terminal) -> None:
    rng = random.Random(3)
    for key in (b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"?", b"x", b"/", b"t", b"\x10"):
        explorer.type(b"\x1b")
        quiet(explorer, 0.15)
        explorer.type(key)
        for _ in range(16):
            columns, rows = rng.choice(
                ((1, 1), (3000, 3), (2, 60), (rng.randrange(1, 200), rng.randrange(1, 50)))
            )
            resize(explorer, columns, rows)
            quiet(explorer, rng.choice((0, 0, 0.02)))
        assert explorer.process.poll() is None, explorer.report()
    resize(explorer, 80, 24)
    answers(explorer)
    leaves(explorer)


@pytest.mark.fault(
    "a terminal that reads nothing for 3 seconds while keys are typed",
    "it lives, input works again",
)
def test_a_reader_that_stops(explorer: Terminal) -> None:
    for _ in range(30):
        explorer.type(b"[]4321")

    time.sleep(3)
    answers(explorer)
    leaves(explorer)


@pytest.mark.fault(
    "COLUMNS and LINES in the environment that are not the terminal's size",
    "the terminal's size counts, and its changes",
)
def test_the_terminal_is_asked_for_its_size(grid: Path) -> None:
    with ptys.opened(grid, size=(100, 30), COLUMNS="60", LINES="15") as terminal:
        terminal.wait_to_see("q quit")
        assert "q quit" in terminal.screen.display[29]
        resize(terminal, 120, 40)
        terminal.until(lambda: "q quit" in terminal.screen.display[39])
        leaves(terminal)


@pytest.mark.fault(
    "a terminal that does not know its size (0×0), as on a serial line",
    "COLUMNS and LINES count",
)
def test_a_terminal_without_a_size(grid: Path) -> None:
    with ptys.opened(grid, size=(0, 0), COLUMNS="100", LINES="30") as terminal:
        terminal.screen.resize(30, 100)
        answers(terminal)
        assert "q quit" in terminal.screen.display[29]
        leaves(terminal)


@pytest.mark.skipif(shutil.which("stty") is None, reason="stty shows how the terminal was left")
@pytest.mark.fault(
    "Ctrl-Z, in a view and in a dialog, and the shell's fg",
    "the process stops with the terminal restored, comes back and draws everything, keys work",
)
@pytest.mark.parametrize("key", [b"3", b"x", b"\x10"], ids=["view", "export", "palette"])
def test_ctrl_z_and_fg(grid: Path, key: bytes) -> None:
    with ptys.opened(grid, shell=SHELL) as terminal:
        terminal.type(key)
        terminal.drain()
        before = list(terminal.screen.display)
        terminal.type(b"\x1a")
        terminal.wait_for(b"stopped with 148")
        terminal.wait_for(b" icanon")
        assert LEAVE in terminal.output.partition(b"stopped with")[0]
        terminal.wait_for(ENTER)
        terminal.until(lambda: terminal.screen.display == before)
        answers(terminal)
        terminal.type(b"q")
        terminal.wait_for(b"left with 0")
        assert terminal.is_restored()


@pytest.mark.fault(
    "Ctrl-Z where no shell could go on with the process",
    "it goes on by itself",
)
def test_ctrl_z_without_a_shell(explorer: Terminal) -> None:
    explorer.output = b""
    explorer.type(b"\x1a")
    explorer.wait_for(LEAVE)
    explorer.wait_for(ENTER)
    answers(explorer)
    leaves(explorer)
