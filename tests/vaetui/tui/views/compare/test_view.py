"""The view Compare: its keys, panes, states and sizes."""

import dataclasses
import re
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, cell, exploring, picture, press, settle, terminal, text
from trainer.contract.config import read_config
from trainer.contract.evaluation import Information, Marginal
from vaetui.runs.comparison import COLUMNS, ORDERS
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.views.compare.view import PANES, Compare

NUMBER = str(keys.VIEWS.index("Compare") + 1)
FIRST = "vae-z2-b1-bce-s0-h16"


def view(app: Explorer) -> Compare:
    assert isinstance(app.view, Compare)
    return app.view


def beside_the_grid(app: Explorer) -> str:
    return "\n".join(line[24:] for line in text(app).splitlines())


async def to(app: Explorer, pane: str) -> None:
    await press(app, NUMBER)
    await press(app, *["w"] * ((PANES.index(pane) - view(app).pane) % len(PANES)))


@pytest.mark.parametrize("pane", PANES)
async def test_each_pane_has_what_is_its_own(grid: Path, pane: str) -> None:
    own = {
        "plane": ["rate–distortion plane", "test, 60 images", "distortion", "no rate", "z 5 β 4"],
        "table": ["checkpoints  test, nats", "−ELBO", "active", "epochs", "lowest validation −ELBO"],
        "classes": ["distortion by class", "mean", "costs most"],
        "cells": ["test image", "AE", "β 1", "β 4", "z 2", "z 5", " nats"],
    }
    async with exploring(grid, wanted=[grid / "digits" / FIRST]) as (app, _):
        await to(app, pane)
        for words in own[pane]:
            assert words in text(app)


async def test_all_four_are_seen_where_there_is_room_and_no_key_changes_panes(grid: Path) -> None:
    async with exploring(grid, LARGE) as (app, _):
        await press(app, NUMBER)
        for words in ("rate–distortion plane", "checkpoints", "by class", "same image"):
            assert words in text(app)
        assert "w next pane" not in text(app)


@pytest.mark.parametrize(
    "row", [row for row in keys.GROUPS if row.view == "Compare"], ids=lambda row: row.label
)
async def test_every_key_does_what_it_says(grid: Path, row: keys.KeyGroup) -> None:
    pane = row.needs if row.needs in PANES else "table"
    async with exploring(grid, wanted=[grid / "digits" / FIRST]) as (app, _):
        await to(app, pane)
        before = picture(app)
        await press(app, row.keys[{"open": -2, "": 0}.get(row.label, -1)].name)
        assert picture(app) != before


async def test_the_split_of_the_selected_rate_is_below_the_table(grid: Path) -> None:
    first = grid / "digits" / FIRST
    found = tiny.evaluation(read_config(first), 3)
    split = Information(3.8, 0.01, 0.75, 0.02, 4.5, 128, 60, 0)
    tiny.write_evaluation(first, dataclasses.replace(found, information=split))
    async with exploring(grid, wanted=[first]) as (app, _):
        await to(app, "table")
        seen = " ".join(beside_the_grid(app).split())
        assert "information 3.80 ± 0.01 + marginal KL 0.75 ± 0.02" in seen
        assert "so near it the split says little" in seen
        await press(app, "j")
        assert "marginal KL" not in text(app)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
async def test_the_entropy_is_a_line_where_images_are_binary(runs: Path, size: tuple[int, int]) -> None:
    paths = tiny.grid(runs, latents=(2, 5), betas=(1.0, 4.0), binarize="fixed")
    found = tiny.evaluation(read_config(paths[0]), 3)
    nats = found.figures.distortion + found.figures.rate
    marginal = Marginal(nats, 0.0, 0.3, 100, 8.5, 0, "importance sampling")
    async with exploring(runs, size, wanted=paths) as (app, _):
        await to(app, "plane")
        assert "entropy" not in text(app)
    tiny.write_evaluation(paths[0], dataclasses.replace(found, marginal=marginal))
    async with exploring(runs, size, wanted=paths) as (app, _):
        await to(app, "plane")
        assert f"entropy ≤ {nats:.1f}" in text(app)


async def test_the_squared_error_at_the_mean_has_its_column_where_it_is_sorted_by(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / FIRST]) as (app, _):
        await to(app, "table")
        assert "active" in beside_the_grid(app)
        assert "MSE" not in beside_the_grid(app).replace("MSE per pixel", "")
        await press(app, *["o"] * 5)
        assert ORDERS[view(app).order].title == "MSE mean"
        assert "MSE mean" in beside_the_grid(app)
        assert "MSE draw" not in beside_the_grid(app)
        assert "active" not in beside_the_grid(app)


async def test_the_figure_that_chooses_is_in_the_row_of_the_chosen(grid: Path) -> None:
    async with exploring(grid, LARGE) as (app, _):
        await press(app, NUMBER)
        assert "val −ELBO" in text(app)
        (said,) = re.findall(r"lowest validation −ELBO, ([\d.]+) nats", " ".join(text(app).split()))
        (row,) = [line for line in text(app).splitlines() if re.search(r"◉ +\d", line)]
        table = row[row.index("◉") :].split()
        assert table[1 + [column.title for column in COLUMNS].index("val −ELBO")] == said


async def test_the_cursor_moves_and_enter_opens_what_it_is_on(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / FIRST]) as (app, _):
        await to(app, "table")
        await press(app, *["up"] * 9)
        assert cell(app) == (2, 1.0)  # nothing is opened by looking
        first = view(app).comparison().shown[0]
        assert view(app).cursor == first.path
        await press(app, "enter")
        assert cell(app) == (first.latent, first.beta)
        await press(app, *["down"] * 9, "enter")
        assert cell(app)[1] == "AE"
        await press(app, "right_square_bracket", "left_square_bracket")
        assert app.state.runs.run is not None
        assert view(app).cursor == app.state.runs.run.path


@pytest.mark.parametrize("pane", PANES)
async def test_a_click_opens_a_checkpoint(grid: Path, pane: str) -> None:
    async with exploring(grid, wanted=[grid / "digits" / FIRST]) as (app, pilot):
        await to(app, pane)
        for zone in [zone for zone in view(app)._zones if zone.action.startswith("pick")]:
            if cell(app) == (2, 1.0):
                await _click(app, pilot, zone.x + zone.width // 2, zone.y)
        assert cell(app) != (2, 1.0)


async def _click(app: Explorer, pilot: Pilot[None], x: int, y: int) -> None:
    await pilot.click("#Compare", offset=(x, y))
    await settle(app)


async def test_sorting_keeps_autoencoders_after_the_vaes(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        await to(app, "table")
        for _ in range(7):
            found = [entry.beta is None for entry in view(app).comparison().ranked]
            assert found == sorted(found)
            await press(app, "o")


async def test_runs_measured_otherwise_are_listed_apart_and_not_in_the_plane(grid: Path) -> None:
    other = tiny.config(latent=5, beta=4.0)
    found = dataclasses.replace(tiny.evaluation(other, 3), posterior_draws=7)
    tiny.write_evaluation(grid / "digits" / other.name, found)
    async with exploring(grid) as (app, _):
        await to(app, "table")
        assert "ranked separately: 7 posterior draws, not 1" in text(app)
        assert "z 5 β 4" not in {entry.name for entry in view(app).comparison().ranked}
        await to(app, "plane")
        assert "z 5 β 4" not in text(app)


async def test_one_that_still_trains_makes_all_figures_those_of_validation(grid: Path) -> None:
    with tiny.live(grid, tiny.config(latent=7)):
        async with exploring(grid) as (app, _):
            await to(app, "plane")
            assert "validation (not every run" in text(app)
            await to(app, "table")
            assert "so far" in text(app)
            await to(app, "classes")
            assert "not every run has been tested" in text(app)


async def test_a_run_without_epochs_is_counted_and_has_no_model(grid: Path) -> None:
    tiny.make(grid, tiny.config(latent=7), state="queued")
    async with exploring(grid) as (app, _):
        await to(app, "table")
        assert "1 without metrics yet" in text(app)
        await to(app, "cells")
        await press(app, *["up"] * 9, *["down"] * 9)
        assert "no model" in text(app)


async def test_only_queued_runs(runs: Path) -> None:
    tiny.make(runs, state="queued")
    async with exploring(runs) as (app, _):
        for pane in PANES:
            await to(app, pane)
            await press(app, "o", "E", "J", "up", "down", "enter", "right")
        await to(app, "plane")
        assert "has metrics yet" in text(app)


@pytest.mark.parametrize("kinds", [("vae",), ("ae",)])
@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)])
async def test_families_of_one_kind_and_many_sizes(
    runs: Path, size: tuple[int, int], kinds: tuple[str, ...]
) -> None:
    tiny.grid(runs, (1, 2, 20, 50, 100), (0.0, 0.5, 4.0), kinds)  # type: ignore[arg-type]
    async with exploring(runs, size) as (app, _):
        for pane in PANES:
            await to(app, pane)
            assert {len(line) for line in text(app).splitlines()} == {size[0]}
            await press(app, *["up"] * 15)
            seen = picture(app)
            await press(app, "down", "down", "enter")
            assert picture(app) != seen


@pytest.mark.parametrize("pane", PANES)
async def test_without_colours_and_in_ascii(grid: Path, pane: str) -> None:
    async with exploring(grid, shown=terminal("none", "ascii")) as (app, _):
        await to(app, pane)
        rows = [line[24:] for line in text(app).splitlines()]
        assert all(row.isascii() for row in rows)


async def test_models_are_read_once_and_no_more_for_another_digit(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with exploring(grid, poll=60) as (app, _):
        await to(app, "cells")
        before = picture(app)

        def refuse(*_: object) -> None:
            raise AssertionError("a file was read")

        monkeypatch.setattr("vaetui.models.registry.read_tensors", refuse)
        await press(app, "right", "right")
        assert picture(app) != before
        await press(app, "left", "left")
        assert picture(app) == before


async def test_seeds_are_one_row_and_the_image_is_of_the_selected_one(runs: Path) -> None:
    for seed in (0, 1):
        tiny.grid(runs, seed=seed)
    async with exploring(runs, LARGE, [runs / "digits" / "vae-z2-b1-bce-s1-h16"]) as (app, _):
        await press(app, NUMBER)
        assert len(view(app).comparison().shown) == 4
        assert " ± 0.0" in text(app)
        assert " (2 seeds)" in text(app)
        assert ", seed 1" in text(app), "of the images"
        await press(app, "down", "enter")
        assert app.state.runs.run is not None
        assert (cell(app) != (2, 1.0), app.state.runs.run.config.seed) == (True, 1)
        command = view(app).command()
        assert len([word for word in command if word.startswith("vae-")]) == 8
        content = view(app).content()
        assert content.arrays["seeds"].tolist() == [2] * 4
        assert content.sheet is not None
