"""What the command line shows of runs, on a terminal of 80×24 and of 200×50."""

import os
from pathlib import Path

import pytest
from PIL import Image

from tests import tiny
from tests.ptys import opened
from tests.vaetui.cli.shell import terminal

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])


def shown(size: tuple[int, int], *arguments: object) -> str:
    """The screen after a command that succeeded."""
    columns, rows = size
    with terminal(*arguments, columns=columns, rows=rows) as screen:
        assert screen.end() == 0
        return screen.text()


@SIZES
def test_tables_name_the_split_and_unequal_epochs(runs: Path, size: tuple[int, int]) -> None:
    best = tiny.make(runs, tiny.config(latent=20))
    tiny.make(runs, tiny.config(beta=4.0, epochs=12))
    listed = shown(size, "ls", "--runs", runs)
    assert "on validation images" in listed
    assert " validation −ELBO " in listed
    compared = shown(size, "compare", "--runs", runs)
    assert " test −ELBO " in compared
    assert " 12 (more) " in compared
    assert f"epochs than {best.name} (3): differences may come" in " ".join(compared.split())
    assert shown(size, "watch", best).count("test −ELBO") == 1


@SIZES
def test_sentences_break_between_words(runs: Path, size: tuple[int, int]) -> None:
    first = tiny.make(runs, tiny.config(latent=20))
    tiny.make(runs, tiny.config(latent=30))
    (first / "evaluation.json").unlink()
    text = shown(size, "compare", "--runs", runs)
    sentence = (
        "digits, validation (not every run has test figures), 180 images, grey levels, one posterior draw: "
        "VAEs, by −ELBO; nats per image"
    )
    lines = [line for line in text.splitlines() if line and line in sentence]
    assert " ".join(lines) == sentence


@SIZES
def test_exported_images_carry_their_run_unless_titles_are_off(runs: Path, size: tuple[int, int]) -> None:
    run, home = tiny.make(runs), Path(os.environ["HOME"])
    with opened(runs, "--view", "interpolate", size=size) as explorer:
        explorer.wait_to_see("slerp")
        for key, words in ((b"x", "Tab titles on"), (b"\t", "Tab titles off"), (b"\r", "written: ")):
            explorer.type(key)
            explorer.wait_to_see(words)
        for key, words in ((b"x", "interpolate-" + run.name + "-2.png"), (b"\r", "-2.png")):
            explorer.type(key)
            explorer.wait_to_see(words)
        explorer.until((home / f"interpolate-{run.name}-2.png").exists)
    with Image.open(home / f"interpolate-{run.name}.png") as plain:
        assert plain.info == {}
    with Image.open(home / f"interpolate-{run.name}-2.png") as titled:
        assert titled.info["Run"] == run.name
        assert titled.height > plain.height
