"""Playback: pace, pause and hidden widgets."""

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest

from tests.vaetui.tui.driving import exploring, press, settle, soon
from vaetui.tui.screen import player
from vaetui.tui.screen.player import Player


async def pace(folder: Path) -> float:
    """Return the median seconds between a few steps of a player, which is then stopped."""
    times: list[float] = []
    async with exploring(folder) as (app, _):
        await press(app, "4")
        played = Player(app.view, lambda: times.append(time.monotonic()))
        assert not played.stop()
        played.toggle()
        assert played.is_playing
        await soon(lambda: len(times) >= 5)
        assert played.stop()
        count = len(times)
        await asyncio.sleep(0.25)
        assert len(times) == count
    return float(np.median(np.diff(times)))


async def test_it_steps_until_it_is_stopped(grid: Path) -> None:
    assert await pace(grid) > 0.5 / player.FRAMES


async def test_it_is_slower_over_ssh(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "1.2.3.4 5 6.7.8.9 22")
    assert await pace(grid) > 0.5 / player.FRAMES_OVER_SSH


async def test_nothing_moves_behind_a_page_or_while_output_waits(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    async with exploring(grid) as (app, _):
        await press(app, "4")
        played = Player(app.view, lambda: steps.append(1))
        played.toggle()
        app.simulate_key("question_mark")
        await settle(app)
        steps.clear()
        await asyncio.sleep(0.3)
        assert not steps
        await press(app, "escape")
        monkeypatch.setattr(player, "is_output_pending", lambda _: True)
        steps.clear()
        await asyncio.sleep(0.3)
        assert not steps
        monkeypatch.setattr(player, "is_output_pending", lambda _: False)
        await soon(lambda: bool(steps))
