"""Somebody opens the train dialog on a finished run, and reproduces an experiment."""

from pathlib import Path

import pytest

from tests import tiny
from tests.ptys import Terminal, opened
from trainer.contract.datasets import registry
from vaetui.training_grid import configs, parse

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
OPTIONS = {"latent": "2", "hidden": "16", "epochs": "3", "dataset": "digits"}


def page(terminal: Terminal) -> str:
    """The words in the dialog, which is 80 columns wide, lines joined."""
    left = (terminal.screen.columns - 80) // 2
    return " ".join(" ".join(line[left : left + 80] for line in terminal.screen.display).split())


def sees(terminal: Terminal, words: str) -> None:
    terminal.until(lambda: words in page(terminal))


@SIZES
def test_a_finished_run_is_not_offered_again_under_another_name(runs: Path, size: tuple[int, int]) -> None:
    (made,) = configs(parse(OPTIONS), registry.load("digits", runs))
    run = tiny.make(runs, made, name="renamed")
    (run / "state.safetensors").write_bytes(b"")  # it can be continued
    with opened(runs, size=size) as terminal:
        terminal.type(b"t")
        sees(terminal, "finished already: renamed. What is to change? more than 3 epochs continue it")
        terminal.type(b"\r")
        terminal.drain()
        assert terminal.shows("finished already")
        assert [path.name for path in run.parent.iterdir()] == ["renamed"]
        terminal.type(b"\x1b[6~\x1b[6~" + b"\x1b[B" * 3)
        terminal.wait_to_see("› epochs")
        terminal.type(b"5")
        sees(terminal, "Enter starts training renamed on digits")
        sees(terminal, "continuing with epoch 4")
        terminal.type(b"\x1b")
        terminal.wait_until_gone("Enter starts")
        assert [path.name for path in run.parent.iterdir()] == ["renamed"]
        an_experiment_is_reproduced(terminal)


def an_experiment_is_reproduced(terminal: Terminal) -> None:
    """The last group of the dialog has the experiments; what one asks and trains is said before it starts."""
    terminal.type(b"t")
    sees(terminal, "finished already")
    terminal.type(b"\x1b[6~" * 6)
    terminal.wait_to_see("Reproduce an experiment")
    terminal.wait_to_see("› recipe")
    terminal.type(b"l")  # latent-size
    sees(terminal, "Latent size: what z = 5, 10 and 50 keep of a digit. How much better are reconstructions")
    sees(terminal, "mnist is not on disk: Enter downloads it first (12 MB)")
    sees(terminal, "$ vaetui train --recipe latent-size")
    terminal.type(b"\x1b[By")
    sees(terminal, "$ vaetui train --recipe latent-size --quick")
    terminal.type(b"\x1b")
    terminal.wait_until_gone("Reproduce an experiment")
