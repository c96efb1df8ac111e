"""The run list in the app: what keys and clicks do, at every size, while runs come and go."""

import shutil
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, cell, exploring, press, terminal, text, until
from vaetui.tui.dialogs.run_list import RunListDialog
from vaetui.tui.session import read_session

TINY = (60, 20)


@pytest.mark.parametrize("size", [SMALL, TINY, LARGE], ids=str)
async def test_what_is_typed_finds_a_run_of_another_family(grid: Path, size: tuple[int, int]) -> None:
    wanted = tiny.make(grid, tiny.config(latent=7, beta=3.0, hidden=(8,)))
    async with exploring(grid, size) as (app, _):
        await press(app, "slash")
        assert "7 of 7" in text(app)
        assert "−ELBO" in text(app)
        await press(app, *"z7 b3")
        assert "1 of 7" in text(app)
        assert any(wanted.name[:16] in line and "finished" in line for line in text(app).splitlines())
        assert {len(line) for line in text(app).splitlines()} == {size[0]}
        await press(app, "enter")
        assert not isinstance(app.screen, RunListDialog)
        assert app.state.runs.run is not None
        assert app.state.runs.run.path == wanted
        assert app.state.runs.family is not None
        assert app.state.runs.family.key["hidden"] == (8,)


async def test_arrows_and_pages_move_and_escape_leaves_all_as_it_was(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z2-b1-bce-s0-h16"]) as (app, _):
        await press(app, "R", "pageup", "down", "escape")
        assert cell(app) == (2, 1.0)
        await press(app, "R", "pagedown", "enter")
        assert cell(app) == (5, "AE")
        await press(app, "R", "home", "j", "j", "k", "enter")
        assert cell(app) == (2, 4.0)
        await press(app, "slash", *"nothing like it", "enter")
        assert isinstance(app.screen, RunListDialog)
        assert "no run passes this filter" in text(app)
        await press(app, "escape", "slash", *"z5", "enter")
        assert cell(app) == (5, 1.0), "what is typed replaces the last filter"


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_it_is_as_wide_as_the_terminal(grid: Path, size: tuple[int, int]) -> None:
    async with exploring(grid, size) as (app, _):
        await press(app, "R")
        (line,) = [line for line in text(app).splitlines() if "6 of 6" in line]
        assert line.rstrip().endswith("6 of 6")
        assert len(line.rstrip()) == size[0] - 1
        headings = next(line for line in text(app).splitlines() if " epoch" in line and " state" in line)
        assert ("distortion" in headings) == (size == LARGE)
        assert ("more columns" in text(app)) == (size == SMALL)


async def test_a_click_selects_a_second_one_opens_and_headings_sort(grid: Path) -> None:
    async with exploring(grid, LARGE) as (app, pilot):
        await press(app, "R")

        def at(words: str) -> tuple[int, int]:
            lines = enumerate(text(app).splitlines())
            return next((line.index(words), y) for y, line in lines if words in line)

        x, y = at("  −ELBO  ")
        await pilot.click(offset=(x + 4, y))
        await press(app)
        assert "−ELBO↑" in text(app)
        await pilot.click(offset=at("−ELBO↑"))
        await press(app)
        assert "−ELBO↓" in text(app)
        await pilot.click(offset=at("vae-z5-b4"))
        await press(app)
        assert isinstance(app.screen, RunListDialog)
        await pilot.click(offset=at("vae-z5-b4"))
        await press(app)
        assert cell(app) == (5, 4.0)


async def test_it_follows_a_training_and_keeps_the_cursor(grid: Path) -> None:
    made = tiny.config(latent=3)
    with tiny.live(grid, made) as live:
        async with exploring(grid, LARGE, wanted=[live]) as (app, _):
            await press(app, "R")

            def shows(epoch: str) -> bool:
                return any(live.name in line and epoch in line for line in text(app).splitlines())

            await until(app, lambda: shows("1/3"))
            tiny.grow(live, made, 2)
            await until(app, lambda: shows("2/3"))
            await press(app, "delete", "enter")
            assert "is training: stop it (key s) before it is deleted" in text(app)
            await press(app, "home")
            shutil.rmtree(grid / "digits" / "vae-z2-b1-bce-s0-h16")
            await until(app, lambda: "6 of 6" in text(app))
            await press(app, "enter")
            assert cell(app) == (2, 4.0), "the next run"


async def test_a_thousand_letters_and_what_no_file_may_be_called(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "R", "n", *"x" * 300, "enter")
        assert "is saved" in text(app)
        await press(app, "r", "ctrl+u", *"a/b", "enter")
        assert "'a/b' cannot name a run" in text(app)
        await press(app, "escape", "escape")
        assert len(app.screen_stack) == 1


async def test_the_pane_is_remembered_and_opens_runs(grid: Path, tmp_path: Path) -> None:
    state = tmp_path / "session.json"
    async with exploring(grid, LARGE, state=state) as (app, pilot):
        await press(app, "R", "w", "escape")
        assert "│ runs" in text(app)
        lines = text(app).splitlines()
        y = next(y for y, line in enumerate(lines) if "vae-z5-b4" in line[130:])
        await pilot.click(offset=(140, y))
        await press(app)
        assert cell(app) == (5, 4.0)
        await pilot.resize_terminal(*SMALL)
        await press(app)
        assert "│ runs" not in text(app)
    assert read_session(state)[0].run_pane
    async with exploring(grid, LARGE, state=state) as (app, _):
        assert "│ runs" in text(app)
        await press(app, "R", "w", "escape")
        assert "│ runs" not in text(app)


async def test_it_is_ascii_where_it_must_be(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with exploring(grid, shown=terminal("none", "ascii")) as (app, _):
        await press(app, "slash", *"z2", "tab", "right", "v")
        assert text(app).isascii()
        assert "/ z2" in text(app)
