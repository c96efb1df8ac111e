"""A data set that is not on disk is downloaded from the train dialog."""

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.vaetui.tui.dialogs.train_dialog import Started, dialog, page, surveyed, write
from tests.vaetui.tui.driving import (
    LARGE,
    exploring,
    press,
    settle,
    soon,
    text,
    until,
)
from trainer.contract.config import read_config
from trainer.contract.datasets import registry
from trainer.contract.files import Problem
from vaetui.tui.dialogs.train import TrainDialog


@pytest.fixture
def downloading(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A download that tells how far it is until the event is set, and then finds no mirror."""
    end = threading.Event()

    def resolve(name: str, folder: Path, narrate: Any, watch: Any) -> str:
        narrate(f"{name} not found: downloading")
        while not end.wait(0.01):
            watch(2_500_000)
        if name != "auto":
            raise Problem("MNIST not found and could not be downloaded: check the network")
        narrate("WARNING: using digits")
        return "digits"

    monkeypatch.setattr(registry, "resolve", resolve)
    return end


async def test_a_download_is_narrated_and_its_failure_can_be_mended(
    grid: Path, started: Started, downloading: threading.Event
) -> None:
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "t")
        await write(app, "dataset", "m")
        app.simulate_key("enter")
        await soon(lambda: "downloading: 2.5 MB so far" in text(app))
        downloading.set()
        await until(app, lambda: "could not be downloaded: check the network" in page(app))
        assert isinstance(app.screen, TrainDialog)
        assert dialog(app).form.selected == "dataset"
        assert not started


async def test_escape_ends_the_download_and_starts_nothing(
    grid: Path, started: Started, downloading: threading.Event
) -> None:
    async with exploring(grid, LARGE) as (app, pilot):
        await press(app, "t")
        await write(app, "dataset", "m")
        app.simulate_key("enter")
        await pilot.pause(0.1)
        app.simulate_key("escape")
        await pilot.pause(0.1)
        assert not isinstance(app.screen, TrainDialog)
        await settle(app)  # the thread has ended although the download would not have
        assert not downloading.is_set()
        assert not started
        assert not list((grid / "digits").glob("*mnist*"))


async def test_auto_falls_back_to_digits_and_starts(
    grid: Path, started: Started, downloading: threading.Event
) -> None:
    downloading.set()
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "t")
        dialog(app).form.go("dataset")
        await press(app, "home")
        await write(app, "latent", "4")
        await surveyed(app, "mnist is not on disk: Enter downloads it first (12 MB), or trains on digits")
        await press(app, "enter")
        await until(app, lambda: bool(started))
        run = started[0][0][0]
        assert run.parent == grid / "digits"
        assert read_config(run).instead_of == "mnist"
        await settle(app)
        assert " digits, not mnist " in text(app).splitlines()[0]
        assert " ! using digits" in text(app)
        assert [entry.notice.sentence.split(":")[0] for entry in app.state.log.entries][-2:] == [
            f"training {run.name} on digits",
            "using digits",
        ]
