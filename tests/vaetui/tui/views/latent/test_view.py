"""The scatter of codes: its keys, its maps, what it says of the place under the cursor, where it is drawn."""

import re
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.tui.driving import (
    LARGE,
    SMALL,
    exploring,
    picture,
    press,
    settle,
    strips,
    terminal,
    text,
    until,
)
from tests.vaetui.tui.views.latent.codes import HERE, codes_of
from trainer.contract.run_dir import LATENTS
from trainer.contract.tensors import read_tensors, write_tensors
from vaetui.latent import pca, prior, projection
from vaetui.latent.nearest import nearest_code
from vaetui.latent.posteriors import Codes
from vaetui.latent.projection import ProjectedCodes
from vaetui.latent.scatter_settings import ScatterSettings
from vaetui.render import raster
from vaetui.render.terminal import Depth, Glyphs
from vaetui.render.theme import CLASS_COLOURS
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.views.latent.view import Latent
from vaetui.tui.widgets.scatter import Plot

ROWS = [row for row in keys.GROUPS if row.view == "Latent"]


def plane(app: Explorer) -> ScatterSettings:
    return app.state.selection.scatter


def frame(app: Explorer) -> Plot:
    assert isinstance(app.view, Latent)
    assert app.view._plot is not None
    return app.view._plot


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: "".join(row.caps()))
async def test_every_key_does_something_where_the_footer_names_it(
    runs: Path, row: keys.KeyGroup, size: tuple[int, int]
) -> None:
    tiny.make(runs, tiny.config(latent=2 if row.needs == "flat" else 5))
    async with exploring(runs, size) as (app, _):
        await press(app, HERE, "z", "c", "left", "greater_than_sign")
        assert row.needs in app.facts
        for key in row.keys:
            seen = picture(app)
            await press(app, key.name)
            assert picture(app) != seen, f"{key.cap} changes nothing"


async def test_the_axes_take_all_pairs_of_different_dimensions(runs: Path) -> None:
    tiny.make(runs, tiny.config(latent=3))
    async with exploring(runs) as (app, _):
        await press(app, HERE)
        seen = []
        for sign in "))}({":
            parenthesis = "parenthesis" if sign in "()" else "curly_bracket"
            await press(app, f"{'left' if sign in '({' else 'right'}_{parenthesis}")
            seen.append(plane(app).axes(3))
        assert seen == [(2, 1), (0, 1), (0, 2), (1, 2), (1, 0)]


def coloured_cells(app: Explorer) -> int:
    """The number of cells of the plot with a class colour."""
    plot, classes = frame(app), {bytes(colour).hex() for colour in CLASS_COLOURS}
    top, left = app.view.region.y + plot.y, app.view.region.x + plot.x
    rows = [strip.crop(left, left + plot.width) for strip in strips(app)[top : top + plot.height]]
    segments = [segment for row in rows for segment in row if any(c in str(segment.style) for c in classes)]
    return sum(segment.cell_length for segment in segments)


async def test_the_plane_stays_while_the_checkpoint_changes(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z5-b1-bce-s0-h16"]) as (app, _):
        await press(app, HERE, *["right_curly_bracket"] * 3, "z", "c", "right")
        before, seen = plane(app), picture(app)
        await press(app, "left_square_bracket", "equals_sign")  # two dimensions have no fifth
        assert plane(app) == before
        assert "z₁" in text(app)
        await press(app, "minus", "right_square_bracket")
        assert picture(app) == seen


async def test_points_grow_and_shrink(run: Path) -> None:
    async with exploring(run.parent.parent, LARGE) as (app, _):
        await press(app, HERE)
        small, coloured = picture(app), [coloured_cells(app)]
        for side in (2, 3, 4):
            await press(app, "greater_than_sign")
            assert f"points {side}×{side}" in text(app)
            coloured.append(coloured_cells(app))
        assert coloured == sorted(set(coloured))
        await press(app, "greater_than_sign")
        assert plane(app).point == 4
        await press(app, *["less_than_sign"] * 4)
        assert picture(app) == small


async def test_a_click_moves_the_cursor_and_the_legend_filters(run: Path) -> None:
    async with exploring(run.parent.parent) as (app, pilot):
        await press(app, HERE)
        there = frame(app)
        await pilot.click(Latent, offset=(there.x + 3, there.y + 5))
        await settle(app)
        assert there.cell(plane(app).x, plane(app).y) == (3, 5)
        foot = app.view.size.height - 1
        column = text(app).splitlines()[app.view.region.y + foot].index(" 4 ") - app.view.region.x
        for wanted in (4, None):
            await pilot.click(Latent, offset=(column + 1, foot))
            await settle(app)
            assert plane(app).only_class == wanted


async def test_the_cursor_stays_on_the_map_and_home_brings_it_back(run: Path) -> None:
    async with exploring(run.parent.parent) as (app, _):
        await press(app, HERE, *["shift+left"] * 20, *["shift+up"] * 20)
        assert frame(app).cell(plane(app).x, plane(app).y) == (0, 0)
        await press(app, *["z"] * 9, "home")
        assert plane(app) == ScatterSettings()


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
async def test_density_and_nearest_code_of_the_place_under_the_cursor(
    runs: Path, size: tuple[int, int]
) -> None:
    run = tiny.make(runs, tiny.config(latent=5))
    async with exploring(runs, size) as (app, _):
        await press(app, HERE, "right", "up", "up")
        z = np.zeros(5, np.float32)
        z[np.argsort(-codes_of(run).std(0))[:2]] = plane(app).x, plane(app).y  # the widest are seen first
        index, distance = nearest_code(z, codes_of(run))
        assert re.search(rf"{index % 10}, dist\w*\.? {distance:.2f}", text(app))
        assert f"{float(prior.log_prior(z)):.2f} nats".replace("-", "−") in text(app)
        assert "other dims" in text(app)


async def test_pca_tells_shares_and_decodes_through_its_inverse(runs: Path) -> None:
    run = tiny.make(runs, tiny.config(latent=5))
    async with exploring(runs, LARGE) as (app, _):
        await press(app, HERE, "w", "right")
        axes = pca.fit_pca(codes_of(run))
        for place in (0, 1):
            assert f"PC{place + 1}  {100 * axes.explained[place]:.1f} % of variance" in text(app)
        z = axes.back(np.array([plane(app).x, plane(app).y], np.float32))
        index, distance = nearest_code(z, codes_of(run))
        assert re.search(rf"{index % 10}, dist\w*\.? {distance:.2f}", text(app))


async def test_an_autoencoder_has_no_density(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "ae-z2-bce-s0-h16"]) as (app, _):
        await press(app, HERE)
        assert "none: an AE" in text(app)
        assert "posterior" not in text(app)
        await press(app, "d")
        assert "an AE has no prior" in text(app)


async def test_two_dimensions_are_decoded_as_a_plane_at_the_quantiles(run: Path) -> None:
    async with exploring(run.parent.parent) as (app, _):
        await press(app, HERE, "d")
        assert "6 × 4 decoded points  at the quantiles of N(0, I)" in text(app)
        for value in prior.normal_quantiles(6).tolist():
            assert f"{value:.2f}".replace("-", "−") in text(app)
        assert "codes" not in app.facts
        await press(app, "d")
        assert "two dims" in text(app)


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)], ids=["small", "large", "least"])
@pytest.mark.parametrize("size_of_z", [1, 2, 100])
async def test_one_dimension_is_a_strip_and_a_hundred_are_no_trouble(
    runs: Path, size_of_z: int, size: tuple[int, int]
) -> None:
    tiny.make(runs, tiny.config(latent=size_of_z))
    async with exploring(runs, size) as (app, _):
        await press(app, HERE)
        for name in ("  std ", "PC1", "t-SNE 1"):
            assert name in text(app)
            assert ("↑ class" in text(app)) == (size_of_z == 1 and name != "t-SNE 1")
            seen = picture(app)
            await press(app, "right", "up")
            assert picture(app) != seen
            if name == "  std ":
                await press(app, "w")
            elif name == "PC1":
                await press(app, "w")
                await until(app, lambda: "↑ t-SNE 2" in text(app))


@pytest.mark.parametrize(
    ("depth", "glyphs"),
    [
        ("truecolor", "half"),
        ("256", "half"),
        ("16", "half"),
        ("none", "half"),
        ("truecolor", "ascii"),
        ("none", "ascii"),
    ],
)
async def test_classes_are_known_by_colours_or_by_digits(run: Path, depth: Depth, glyphs: Glyphs) -> None:
    async with exploring(run.parent.parent, shown=terminal(depth, glyphs)) as (app, _):
        await press(app, HERE)
        seen, there = text(app), frame(app)
        region = app.view.region
        lines = seen.splitlines()[region.y + there.y : region.y + there.y + there.height]
        inside = "".join(line[region.x + there.x : region.x + there.x + there.width] for line in lines)
        has_colours = glyphs == "half" and depth in ("truecolor", "256")
        assert (len(set(inside) & set("0123456789")) >= 8) != has_colours
        assert ("▀" in inside) == has_colours
        assert glyphs == "half" or seen.isascii()


async def test_inactive_dimensions_come_last_and_are_named(runs: Path) -> None:
    run = tiny.make(runs, tiny.config(latent=5))
    file = read_tensors(run / LATENTS)
    mean = file.arrays["mean"] * np.array([0.01, 2, 0.01, 0.01, 9], np.float32)
    write_tensors(run / LATENTS, file.arrays | {"mean": mean}, {"epoch": file.metadata["epoch"]})
    async with exploring(runs, LARGE) as (app, _):
        await press(app, HERE)
        assert "↑ z₂  std" in text(app)
        assert "z₅  std" in text(app)
        assert "inactive" not in text(app)
        await press(app, "right_curly_bracket")
        assert "of an inactive dim" in text(app)


async def test_codes_of_a_run_in_training_come_from_its_images(runs: Path) -> None:
    with tiny.live(runs):
        async with exploring(runs, LARGE) as (app, _):
            await press(app, HERE)
            assert "297 posterior means of test images" in text(app)
            assert "nearest: digits test" in text(app)


async def test_why_there_is_nothing_yet_is_reported(runs: Path) -> None:
    async with exploring(runs, poll=60) as (app, _):
        await press(app, HERE, "right", "w", "c", "z", "d")
        assert "There are no runs" in text(app)
    tiny.make(runs, state="queued")
    async with exploring(runs, poll=60) as (app, _):
        await press(app, HERE, "right", "w", "c", "z", "d")
        assert "is queued: its model" in text(app)
        assert not any(row.needs in app.facts for row in ROWS)


def chart() -> ProjectedCodes:
    rng = np.random.default_rng(1)
    codes = Codes(rng.standard_normal((200, 2)).astype(np.float32), np.arange(200, dtype=np.uint8) % 10)
    return projection.project_on_dims(codes, 0, 1)


def test_the_cursor_is_seen_at_every_zoom() -> None:
    found = chart()
    for x, y in (*found.points[::5].tolist(), (99.0, -99.0)):
        for zoom in range(7):
            left, right, bottom, top = found.visible(ScatterSettings(x=x, y=y, zoom=zoom))
            here = found.clamp(x, y)
            assert left - 1e-6 <= here[0] <= right + 1e-6
            assert bottom - 1e-6 <= here[1] <= top + 1e-6
            assert right - left == pytest.approx((found.window[1] - found.window[0]) / 2**zoom)
            assert left >= found.window[0] - 1e-6
            assert right <= found.window[1] + 1e-6


def test_cells_and_places_agree() -> None:
    there = Plot(7, 2, 30, 15, (-2.0, 3.0, -1.0, 4.0))
    for column in range(30):
        for row in range(15):
            assert there.cell(*there.place(there.x + column, there.y + row)) == (column, row)
    assert there.cell(-99, 99) == (0, 0)
    assert there.cell(99, -99) == (29, 14)


def test_every_code_is_in_the_raster_and_the_commonest_class_shows() -> None:
    found = chart()
    ink = raster.scatter(found.points, found.labels, found.window, 500, 500, None)
    assert (ink > 0).sum() >= 190
    assert set(np.unique(ink)) == set(range(11))
    alone = raster.scatter(found.points, found.labels, found.window, 500, 500, 3)
    assert set(np.unique(alone)) == {raster.NOTHING, 4, raster.OTHER}
    labels = np.array([5, 7, 7], np.uint8)
    one = raster.scatter(np.zeros((3, 2), np.float32), labels, (-1, 1, -1, 1), 1, 1, None)
    assert one.tolist() == [[8]]


async def test_a_step_of_the_cursor_draws_no_point_anew(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with exploring(run.parent.parent) as (app, _):
        await press(app, HERE)

        def refuse(*_: object) -> None:
            raise AssertionError("drawn anew")

        monkeypatch.setattr(raster, "scatter", refuse)
        seen = picture(app)
        await press(app, "right", "up", "shift+left")
        assert picture(app) != seen
