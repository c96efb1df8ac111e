"""Trainings here and elsewhere: pace, start and end; datasets that replace others; messages in full."""

import dataclasses
import re
from pathlib import Path

import pytest

from tests import tiny
from tests.ptys import Terminal, opened
from trainer.contract.run_dir import Status, write_status

SMALL, LARGE = (80, 24), (200, 50)
TIME = r"\d\d:\d\d:\d\d"
CAUSE = (
    "the disk of the folder with the runs is full and what was learnt since the last save is lost: "
    "make room there, and the same command continues from what was saved"
)


def header(terminal: Terminal) -> str:
    return str(terminal.screen.display[0])


def waits(terminal: Terminal, *texts: str) -> None:
    """Wait until the header has all `texts`, but not those that begin with a dash."""

    def holds() -> bool:
        line = header(terminal)
        return all(text[1:] not in line if text[0] == "-" else text in line for text in texts)

    terminal.until(holds)


def page(terminal: Terminal) -> str:
    """The words on the screen, lines joined."""
    return " ".join(" ".join(terminal.screen.display).split())


def sees(terminal: Terminal, *patterns: str) -> None:
    """Wait until all patterns are on the screen, over the ends of lines."""
    terminal.until(lambda: all(re.search(pattern, page(terminal)) for pattern in patterns))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_trainings_and_what_replaces_a_dataset(runs: Path, size: tuple[int, int]) -> None:
    tiny.make(runs, dataclasses.replace(tiny.config(epochs=50), instead_of="mnist"))
    tiny.make(runs, tiny.config(dataset="mnist", epochs=4))
    trained = tiny.config(latent=5, lr=0.01, epochs=21)
    with tiny.live(runs, trained, done=1) as run, opened(runs, size=size) as terminal:
        # Its pace: half a second an epoch, of which 19.5 are left.
        waits(terminal, "◉ 1 training", "family 2 of 3", "digits · lr 0.01", "-training W")
        terminal.wait_to_see("0:10 left")
        terminal.wait_to_see("2 516 images/s")
        if size == LARGE:
            sees(terminal, r"mean speed +2 516 images/s", r" speed +1 000 images/s")  # and the last measured
        # From other families it is one key away; they say whose images and data these are.
        terminal.type(b"f")
        waits(terminal, "◉ 1 training W", "images: digits", "family 3 of 3", "mnist · lr 0.001")
        sees(terminal, "digits replace mnist, which is not here: D downloads it, .* folder that has it")
        terminal.type(b"f")
        waits(terminal, "◉ 1 training W", "digits, not mnist", "family 1 of 3", "digits · lr 0.001")
        terminal.type(b"F")
        waits(terminal, "family 3 of 3", "mnist · lr 0.001")
        terminal.type(b"W")
        waits(terminal, "family 2 of 3", "-training W")
        # It is stopped, and begun again: PyTorch takes a while.
        terminal.type(b"ff")
        waits(terminal, "family 1 of 3")
        write_status(run, Status("stopped", 1, 21))
        sees(terminal, f"{run.name} stopped after 1 of 21 epochs")
        waits(terminal, "-training", "family 1 of 3")
        write_status(run, Status("queued", 1, 21, starting=True))
        waits(terminal, "◉ 1 training W")
        terminal.type(b"W")
        sees(terminal, "○ starting")
        assert "queued" not in page(terminal)
        # It fails, which is told in whole words, also later.
        write_status(run, Status("failed", 1, 21, error=CAUSE))
        sees(terminal, f"! {run.name} failed: {CAUSE}")
        terminal.type(b"M")
        sees(terminal, "Messages, the newest first", "from what was saved")
        sees(
            terminal,
            rf"{TIME} {run.name} failed: the disk",
            rf"{TIME} {run.name} stopped after 1 of 21 epochs",
        )
        terminal.type(b"\x1b")
        terminal.wait_until_gone("Messages, the newest first")
