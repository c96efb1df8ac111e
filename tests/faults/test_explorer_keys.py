"""Whatever arrives on the explorer's standard input."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ptys, tiny
from tests.ptys import Terminal
from tests.vaetui.tui.screen.test_key_stream import KEYS, REPORTS

# What leaves the explorer, stops it, starts a training or loads images is no part of the noise.
LEAVES = b"q\x03\x11\x1a"
STARTS = b"\r\nD"
MOST_MEGABYTES = 300


@pytest.fixture
def explorer(grid: Path) -> Iterator[Terminal]:
    with ptys.opened(grid) as terminal:
        yield terminal


def answers(terminal: Terminal) -> None:
    """Check that keys work, after anything: what was begun before is ended first."""
    terminal.type(b"\x1b\\\x1b[201~")
    for _ in range(3):
        terminal.until(lambda: terminal.unread() == 0)
        quiet(terminal, 0.3)
        terminal.type(b"\x1b")  # a dialog that is open
    quiet(terminal, 0.3)
    terminal.type(b"?")
    terminal.wait_to_see("MNIST")  # in the first sentences of the help of every view
    terminal.type(b"\x1b")
    terminal.wait_until_gone("MNIST")
    for number in "341":
        terminal.type(number.encode())
        terminal.until(lambda number=number: is_under(terminal, number))  # type: ignore[misc]


def is_under(terminal: Terminal, number: str) -> bool:
    """Whether the tab of a number is the one that is underlined, beside the grid or without it."""
    tabs, line = terminal.screen.display[1:3]
    place = tabs.find(number, tabs.find("│") + 1)
    return bool(place >= 0 and line[place] == "━")


def quiet(terminal: Terminal, seconds: float) -> None:
    """Read for so long."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        terminal.read(left)


def leaves(terminal: Terminal) -> None:
    """Check that `q` ends it well."""
    terminal.type(b"q")
    terminal.until(lambda: terminal.process.poll() is not None)
    while terminal.read():
        pass
    assert terminal.process.returncode == 0, terminal.report()
    assert terminal.is_restored()
    assert b"Traceback" not in terminal.output


def noise(seed: int) -> Iterator[bytes]:
    """Bursts of random bytes, of sequences whole and cut, and of keys."""
    rng = random.Random(seed)
    drop = bytes(LEAVES + STARTS)
    sequences = [*REPORTS.values(), *(key for key in KEYS if not set(key) & set(drop))]
    sequences += [b"\x1b[200~", b"\x1b[201~", b"\x1b]0;", b"\x1bP", b"\x1b[<", b"\x1b[M", b"\x1b\x1b"]
    for _ in range(40):
        burst = b""
        for _ in range(rng.randrange(1, 12)):
            one = rng.randbytes(rng.randrange(24)) if rng.random() < 0.5 else rng.choice(sequences)
            burst += one[: rng.randrange(len(one) + 1)] if rng.random() < 0.3 else one
        yield burst.translate(None, drop)


@pytest.mark.fault(
    "random bytes, reports of the terminal and cut escape sequences on the explorer's standard input",
    "it answers keys afterwards, leaves with q, and the terminal is restored",
)
def test_no_bytes_end_it(explorer: Terminal) -> None:
    for seed in range(3):
        for burst in noise(seed):
            explorer.type(burst)
        answers(explorer)
    assert explorer.megabytes() < MOST_MEGABYTES
    leaves(explorer)


@pytest.mark.fault(
    "late answers of a terminal (colours, attributes, version, graphics), broken mouse reports,"
    " bytes of another encoding",
    "the screen stays as it is",
)
def test_reports_change_nothing(explorer: Terminal) -> None:
    explorer.type(b"3")
    explorer.wait_to_see("temperature")
    explorer.drain()
    before = list(explorer.screen.display)
    for name, report in REPORTS.items():
        if not name.startswith("mouse, SGR"):  # a move of the mouse may light up what lies below it
            explorer.type(report)
    explorer.drain()
    assert explorer.screen.display == before
    for report in REPORTS.values():
        explorer.type(report)
    explorer.type(b"4")
    explorer.wait_to_see("test ")
    leaves(explorer)


@pytest.mark.fault(
    "a paste of 1 MB, in brackets and without, and one that never ends",
    "keys work afterwards, in bounded memory",
)
def test_pastes_are_bounded(explorer: Terminal) -> None:
    explorer.type(b"\x1b[200~" + b"q 1,2,3 \r\n" * 100_000 + b"\x1b[201~")
    answers(explorer)
    explorer.type(b"/\x1b[200~" + b"z10 " * 100_000 + b"\x1b[201~")
    answers(explorer)
    explorer.type(b"z" * 3_000)  # a key that does nothing, each a key of its own
    answers(explorer)
    explorer.type(b"\x1b[200~without an end")
    quiet(explorer, 1.5)
    answers(explorer)
    assert explorer.megabytes() < MOST_MEGABYTES
    leaves(explorer)


@pytest.mark.fault(
    "x and Enter, Enter, Escape in one write",
    "one file is written, the dialog is closed, further keys mean what they mean without it",
)
def test_keys_of_one_write_act_one_after_the_other(explorer: Terminal) -> None:
    home = Path(os.environ["HOME"])
    for count, burst in enumerate((b"x\r\r", b"x\r\x1b", b"x\x1b[B\r\r\r"), 1):
        explorer.type(burst)
        explorer.until(lambda count=count: len(list(home.glob("reconstruct-*"))) == count)  # type: ignore[misc]
        answers(explorer)
        explorer.type(b"2")
        explorer.wait_to_see("over their reconstructions")
    explorer.type(b"x\x1b[200~never\x1b[201~")
    explorer.wait_to_see("never")
    explorer.type(b"\x1b")
    quiet(explorer, 0.3)
    explorer.type(b"/z5 b4\r3")
    explorer.wait_to_see("z 5")
    explorer.wait_to_see("temperature")
    leaves(explorer)
    assert len(list(home.glob("reconstruct-*"))) == 3


@pytest.mark.fault(
    "2 000 random keys and mouse events in bursts, at several sizes, while a run trains",
    "no traceback, bounded memory, q leaves, the terminal is restored",
)
def test_random_keys(runs: Path) -> None:
    rng = random.Random(11)
    keys = [bytes([code]) for code in range(1, 127) if code not in LEAVES + STARTS + b"\x1bts\x10"]
    keys += [key for key in KEYS if key not in (b"\x1b[113u", b"\x1a", b"\x03", b"\r")]
    keys += [b"\x1b[" + end for end in (b"B", b"C", b"D", b"6~", b"H", b"F", b"1;2A", b"1;2C")]
    made = tiny.config(latent=3, epochs=30)
    tiny.grid(runs)
    with tiny.live(runs, made, done=1) as live, ptys.opened(runs) as terminal:
        sent, grown = 0, 1
        while sent < 2_000:
            burst = b""
            for _ in range(rng.choice((1, 5, 50, 200))):
                chance = rng.random()
                if chance < 0.1:
                    button = rng.choice((0, 32, 35, 64, 65))  # no click on the words that leave it
                    place = button, rng.randrange(1, 130), rng.randrange(1, 45 if button else 9)
                    burst += b"\x1b[<%d;%d;%dM\x1b[<%d;%d;%dm" % (*place, *place)
                elif chance < 0.11:
                    burst += b"\x1b[200~z2 " + rng.randbytes(20).replace(b"\x1b", b"") + b"\x1b[201~"
                elif chance < 0.14:
                    burst += b"\x1b"
                else:
                    burst += rng.choice(keys)
                sent += 1
            terminal.type(burst)
            if rng.random() < 0.2:
                size = rng.choice(((80, 24), (120, 40), (60, 20), (40, 10), (1, 1), (131, 25)))
                ptys.resize(terminal.end, *size)
                terminal.screen.resize(size[1], size[0])
            if grown < 30 and rng.random() < 0.3:
                grown += 1
                tiny.grow(live, made, grown)
        ptys.resize(terminal.end, 80, 24)
        terminal.screen.resize(24, 80)
        answers(terminal)
        assert terminal.megabytes() < MOST_MEGABYTES
        leaves(terminal)


@pytest.mark.fault(
    "SIGCONT without a stop, 200 times, then SIGSTOP and SIGCONT five times",
    "one input thread, everything is drawn again, keys work",
)
def test_signals_to_go_on(explorer: Terminal) -> None:
    answers(explorer)
    threads = explorer.threads()
    for _ in range(200):
        explorer.process.send_signal(signal.SIGCONT)
    answers(explorer)
    for _ in range(5):
        explorer.process.send_signal(signal.SIGSTOP)
        quiet(explorer, 0.05)
        explorer.process.send_signal(signal.SIGCONT)
        quiet(explorer, 0.05)
    explorer.drain()
    explorer.process.send_signal(signal.SIGCONT)
    drawn = explorer.drain()
    assert drawn.count("z╲β".encode()) == 1
    assert drawn.count(ptys.ENTER) == 1
    answers(explorer)
    assert explorer.threads() <= threads
    leaves(explorer)
