"""Somebody looks at earlier epochs, and at a training that was stopped within one."""

from pathlib import Path

import pytest

from tests import tiny
from tests.ptys import Terminal, opened
from vaetui.runs.run_watcher import read_run

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


@SIZES
def test_earlier_epochs(grid: Path, size: tuple[int, int]) -> None:
    """Header, sidebar, images and units are those of one epoch."""
    made = tiny.config()
    run = grid / made.data.name / made.name
    second, last = (f"{-epoch.held_out.elbo:.1f}" for epoch in read_run(run).epochs[1:])
    with opened(grid, str(run), size=size) as terminal:
        press(terminal, b"2", "images 0 to")
        for keys in (b",", b"3"):
            press(terminal, keys, "epoch 2 of 3, from the timeline")
            terminal.until(lambda: f"val −ELBO {second}" in terminal.screen.display[0])
            assert "epoch 2/3" in terminal.screen.display[0]
            terminal.until(lambda: any(second in line for line in terminal.screen.display[8:]))
            terminal.wait_to_see("validation, epoch 2")
            terminal.wait_to_see("each run's last epoch")
        terminal.wait_to_see("other noise")
        # The same images as at the newest epoch, and their costs in nats.
        press(terminal, b"2", "nats: −log p(x|z), from 8-bit images")
        assert terminal.shows("the timeline keeps 20 images") == (size[0] == 200)  # which shows more
        press(terminal, b"w", "test image 0, class")
        terminal.wait_to_see("original")
        terminal.wait_to_see("from 8-bit images")
        terminal.type(b"w")
        terminal.until(lambda: "One image across checkpoints" in " ".join(terminal.screen.display))
        # Where another view shows the model, the figures are those of the last epoch.
        press(terminal, b"8", "Empty canvas, 28 × 28 pixels")
        terminal.until(lambda: f"val −ELBO {last}" in terminal.screen.display[0])
        terminal.wait_until_gone("each run's last epoch")
        press(terminal, b"2", "validation, epoch 2")
        terminal.type(b"\x1b[F")  # End
        terminal.wait_until_gone("from the timeline")
        terminal.wait_until_gone("validation, epoch")
        assert "epoch 3/3" in terminal.screen.display[0]


@SIZES
def test_pictures_say_what_they_are(grid: Path, size: tuple[int, int]) -> None:
    with opened(grid, str(grid / "digits" / tiny.config().name), size=size) as terminal:
        press(terminal, b"2", "images 0 to")
        press(terminal, b"w", " original ")
        terminal.wait_to_see(" reconstruction ")
        names = next(line for line in terminal.screen.display if "reconstruction" in line)
        assert names.index("original") < names.index("reconstruction")
        assert size[0] == 80 or any("difference" in line for line in terminal.screen.display)
        press(terminal, b"5", "decoded at the cursor" if size[0] == 200 else "decoded here")
        press(terminal, b"8", "Empty canvas, 28 × 28 pixels")
