"""The view Traverse as a person uses it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, picture, press, settle, terminal, text
from vaetui.latent.dimensions import rank_dimensions
from vaetui.latent.traversal import TraversalOffsets
from vaetui.models.autoencoder import Posterior
from vaetui.render.terminal import Depth, Glyphs
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.views.traverse.paint import layout
from vaetui.tui.views.traverse.sliders import SliderLayout, sliders
from vaetui.tui.views.traverse.view import Traverse

OWN = [row for row in keys.GROUPS if row.view == Traverse.title]
SIZES = [SMALL, LARGE, (60, 20), (80, 23), (100, 30), (130, 42), (180, 46)]


@asynccontextmanager
async def traversing(
    runs: Path,
    name: str = "vae-z5-b1-bce-s0-h16",
    size: tuple[int, int] = SMALL,
    depth: Depth = "truecolor",
    glyphs: Glyphs = "half",
) -> AsyncIterator[tuple[Explorer, Pilot[None]]]:
    wanted = [runs / "digits" / name]
    async with exploring(runs, size, wanted, shown=terminal(depth, glyphs), poll=60) as (app, pilot):
        app.action_view(Traverse.title)
        await settle(app)
        yield app, pilot


def moves(app: Explorer) -> TraversalOffsets:
    return app.state.selection.offsets


def figures(app: Explorer) -> dict[str, float]:
    """The nats on the screen by the word before them, and the number in brackets as "difference"."""
    found = re.findall(r"(decoded|reconstruction):? ([\d.]+) nats(?: \(([+−][\d.]+)\))?", text(app))
    apart = [last for _, _, last in found if last] + re.findall(r"([+−]?[\d.]+) nats, squared", text(app))
    values = {name: float(value) for name, value, _ in found}
    return values | {"difference": float(apart[0].replace("−", "-"))}


@pytest.mark.parametrize("row", OWN, ids=lambda row: row.label)
async def test_every_key_changes_the_picture(grid: Path, row: keys.KeyGroup) -> None:
    async with traversing(grid) as (app, _):
        await press(app, "down", "right", "n")
        for key in row.keys:
            before = picture(app)
            await press(app, key.name)
            assert picture(app) != before, key.help


async def test_a_dimension_is_moved_switched_off_and_put_back(grid: Path) -> None:
    async with traversing(grid) as (app, _):
        start = picture(app)
        await press(app, "right")
        first = dict(moves(app).values)[0]
        await press(app, "left", "left")
        assert dict(moves(app).values)[0] == pytest.approx(first - 0.5)
        moved = picture(app)
        assert figures(app)["decoded"] != figures(app)["reconstruction"]
        await press(app, "0")
        assert picture(app) != moved
        await press(app, "0")
        assert picture(app) == moved
        await press(app, "home")
        assert picture(app) == start


@pytest.mark.parametrize("size", [SMALL, (100, 30), LARGE], ids=str)
async def test_differences_are_between_the_numbers_shown(grid: Path, size: tuple[int, int]) -> None:
    async with traversing(grid, size=size) as (app, _):
        await press(app, *["right"] * 6, "down", *["left"] * 6)
        for keys_pressed in ([], ["0"], ["up", "0"]):  # moved, one dimension off, two off
            await press(app, *keys_pressed)
            found = figures(app)
            assert found["difference"] != 0
            assert found["decoded"] - found["reconstruction"] == pytest.approx(found["difference"], abs=0.11)


async def test_everything_goes_back_but_the_choice(grid: Path) -> None:
    async with traversing(grid) as (app, _):
        await press(app, "right", "down", "shift+left", "down", "0", "delete")
        assert moves(app) == TraversalOffsets(rank=2)


async def test_keys_faster_than_the_screen_add_up(grid: Path) -> None:
    async with traversing(grid) as (app, _):
        await press(app, "0")
        for _ in range(5):
            app.simulate_key("right")
        await settle(app)
        assert dict(moves(app).values)[0] == 1.25


async def test_moves_stay_with_the_rank_while_the_checkpoint_changes(grid: Path) -> None:
    async with traversing(grid) as (app, _):
        await press(app, "down", "down", "down", "right")
        before, seen = app.state.selection, picture(app)
        await press(app, "left_square_bracket")  # two dimensions: the fourth is not there
        assert app.state.selection == before
        assert "moved" not in app.view.facts
        await press(app, "right_square_bracket")
        assert picture(app) == seen


async def test_the_digit_is_that_of_the_other_views(grid: Path) -> None:
    async with traversing(grid) as (app, _):
        await press(app, "n", "n", "n", "N")
        assert app.state.selection.image == 2
        assert "2: a " in text(app)


async def test_an_autoencoder_says_that_it_has_no_kl(grid: Path) -> None:
    async with traversing(grid, "ae-z5-bce-s0-h16") as (app, pilot):
        assert "no KL" in text(app)
        assert "variance" in text(app)
        await pilot.resize_terminal(*LARGE)
        await settle(app)
        assert "sorted by the variance of its codes" in text(app)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("latent", [1, 2, 100])
async def test_it_fits_every_size(runs: Path, size: tuple[int, int], latent: int) -> None:
    made = tiny.config(latent=latent)
    tiny.make(runs, made)
    async with traversing(runs, made.name, size) as (app, _):
        await press(app, *["down"] * 3, "right")
        assert {len(line) for line in text(app).splitlines()} == {size[0]}
        assert "recon" in text(app)
        assert "›" in text(app)
        assert ("↓" in text(app)) >= (latent == 100)


@pytest.mark.parametrize(
    ("depth", "glyphs"), [("256", "half"), ("16", "half"), ("none", "ascii"), ("truecolor", "ascii")]
)
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_lesser_terminals(
    grid: Path, size: tuple[int, int], depth: Depth, glyphs: Glyphs, monkeypatch: pytest.MonkeyPatch
) -> None:
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    async with traversing(grid, size=size, depth=depth, glyphs=glyphs) as (app, _):
        await press(app, "0", "down", "right")
        assert glyphs != "ascii" or text(app).isascii()
        assert "recon" in text(app)
        assert ("orange" in text(app)) == (size == LARGE and glyphs != "ascii")


async def test_clicks_set_a_slider_choose_a_dimension_and_jump_along_the_traversal(grid: Path) -> None:
    async with traversing(grid) as (app, pilot):
        view = app.view
        await pilot.click(view, offset=(10, 2))  # the left end of the second slider
        await settle(app)
        assert (moves(app).rank, dict(moves(app).values)[1]) == (1, -3)
        await pilot.click(view, offset=(3, 4))
        await settle(app)
        assert moves(app).rank == 3
        strip = layout(view.size.width, view.size.height, 5).strip
        assert strip is not None
        await pilot.click(view, offset=(strip.x + strip.pitch, strip.y + 1))
        await settle(app)
        assert dict(moves(app).values)[3] == pytest.approx(float(strip.values[1]))


async def test_without_a_model_it_says_why(runs: Path) -> None:
    made = tiny.config()
    tiny.make(runs, made, state="stopped", done=0)
    async with traversing(runs, made.name) as (app, _):
        assert "ended before its" in text(app)
        await press(app, *(key.name for row in OWN for key in row.keys))


@pytest.mark.parametrize("size", [(w, h) for w in (56, 76, 96, 165, 220) for h in (15, 20, 30, 36, 46, 60)])
@pytest.mark.parametrize("latent", [1, 10, 100])
def test_pictures_stay_inside_and_apart(size: tuple[int, int], latent: int) -> None:
    plan = layout(*size, latent)
    taken = np.zeros((size[1], size[0]), int)
    boxes = [(plan.main, plan.main_size), *((place, plan.other_size) for place in plan.others)]
    strip = plan.strip
    if strip:
        assert strip.count % 2 == 1
        boxes += [((strip.x + i * strip.pitch, strip.y), strip.size) for i in range(strip.count)]
    for (x, y), (width, height) in boxes:
        assert 0 <= x <= x + width <= size[0]
        assert 0 <= y <= y + height <= size[1]
        taken[y : y + height, x : x + width] += 1
    lines = 1 + plan.sliders.rows * plan.sliders.pitch
    taken[:lines, : plan.sliders.width] += 1
    assert taken.max() == 1
    assert plan.sliders.rows >= min(latent, 4)


def test_a_slider_shows_posterior_value_and_what_is_collapsed() -> None:
    mean, log_var = np.array([[0.0, 4.0, 0.1]], np.float32), np.array([[-1.0, -4.0, 0.0]], np.float32)
    found = rank_dimensions(Posterior(mean, log_var), (2.0, 1.0, 0.0), None)
    canvas = Canvas(40, 4, terminal())
    sliders(canvas, SliderLayout(40, 3), found, TraversalOffsets().with_value(0, -2.0, 0.0), "KL val")
    head, first, second, third = (strip.text for strip in canvas.strips())
    assert head.split() == ["KL", "val", "−3", "0", "+3", "σ"]
    assert first.split() == ["›", "z₁", "2.00", "────●────━━┃━━─────────", "−2.00"]
    assert second.split() == ["z₂", "1.00", "───────────┼──────────›", "+4.00"]
    assert third.split()[:3] == ["z₃", "0.00", "········━━━●━━━━·······"]
