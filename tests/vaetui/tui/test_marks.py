"""Marked runs: which they are, how long they stay so, and where that is seen."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, picture, press, terminal, text, until
from vaetui.render.terminal import Depth, Glyphs
from vaetui.runs.run_index import RunIndex
from vaetui.tui.app import Explorer
from vaetui.tui.state.run_selection import BETA, LATENT, RunSelection

FIRST = "vae-z2-b1-bce-s0-h16"
LESSER: Sequence[tuple[Depth, Glyphs]] = [
    ("truecolor", "half"),
    ("256", "half"),
    ("16", "half"),
    ("none", "half"),
    ("none", "ascii"),
    ("truecolor", "ascii"),
]


def marked(app: Explorer) -> list[str]:
    return [run.name for run in app.state.runs.marked]


def row(app: Explorer, latent: int) -> str:
    """The line of a latent size in the grid."""
    return next(line[:23] for line in text(app).splitlines() if line[:6].split() == [str(latent)])


def test_marks_come_and_go_in_their_order(grid: Path) -> None:
    browser = RunSelection(RunIndex(grid), [grid / "digits" / FIRST])
    for axis in (LATENT, BETA):
        browser.mark(browser.run)
        assert browser.move(axis, 1)
    assert [run.name for run in browser.marked] == [FIRST, "vae-z5-b1-bce-s0-h16"]
    assert browser.move(BETA, -1)
    browser.mark(browser.run)
    assert [run.name for run in browser.marked] == [FIRST]
    assert "marks" in browser.facts
    assert browser.move(LATENT, -1)
    browser.mark(browser.run)
    assert browser.marked == ()
    assert "marks" not in browser.facts


def test_nothing_is_marked_where_there_are_no_runs(runs: Path) -> None:
    browser = RunSelection(RunIndex(runs))
    browser.mark(browser.run)
    assert browser.marked == ()


def test_a_run_that_goes_away_loses_its_mark_and_the_others_keep_theirs(grid: Path) -> None:
    browser = RunSelection(RunIndex(grid), [])
    browser.select(2, 1.0)
    browser.mark(browser.run)
    browser.select(5, 4.0)
    browser.mark(browser.run)
    shutil.rmtree(grid / "digits" / FIRST)
    tiny.wait_until(browser.poll)
    assert [run.name for run in browser.marked] == ["vae-z5-b4-bce-s0-h16"]
    tiny.make(grid)
    tiny.wait_until(browser.poll)
    assert len(browser.marked) == 1


async def test_marks_stay_through_checkpoints_families_and_views(grid: Path) -> None:
    tiny.make(grid, tiny.config(latent=5, beta=4.0, hidden=(8,)))
    async with exploring(grid, wanted=[], poll=60) as (app, _):
        app.action_select(2, 1.0)
        for key in ("v", "right_square_bracket", "2", "f", "v", "f", "4", "equals_sign"):
            await press(app, key)
        assert len(marked(app)) == 2
        assert app.view.state.marked == app.state.runs.marked
        await press(app, "V")
        assert marked(app) == []


async def test_what_is_marked_follows_live_data(runs: Path) -> None:
    made = tiny.config(epochs=5)
    with tiny.live(runs, made) as run:
        tiny.make(runs, tiny.config(beta=4.0))
        async with exploring(runs, wanted=[run]) as (app, _):
            await press(app, "v", "equals_sign")
            tiny.grow(run, made, 2)
            await until(app, lambda: len(app.view.state.marked[0].epochs) == 2)


@pytest.mark.parametrize(("depth", "glyphs"), LESSER)
async def test_the_grid_and_the_header_show_marks_everywhere(
    grid: Path, depth: Depth, glyphs: Glyphs, monkeypatch: pytest.MonkeyPatch
) -> None:
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    sign, other = ("M", "m") if glyphs == "ascii" else ("◆", "◇")
    wanted = [grid / "digits" / FIRST]
    async with exploring(grid, wanted=wanted, shown=terminal(depth, glyphs), poll=60) as (app, _):
        await press(app, "1")
        assert sign not in row(app, 2)
        before = picture(app)
        await press(app, "v")
        assert row(app, 2).count(sign) == 1
        assert f"{sign} 1" in text(app).splitlines()[0]
        await press(app, "equals_sign")
        assert row(app, 2).count(sign) == 1
        assert f"{other} 1" in text(app).splitlines()[0]
        await press(app, "m", "m", "minus", "v", "m", "m", "m")
        assert picture(app) == before


@pytest.mark.parametrize(("depth", "glyphs"), LESSER)
@pytest.mark.parametrize("done", [0, 1])
async def test_a_live_cell_keeps_its_sign_beside_the_mark(
    runs: Path, depth: Depth, glyphs: Glyphs, done: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    with tiny.live(runs, done=done):
        async with exploring(runs, shown=terminal(depth, glyphs), poll=60) as (app, _):
            await press(app, "v")
            assert ("‹◉◆›" if glyphs == "half" else "<*M>") in row(app, 2)


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)])
async def test_a_click_on_the_mark_takes_it_away(grid: Path, size: tuple[int, int]) -> None:
    async with exploring(grid, size, poll=60) as (app, pilot):
        await press(app, "v")
        await pilot.click(offset=(text(app).splitlines()[0].index("◆"), 0))
        await press(app)
        assert marked(app) == []


async def test_marking_is_offered_and_taking_away_only_where_there_is_a_mark(grid: Path) -> None:
    async with exploring(grid, LARGE, poll=60) as (app, _):
        assert "v mark" in text(app).splitlines()[-1]
        await press(app, "V")
        assert "marks" not in app.facts
        await press(app, "v")
        assert "marks" in app.facts
