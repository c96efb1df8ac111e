"""The view Interpolate as a person uses it, and what a interpolation is as a model sees it."""

import dataclasses
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from tests import tiny
from tests.vaetui.tui.driving import (
    LARGE,
    SMALL,
    exploring,
    picture,
    press,
    settle,
    soon,
    strips,
    terminal,
    text,
)
from vaetui.latent import decoded_path, nearest, posteriors, prior
from vaetui.latent import projection as atlas
from vaetui.latent.decoded_path import DecodedPath, spread_steps
from vaetui.latent.interpolation import CLASSIC_CLASSES, MAX_STOPS, Interpolation
from vaetui.latent.posteriors import Codes
from vaetui.latent.scatter_settings import ScatterSettings
from vaetui.render.terminal import Depth, Glyphs
from vaetui.runs.run_index import RunIndex
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.views.interpolate import slider
from vaetui.tui.views.interpolate.paint import layout
from vaetui.tui.views.interpolate.view import Interpolate

OWN = [row for row in keys.GROUPS if row.view == Interpolate.title]
SIZES = [SMALL, LARGE, (60, 20), (80, 23), (100, 30), (130, 42), (190, 44)]


@asynccontextmanager
async def interpolating(
    runs: Path,
    name: str = "vae-z5-b1-bce-s0-h16",
    size: tuple[int, int] = SMALL,
    depth: Depth = "truecolor",
    glyphs: Glyphs = "half",
) -> AsyncIterator[tuple[Explorer, Pilot[None]]]:
    wanted = [runs / "digits" / name]
    async with exploring(runs, size, wanted, shown=terminal(depth, glyphs), poll=60) as (app, pilot):
        app.action_view(Interpolate.title)
        await settle(app)
        yield app, pilot


def interpolation(app: Explorer) -> Interpolation:
    return app.state.selection.interpolation


def classes(app: Explorer) -> tuple[int, ...]:
    assert app.view.state.shown is not None
    return tuple(app.view.state.shown.label(stop) for stop in interpolation(app).stops)


def way(app: Explorer) -> DecodedPath:
    assert isinstance(app.view, Interpolate)
    assert app.view.path is not None
    return app.view.path


def slider_row(app: Explorer) -> int:
    """The row of the view that the slider is in."""
    lines = text(app).splitlines()[app.view.region.y :]
    return next(y for y, line in enumerate(lines) if line[app.view.region.x :].startswith(" step  "))


# --- keys


@pytest.mark.parametrize("row", OWN, ids=lambda row: "".join(row.caps()))
async def test_every_key_changes_the_picture(grid: Path, row: keys.KeyGroup) -> None:
    async with interpolating(grid) as (app, _):
        await press(app, "i", "i", "left")
        for key in row.keys:
            assert row.needs in app.facts
            before = picture(app)
            await press(app, key.name)
            assert picture(app) != before, key.help
            if row.label == "play":
                await press(app, "space")


async def test_stops_are_added_changed_and_listed(grid: Path) -> None:
    async with interpolating(grid) as (app, _):
        await press(app, "P")
        assert classes(app) == CLASSIC_CLASSES
        await press(app, "down", *["right"] * 3)
        assert "24/101" in text(app)
        assert "segment 2 of 5: 3→8" in text(app)
        assert "‹stop 2: 3›" in text(app)
        await press(app, "c")
        assert classes(app) == (2, 4, 8, 7, 9, 1)
        await press(app, "C", "C")
        assert classes(app) == (2, 2, 8, 7, 9, 1)
        stop = interpolation(app).stops[1]
        await press(app, "n")
        assert interpolation(app).stops[1] != stop
        await press(app, "N")
        assert interpolation(app).stops[1] == stop
        await press(app, "delete")
        assert classes(app) == (2, 8, 7, 9, 1)
        await press(app, "a", "b")
        assert classes(app) == (3, 8, 7, 9, 2)


async def test_the_preset_path_is_left_and_the_previous_stops_return(grid: Path) -> None:
    async with interpolating(grid) as (app, _):
        await press(app, "i", "home")
        seen = picture(app)
        await press(app, "P")
        assert picture(app) != seen
        await press(app, "P")
        assert picture(app) == seen


async def test_stops_have_a_limit_and_keys_that_can_do_nothing_go(grid: Path) -> None:
    async with interpolating(grid) as (app, _):
        assert "stops" not in app.facts
        await press(app, "end", *["i"] * 20)
        assert len(interpolation(app).stops) == MAX_STOPS
        assert "room" not in app.facts
        await press(app, *["delete"] * 20)
        assert len(interpolation(app).stops) == 2


async def test_the_path_stays_while_the_checkpoint_changes(grid: Path) -> None:
    async with interpolating(grid, size=LARGE) as (app, _):
        await press(app, "P", "down", "right", "n", "l")
        before, seen = interpolation(app), picture(app)
        await press(app, "left_square_bracket")
        assert interpolation(app) == before
        assert picture(app) != seen
        await press(app, "right_square_bracket")
        assert picture(app) == seen


async def test_a_drawing_is_a_stop_among_many(grid: Path) -> None:
    async with interpolating(grid, size=LARGE) as (app, _):
        await press(app, "P", "8", "space", "right", "right", "b", "4", "end")
        assert "segment 5 of 5: 9→?" in text(app)
        assert "drawing" in text(app)
        seen = way(app).z[-1].copy()
        await press(app, "8", "space", "down", "down", "4")
        assert not np.array_equal(way(app).z[-1], seen)


# --- mouse


async def test_a_click_on_the_slider_goes_to_stops_and_steps(grid: Path) -> None:
    async with interpolating(grid) as (app, pilot):
        await press(app, "P")
        line = text(app).splitlines()[app.view.region.y + slider_row(app)]
        for place, label in enumerate(CLASSIC_CLASSES):
            column = line.index(str(label), app.view.region.x + slider.NAME) - app.view.region.x
            await pilot.click(Interpolate, offset=(column, slider_row(app)))
            await settle(app)
            assert interpolation(app).step == 20 * place
        await pilot.click(Interpolate, offset=(slider.NAME + 3, slider_row(app)))
        await settle(app)
        assert 0 < interpolation(app).step < 20


async def test_a_click_on_the_map_goes_to_the_nearest_step(grid: Path) -> None:
    async with interpolating(grid, size=LARGE) as (app, pilot):
        await press(app, "P")
        assert isinstance(app.view, Interpolate)
        assert app.view.map is not None
        box, trail = app.view.map
        column, row = box.cell(*trail.places[47].tolist())
        await pilot.click(Interpolate, offset=(box.x + column, box.y + row))
        await settle(app)
        assert box.cell(*trail.places[interpolation(app).step].tolist()) == (column, row)
        assert interpolation(app).step != 0


async def test_a_click_on_a_picture_takes_the_next_class_and_one_on_a_frame_goes_there(grid: Path) -> None:
    async with interpolating(grid, size=LARGE) as (app, pilot):
        await press(app, "P", "down")
        await pilot.click(Interpolate, offset=(5, 5))
        await settle(app)
        assert classes(app)[:2] == (2, 4)
        await pilot.click(Interpolate, offset=(app.view.size.width - 10, app.view.size.height - 4))
        await settle(app)
        assert interpolation(app).step == interpolation(app).steps - 1


async def test_the_wheel_steps(grid: Path) -> None:
    async with interpolating(grid) as (app, _):
        assert isinstance(app.view, Interpolate)
        await app.view.on_mouse_scroll_down()
        await settle(app)
        assert interpolation(app).step == 11
        await app.view.on_mouse_scroll_up()
        await settle(app)
        assert interpolation(app).step == 10


# --- what is seen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("sees_map", [False, True])
async def test_it_fits_at_every_size(grid: Path, size: tuple[int, int], sees_map: bool) -> None:
    async with interpolating(grid, size=size) as (app, _):
        await press(app, *["i"] * 10, *["w"] * sees_map)
        for words in ("log p(z)", "nearest", f"{interpolation(app).step + 1}/{interpolation(app).steps}"):
            assert words in text(app)
        assert {len(line) for line in text(app).splitlines()} == {size[0]}
        is_wide = size[0] >= 130
        assert ("test codes" in text(app)) == (sees_map or is_wide)
        assert ("map" in app.facts) != is_wide


@pytest.mark.parametrize("width", [56, 60, 80, 94, 120, 149, 150, 165, 200])
@pytest.mark.parametrize("height", [17, 18, 20, 26, 27, 38, 40, 46, 60])
@pytest.mark.parametrize("sees_map", [False, True])
def test_nothing_overlaps(width: int, height: int, sees_map: bool) -> None:
    plan = layout(width, height, sees_map)
    boxes = [plan.image, *plan.stops, *([plan.map] if plan.map else [])]
    seen = np.zeros((height, width), int)
    for box in boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= width
        assert box.y + box.height <= plan.slider
        seen[box.y : box.y + box.height, box.x : box.x + box.width] += 1
    assert seen.max() == 1
    assert plan.slider + 1 + 2 * plan.curve <= min(plan.frames, height)


async def test_the_map_has_line_stops_and_step(grid: Path) -> None:
    async with interpolating(grid, size=LARGE) as (app, _):
        await press(app, "P", "down", "right", "right", "right")
        assert isinstance(app.view, Interpolate)
        assert app.view.map is not None
        box, trail = app.view.map
        lines = text(app).splitlines()

        def at(step: int) -> str:
            column, row = box.cell(*trail.places[step].tolist())
            return lines[app.view.region.y + box.y + row][app.view.region.x + box.x + column]

        assert at(23) == "●"
        assert {at(stop * 20) for stop in range(6)} <= {*"238791", "●"}
        for step in (50, 70, 90):
            column, row = box.cell(*trail.places[step].tolist())
            here = app.view.region.x + box.x + column
            cell = strips(app)[app.view.region.y + box.y + row].crop(here, here + 1)
            assert "#ffffff" in str(next(iter(cell)).style)
        z, codes = way(app).z, app.view.state.codes
        assert codes is not None
        first, second = atlas.dims_by_spread(codes)[:2]
        np.testing.assert_array_equal(trail.places, z[:, [first, second]])


async def test_the_map_follows_the_latent_view_and_says_that_t_sne_has_no_place(grid: Path) -> None:
    async with interpolating(grid, size=LARGE) as (app, _):
        app.state.selection = dataclasses.replace(app.state.selection, interpolation=Interpolation((0, 1, 2)))
        for projection, words in (("pca", "% of variance"), ("tsne", "t-SNE cannot place new points")):
            plane = ScatterSettings(projection)  # type: ignore[arg-type]
            app.state.selection = app.state.selection.__class__(
                interpolation=interpolation(app), scatter=plane
            )
            app.update()
            await settle(app)
            assert words in text(app)
            assert isinstance(app.view, Interpolate)
            assert app.view.map is not None
            codes = app.view.state.codes
            assert codes is not None
            scores = atlas.principal_axes(codes).project(way(app).z)[:, :2]
            np.testing.assert_allclose(app.view.map[1].places, scores, atol=1e-5)


async def test_one_dimension_goes_from_class_to_class(runs: Path) -> None:
    tiny.make(runs, tiny.config(latent=1))
    async with exploring(runs, LARGE) as (app, _):
        await press(app, "4", "P")
        assert isinstance(app.view, Interpolate)
        assert app.view.map is not None
        rows = app.view.map[1].places[:, 1]
        assert rows[::20].tolist() == list(CLASSIC_CLASSES)
        assert rows[10] == 2.5


async def test_codes_that_are_late_leave_a_line(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(posteriors, "load_test_codes", lambda *_: gate.wait(20) and None)
    wanted = [grid / "digits" / "vae-z5-b1-bce-s0-h16"]
    app = Explorer(RunIndex(grid), grid.parent / "data", terminal(), wanted, view=Interpolate.title)
    async with app.run_test(size=LARGE):
        assert "encoding" not in text(app)  # yet
        await soon(lambda: "encoding images …" in text(app))
        assert "…" in text(app).splitlines()[app.view.region.y + slider_row(app) + 5]
        gate.set()
        await press(app, "right", "P", "l")
        assert "test codes" not in text(app)


async def test_an_autoencoder_has_a_norm_instead_of_a_density(grid: Path) -> None:
    async with interpolating(grid, "ae-z5-bce-s0-h16") as (app, _):
        z = way(app).z[interpolation(app).step]
        assert f"{float(np.linalg.norm(z)):.2f}" in text(app)
        assert "norm |z|" in text(app)
        assert "log p(z)" not in text(app)


@pytest.mark.parametrize(
    ("depth", "glyphs"), [("256", "half"), ("16", "half"), ("none", "ascii"), ("truecolor", "ascii")]
)
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_lesser_terminals_show_everything(
    grid: Path, depth: Depth, glyphs: Glyphs, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    async with interpolating(grid, size=size, depth=depth, glyphs=glyphs) as (app, _):
        await press(app, "P", "w")
        assert {len(line) for line in text(app).splitlines()} == {size[0]}
        if glyphs == "ascii":
            assert text(app).isascii()
            assert "the path *" in text(app)
            assert any("@" in line[25:] for line in text(app).splitlines()[2:])  # the step
            assert sum(f"<{label}>" in text(app) for label in CLASSIC_CLASSES) > 2
        if depth == "none":
            assert not any("#" in style for line in picture(app) for _, style in line)


# --- frames and curves


@pytest.mark.parametrize("stops", [2, 3, 6, 12])
@pytest.mark.parametrize("room", [2, 5, 11, 22, 44, 300])
def test_frames_are_even_and_have_the_stops_among_them(stops: int, room: int) -> None:
    interpolation = Interpolation(tuple(range(stops)))
    steps = spread_steps(interpolation, room)
    assert len(steps) <= room
    assert (steps[0], steps[-1]) == (0, interpolation.steps - 1)
    assert list(steps) == sorted(set(steps))
    if room >= stops:
        assert set(range(0, interpolation.steps, interpolation.steps_per_segment)) <= set(steps)
    assert len(steps) >= min(room, stops, interpolation.steps)


async def test_curves_are_what_they_say(grid: Path) -> None:
    async with interpolating(grid) as (app, _):
        await press(app, "P", "l")
        here, codes = way(app), app.view.state.codes
        assert codes is not None
        count = len(here.z)
        exact = np.array([nearest.nearest_code(z, codes.mean)[1] for z in here.z])
        near = decoded_path.distance_curve(here, codes, count)
        np.testing.assert_allclose(near.heights * float(near.top), exact, atol=0.01 * exact.max())
        log_p = prior.log_prior(here.z)
        likely = decoded_path.density_curve(here, count)
        np.testing.assert_allclose(
            likely.heights, (log_p - log_p.min()) / (-2.5 * np.log(2 * np.pi) - log_p.min()), atol=1e-5
        )


async def test_a_straight_line_passes_where_the_density_is_higher(grid: Path) -> None:
    """The bars share a scale, z = 0 at the top, so that the two ways can be distinguished."""
    async with interpolating(grid) as (app, _):
        bent = decoded_path.density_curve(way(app), 31)
        await press(app, "l")
        straight = decoded_path.density_curve(way(app), 31)
        assert straight.top == bent.top
        assert straight.heights[15] > bent.heights[15]


def test_codes_of_strangers_neither_overflow_nor_warn() -> None:
    far = np.full((3, 2), 3e38, np.float32)
    codes = Codes(np.array([[0, 0], [1e30, np.nan]], np.float32), np.array([1, 2], np.uint8))

    class Stranger(DecodedPath):
        """Without a model."""

    strange = Stranger(None, far, far, 1)  # type: ignore[arg-type]
    assert np.isfinite(decoded_path.distance_curve(strange, codes, 5).heights).all()
    places = decoded_path.project_path(strange, codes, ScatterSettings("pca"), (1, 2, 3))
    assert places.shape == (3, 2)
