"""Every dialog ends once, however many keys and clicks arrive together."""

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from textual import events

from tests import tiny
from tests.vaetui.tui.driving import exploring, press, settle, text, until
from vaetui.runs import launch
from vaetui.tui.app import Explorer
from vaetui.tui.dialogs.ask import Ask
from vaetui.tui.dialogs.export import Export
from vaetui.tui.dialogs.help import Help
from vaetui.tui.dialogs.prompt import Prompt
from vaetui.tui.dialogs.report import ReportDialog
from vaetui.tui.dialogs.run_list import RunListDialog
from vaetui.tui.dialogs.stop import Stop
from vaetui.tui.dialogs.train import TrainDialog
from vaetui.tui.screen.closes_once import ClosesOnce

OPENERS = ("x", "X", "t", "slash", "R", "question_mark", "s", "ctrl+p")
BURSTS = [(*pair, pair[0]) for pair in itertools.product(("enter", "escape"), repeat=2)]


@pytest.fixture(autouse=True)
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What dialogs had done: trainings that would have been started or stopped; no process is."""
    done: list[str] = []

    def start(*_: Any, **__: Any) -> subprocess.Popen[bytes]:
        done.append("start")
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return process

    monkeypatch.setattr(launch, "start", start)
    monkeypatch.setattr(launch, "check_device", lambda *_: None)
    monkeypatch.setattr(launch, "ask_to_stop", lambda _: done.append("stop"))
    monkeypatch.chdir(tmp_path)
    return done


def together(app: Explorer, *keys: str) -> None:
    """Send keys without waiting for what the one before does."""
    for key in keys:
        app.simulate_key(key)


async def is_alive(app: Explorer) -> None:
    """Check that keys reach the views again."""
    await settle(app)
    assert len(app.screen_stack) == 1
    await press(app, "3")
    assert app.view.title == "Sample"
    await press(app, "4")
    assert app.view.title == "Interpolate"


@pytest.mark.parametrize("opener", OPENERS)
async def test_keys_that_arrive_together_close_a_dialog_once(
    runs: Path, asked: list[str], opener: str
) -> None:
    with tiny.live(runs, tiny.config(latent=3)) as run:
        tiny.make(runs)
        async with exploring(runs, wanted=[run]) as (app, _):
            for burst in BURSTS:
                await press(app, opener)
                assert isinstance(app.screen, ClosesOnce)
                asked.clear()
                together(app, *burst)
                await settle(app)
                if opener == "s":
                    assert asked == (["stop"] if burst[0] == "enter" else [])
                if len(app.screen_stack) > 1:  # where Enter closes nothing, or chose to open another
                    await press(app, "escape")
                await is_alive(app)
                await press(app, "1")


async def test_enter_pressed_twice_writes_one_file(run: Path, tmp_path: Path) -> None:
    async with exploring(run.parent.parent) as (app, _):
        await press(app, "x")
        together(app, "enter", "enter")
        await until(app, lambda: "written" in text(app))
        await is_alive(app)
        assert len(list(tmp_path.glob("*.png"))) == 1


@pytest.mark.parametrize("opener", OPENERS)
async def test_a_key_pressed_twice_opens_one_dialog(runs: Path, opener: str) -> None:
    with tiny.live(runs) as run:
        async with exploring(runs, wanted=[run]) as (app, _):
            together(app, opener, opener)
            await settle(app)
            assert len(app.screen_stack) <= 2
            await press(app, "escape", "escape")
            await is_alive(app)


@pytest.mark.parametrize("opener", ["s", "slash", "t"])
async def test_clicks_that_arrive_together_close_a_dialog_once(
    runs: Path, asked: list[str], opener: str
) -> None:
    """A click on the words that name a key, three times, and Escape."""
    with tiny.live(runs) as run:
        async with exploring(runs, wanted=[run]) as (app, _):
            await press(app, opener)
            words = {"s": "cancel", "slash": "close", "t": "cancel"}[opener]
            lines = text(app).splitlines()
            y = next(y for y, line in enumerate(lines) if f"Esc {words}" in line)
            x = lines[y].index(f"Esc {words}")
            for kind in (events.MouseDown, events.MouseUp) * 3:
                app.post_message(kind(None, x, y, 0, 0, 1, False, False, False, x, y))
            together(app, "escape", "escape")
            await is_alive(app)
            assert asked == []


@pytest.mark.parametrize("opener", OPENERS)
async def test_a_dialog_that_is_left_while_it_works_ends_nothing_else(runs: Path, opener: str) -> None:
    """Keys of all sorts, sent together with those that close it, in every order of a few."""
    keys = ("down", "x", "backspace", "tab", "escape", "pagedown", "enter")
    with tiny.live(runs) as run:
        async with exploring(runs, wanted=[run]) as (app, _):
            for start in (0, 2, 4):
                await press(app, opener)
                together(app, *(keys[start:] + keys[:start]), "escape")
                await settle(app)
                while len(app.screen_stack) > 1:
                    await press(app, "escape")
                assert app._exception is None
                assert app.is_running
                await press(app, "1")


def test_every_dialog_is_one_that_ends_once() -> None:
    for kind in (Ask, Export, Help, Prompt, ReportDialog, RunListDialog, Stop, TrainDialog):
        assert issubclass(kind, ClosesOnce)
