"""Curves, as a student meets them: none is hidden, none squeezes the others, each says where it ends."""

import dataclasses
import re
from pathlib import Path

import pytest

from tests import tiny
from tests.ptys import Terminal, opened
from trainer.contract.config import Config
from trainer.contract.metrics import METRICS, Epoch, append_epochs
from vaetui.render.colours import Colour
from vaetui.render.theme import ACCENT, BACKGROUND, CLASS_COLOURS, DIM

MARKED = tuple(CLASS_COLOURS[number] for number in (5, 3, 7, 1))  # in the order of the marks
SIDEBAR = 23  # columns
LONG = tiny.config(epochs=60)
SHORTER = (
    tiny.config(beta=4.0, epochs=30),
    tiny.config(latent=5, epochs=3),
    tiny.config(latent=5, beta=4.0, epochs=2),
)


def close(config: Config, number: int) -> Epoch:
    """Metrics of which epoch 1 is far above the rest, and validation a fifth of a nat above training."""
    row = tiny.epoch(config, number)
    distortion = row.train.distortion + (400.0 if number == 1 else 0.0)
    train = dataclasses.replace(row.train, distortion=distortion)
    return dataclasses.replace(row, train=train, val=dataclasses.replace(train, distortion=distortion + 0.2))


@pytest.fixture
def lengths(runs: Path) -> Path:
    """A folder with runs of 60, 30, 3 and 2 epochs."""
    for made in (LONG, *SHORTER):
        run = tiny.make(runs, made)
        (run / METRICS).unlink()
        append_epochs(run, [close(made, number) for number in range(1, made.optimiser.epochs + 1)])
    return runs


def ink(terminal: Terminal) -> set[str]:
    """The colours of the curves on its screen, right of the sidebar, as six hexadecimal digits."""
    cells = [cell for line in terminal.screen.buffer.values() for x, cell in line.items() if x > SIDEBAR]
    return {cell.fg for cell in cells if cell.data and (cell.data in "▲●" or "⠀" < cell.data <= "⣿")}


def code(colour: Colour) -> str:
    return "{:02x}{:02x}{:02x}".format(*colour)


def ends_with(line: str, name: str, epochs: int) -> bool:
    """Whether a legend has a run with a value and the epoch of that value."""
    return re.search(rf"━ {name} \d+\.\d epoch {epochs} ", line) is not None


def press(terminal: Terminal, keys: bytes, words: str) -> None:
    terminal.type(keys)
    terminal.wait_to_see(words)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=str)
def test_every_curve_is_seen_and_read_off(lengths: Path, size: tuple[int, int]) -> None:
    both = {code(ACCENT), code(DIM)}
    with opened(lengths, size=size) as terminal:
        press(terminal, b"1[-", "epoch 60, latest")
        terminal.wait_to_see("overlap")
        terminal.until(lambda: ink(terminal) == both)
        assert terminal.shows("▲ epoch")
        assert not terminal.shows("400┤")
        press(terminal, b"z", "axis of all epochs")
        terminal.wait_to_see("400┤")
        terminal.until(lambda: ink(terminal) == both)
        press(terminal, b"l", "log axis")
        terminal.until(lambda: ink(terminal) == both)
        terminal.type(b"z")
        terminal.wait_until_gone("axis of all epochs")
        assert ink(terminal) == both
        terminal.type(b"l")
        terminal.wait_until_gone("log axis")

        press(terminal, b"v=v", "━ z=2 β=4")
        press(terminal, b"]v", "━ z=5 β=4")
        press(terminal, b"-v", "━ z=5 β=1")
        terminal.until(lambda: {code(colour) for colour in MARKED} <= ink(terminal))
        for name, epochs in (("z=2 β=4", 30), ("z=5 β=1", 3), ("z=5 β=4", 2)):
            assert any(ends_with(line, name, epochs) for line in terminal.screen.display)
        chart_of_rates(terminal, size)


def chart_of_rates(terminal: Terminal, size: tuple[int, int]) -> None:
    """The selected run has 3 of 60 epochs: the rest of its heat map is blank."""
    while not terminal.shows("rate of each dimension"):
        terminal.type(b"w")
        terminal.read(0.3)
    terminal.wait_to_see("nats at epoch 3")
    (y, line), *_ = [
        (y, line) for y, line in enumerate(terminal.screen.display) if "rate of each dimension" in line
    ]
    start = line.index("rate of each dimension") + 5
    cells = [terminal.screen.buffer[y + 2][x] for x in range(start, start + 40)]
    assert cells[0].bg != code(BACKGROUND)
    assert {cell.bg for cell in cells[6:]} == {code(BACKGROUND)}
    assert {cell.data for cell in cells[6:]} == {" "}
