"""What plays by itself."""

import asyncio
from pathlib import Path

import pytest

from tests.vaetui.tui.driving import exploring, press, settle
from vaetui.tui import player
from vaetui.tui.player import Player


async def counted(folder: Path, seconds: float) -> int:
    """How many steps a player takes in a while."""
    steps = []
    async with exploring(folder) as (app, _):
        await press(app, "4")
        played = Player(app.view, lambda: steps.append(1))
        assert not played.stop()
        played.toggle()
        assert played.is_playing
        await asyncio.sleep(seconds)
        assert played.stop()
        count = len(steps)
        await asyncio.sleep(0.25)
        assert len(steps) == count
    return count


async def test_it_steps_until_it_is_stopped(grid: Path) -> None:
    assert 2 <= await counted(grid, 0.65) <= 7


async def test_it_is_slower_over_ssh(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "1.2.3.4 5 6.7.8.9 22")
    assert 1 <= await counted(grid, 0.65) <= 4


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
        monkeypatch.setattr(player, "is_stalled", lambda _: True)
        steps.clear()
        await asyncio.sleep(0.3)
        assert not steps
        monkeypatch.setattr(player, "is_stalled", lambda _: False)
        await asyncio.sleep(0.3)
        assert steps
