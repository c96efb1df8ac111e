"""Somebody looks at earlier epochs, and at a training that was stopped within one."""

from pathlib import Path

import pytest

from tests import tiny
from tests.ptys import Terminal, opened

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
POSITION = "partway through epoch 1"


def press(terminal: Terminal, keys: bytes, words: str) -> None:
    """Press keys and wait until `words` are on the screen."""
    terminal.type(keys)
    terminal.wait_to_see(words)


@SIZES
def test_a_training_stopped_in_its_first_epoch(runs: Path, size: tuple[int, int]) -> None:
    run = tiny.make(runs, state="stopped", progress=0.4)
    tiny.write_model(run, tiny.config(), 0, step=4)
    with opened(runs, size=size) as terminal:
        terminal.wait_to_see("in epoch 1/3")
        side = "in epoch 1/3" if size[0] == 200 else "in 1/3"
        terminal.until(lambda: any("stopped" in line and side in line for line in terminal.screen.display))
        press(terminal, b"2", "images 0 to")
        for keys in (b"2", b"2w", b"3", b"4", b"5"):
            press(terminal, keys, POSITION)
            assert not terminal.shows("epoch 0")
            terminal.type(b"8")
            terminal.wait_until_gone(POSITION)
        if size[0] == 200:
            press(terminal, b"6", POSITION)
