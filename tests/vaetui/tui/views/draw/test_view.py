"""The view Draw: mouse and keys, taking back, what stays, the drawing as an end of a path."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, picture, press, settle, terminal, text
from trainer.contract.config import Binarize
from vaetui.arrays import Floats
from vaetui.latent.interpolation import DRAWING
from vaetui.render import strokes
from vaetui.render.terminal import Depth, Glyphs
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.state.selection import Selection
from vaetui.tui.views.draw.view import HINT, Draw

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE, (120, 40), (60, 20)], ids=lambda s: f"{s[0]}x{s[1]}")
LINE = ("space", "right", "right", "down", "space")


async def to(app: Explorer, title: str) -> None:
    app.action_view(title)
    await settle(app)


async def drag(app: Explorer, pilot: Pilot[None], *cells: tuple[int, int], button: int = 1) -> None:
    """Drag over cells of the field."""
    view = app.view
    assert isinstance(view, Draw)
    assert view.field is not None
    places = [(view.field.x + x, view.field.y + y) for x, y in cells]
    await pilot.mouse_down(view, offset=places[0], button=button)
    for place in places[1:]:
        await pilot.hover(view, offset=place)
    await pilot.mouse_up(view, offset=places[-1])
    await settle(app)


def drawing(app: Explorer) -> Floats:
    return strokes.to_page(app.state.selection.drawing)


@SIZES
async def test_an_empty_field_says_what_to_do_and_a_stroke_is_seen_at_once(
    grid: Path, size: tuple[int, int]
) -> None:
    async with exploring(grid, size) as (app, _):
        await to(app, "Draw")
        assert HINT in text(app)
        before = picture(app)
        await press(app, *LINE)
        assert picture(app) != before
        assert HINT not in text(app)
        for words in ("distortion", "rate", "nearest test codes", "distance", "code z", "use as end"):
            assert words in text(app), words
        assert {len(line) for line in text(app).splitlines()} == {size[0]}


@pytest.mark.parametrize("key", [key for row in keys.GROUPS if row.view == "Draw" for key in row.keys],
                         ids=lambda key: key.name)  # fmt: skip
async def test_every_key_does_something_with_a_drawing(grid: Path, key: keys.Key) -> None:
    async with exploring(grid) as (app, _):
        await to(app, "Draw")
        await press(app, *LINE, *LINE, "u")
        before = picture(app)
        await press(app, key.name)
        assert picture(app) != before


async def test_strokes_are_taken_back_and_drawn_again_whole(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        await to(app, "Draw")
        seen = [app.state.selection.drawing]
        for _ in range(60):
            await press(app, "space", "left", "up", "space", "down")
            seen.append(app.state.selection.drawing)
        ways = [drawing for place, drawing in enumerate(seen) if not place or drawing != seen[place - 1]]
        for expected in ways[-2::-1]:
            await press(app, "u")
            assert app.state.selection.drawing == expected
        await press(app, "u")
        assert not drawing(app).any()
        for expected in ways[1:]:
            await press(app, "U")
            assert app.state.selection.drawing == expected


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_the_mouse_draws_erases_and_clears(grid: Path, size: tuple[int, int]) -> None:
    async with exploring(grid, size) as (app, pilot):
        await to(app, "Draw")
        await drag(app, pilot, (5, 5), (12, 5), (20, 9))
        drawn = drawing(app)
        assert drawn.sum() > 5
        await drag(app, pilot, (5, 5), (12, 5), button=3)
        assert 0 < drawing(app).sum() < drawn.sum()
        await pilot.hover(app.view, offset=(15, 9))
        left = drawing(app)
        await press(app, "u")
        assert np.array_equal(drawing(app), drawn)
        await press(app, "U")
        assert np.array_equal(drawing(app), left)
        for word in ("clear", "undo", "pen 2", "draw"):
            before = picture(app)
            y = next(y for y, line in enumerate(text(app).splitlines()) if "undo redo clear" in line)
            await pilot.click(offset=(text(app).splitlines()[y].index(word), y))
            await settle(app)
            assert picture(app) != before, word


@pytest.mark.parametrize("end", ["a", "b"])
async def test_the_drawing_is_an_end_until_it_is_replaced(grid: Path, end: str) -> None:
    async with exploring(grid) as (app, _):
        await to(app, "Draw")
        await press(app, end)
        assert DRAWING not in app.state.selection.interpolation.ends  # nothing is drawn yet
        await press(app, *LINE, end)
        assert dict(zip("ab", app.state.selection.interpolation.ends, strict=True))[end] == DRAWING
        assert f"now {end.upper()}" in text(app)
        await to(app, "Interpolate")
        assert "drawing" in text(app)
        before = picture(app)
        await to(app, "Draw")
        await press(app, *LINE)
        await to(app, "Interpolate")
        assert picture(app) != before
        await press(app, end)
        assert "drawing" not in text(app)
        assert DRAWING not in app.state.selection.interpolation.ends
        await to(app, "Draw")
        await press(app, end)
        await to(app, "Interpolate")
        await press(app, end.upper())
        assert DRAWING not in app.state.selection.interpolation.ends


async def test_the_drawing_stays_while_the_checkpoint_changes(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z2-b1-bce-s0-h16"]) as (app, _):
        await to(app, "Draw")
        await press(app, *LINE)
        selection, seen = app.state.selection, picture(app)
        await press(app, "right_square_bracket", "equals_sign")
        assert app.state.selection == selection
        assert picture(app) != seen
        await press(app, "minus", "left_square_bracket")
        assert picture(app) == seen


async def test_an_autoencoder_has_no_rate(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "ae-z2-bce-s0-h16"]) as (app, _):
        await to(app, "Draw")
        await press(app, *LINE)
        assert "of an AE" in text(app)


@pytest.mark.parametrize("latent", [1, 100])
@SIZES
async def test_the_largest_of_many_dimensions(runs: Path, latent: int, size: tuple[int, int]) -> None:
    tiny.make(runs, tiny.config(latent=latent))
    async with exploring(runs, size) as (app, _):
        await to(app, "Draw")
        await press(app, *LINE)
        assert f"of {latent}" in text(app) or f"all {latent}" in text(app)


async def test_one_can_draw_before_there_is_a_model(runs: Path) -> None:
    with tiny.live(runs, done=0):
        async with exploring(runs) as (app, _):
            await to(app, "Draw")
            await press(app, *LINE)
            assert drawing(app).any()
            assert "its model comes soon" in text(app)


async def test_without_runs_there_is_only_advice(runs: Path) -> None:
    async with exploring(runs) as (app, pilot):
        await to(app, "Draw")
        await press(app, "space", "right", "u", "U", "delete", "a", "w", "e", "greater_than_sign")
        await pilot.click(app.view, offset=(5, 5))
        assert "There are no runs" in text(app)


@pytest.mark.parametrize(
    ("depth", "glyphs"), [("256", "half"), ("16", "half"), ("none", "ascii"), ("truecolor", "ascii")]
)
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_lesser_terminals(grid: Path, depth: Depth, glyphs: Glyphs, size: tuple[int, int]) -> None:
    async with exploring(grid, size, shown=terminal(depth, glyphs)) as (app, _):
        await to(app, "Draw")
        empty = picture(app)
        await press(app, "right")
        assert picture(app) != empty
        await press(app, *LINE)
        assert text(app).isascii() or glyphs == "half"


def test_the_model_sees_it_centred_or_as_drawn() -> None:
    selection = Selection().with_stroke(strokes.stroke((2, 2), (2, 9), 2.2), erases=False)
    drawn = dataclasses.replace(selection, is_centred=False).sketch.pixels
    assert not np.array_equal(selection.sketch.pixels, drawn)
    assert np.array_equal(drawn.reshape(28, 28), strokes.to_page(selection.drawing))
    assert not Selection().sketch.pixels.any()


@SIZES
@pytest.mark.parametrize("binarize", ["none", "fixed"])
async def test_a_drawing_that_is_cut_says_so(runs: Path, size: tuple[int, int], binarize: Binarize) -> None:
    tiny.make(runs, tiny.config(binarize=binarize))
    async with exploring(runs, size) as (app, _):
        await to(app, "Draw")
        await press(app, *LINE)
        assert ("binarised" in text(app)) == (binarize == "fixed")
