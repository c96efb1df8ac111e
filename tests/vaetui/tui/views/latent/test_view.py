"""The scatter of codes: its keys, its maps, what it says of the place under the cursor, where it is drawn."""

import re
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, picture, press, settle, terminal, text, until
from trainer.contract.files import Problem
from trainer.contract.run_dir import LATENTS
from trainer.contract.tensors import read_tensors, write_tensors
from vaetui.arrays import Floats
from vaetui.latent import pca, prior, projection, tsne_cache
from vaetui.latent.nearest import nearest_code
from vaetui.latent.posteriors import Codes
from vaetui.latent.projection import ProjectedCodes
from vaetui.latent.scatter_settings import ScatterSettings
from vaetui.render import raster
from vaetui.render.cells import Depth
from vaetui.render.terminal import Glyphs
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.views.latent.view import Latent
from vaetui.tui.widgets.scatter import Plot

Tell = Callable[[float], object]

HERE = str(keys.VIEWS.index("Latent") + 1)
ROWS = [row for row in keys.GROUPS if row.view == "Latent"]


def fake_tsne(codes: Floats, tell: Tell = print) -> Floats:
    """A map that takes no time: the first dimension, there and back."""
    return np.ascontiguousarray(np.stack([codes[:, 0], -codes[:, 0]], axis=1))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tsne_cache, "run_tsne", fake_tsne)


def plane(app: Explorer) -> ScatterSettings:
    return app.state.selection.scatter


def frame(app: Explorer) -> Plot:
    assert isinstance(app.view, Latent)
    assert app.view._plot is not None
    return app.view._plot


async def to_tsne(app: Explorer) -> None:
    await press(app, "p", "p")
    await until(app, lambda: isinstance(app.view, Latent) and app.view.map is not None)


# --- keys and mouse


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: "".join(row.caps()))
async def test_every_key_does_something_where_the_footer_names_it(
    runs: Path, row: keys.KeyGroup, size: tuple[int, int]
) -> None:
    tiny.make(runs, tiny.config(latent=2 if row.needs == "flat" else 5))
    async with exploring(runs, size) as (app, _):
        await press(app, HERE, "i", "c", "left")
        assert row.needs in app.facts
        for key in row.keys:
            seen = picture(app)
            await press(app, key.name)
            assert picture(app) != seen, f"{key.cap} changes nothing"


async def test_the_axes_walk_over_all_pairs_of_different_dimensions(runs: Path) -> None:
    tiny.make(runs, tiny.config(latent=3))
    async with exploring(runs) as (app, _):
        await press(app, HERE)
        seen = []
        for key in ("comma", "comma", "full_stop", "less_than_sign", "greater_than_sign"):
            await press(app, key)
            seen.append(plane(app).axes(3))
        assert seen == [(2, 1), (0, 1), (0, 2), (1, 2), (1, 0)]


async def test_the_plane_stays_while_the_checkpoint_changes(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z5-b1-bce-s0-h16"]) as (app, _):
        await press(app, HERE, "full_stop", "full_stop", "full_stop", "i", "c", "right")
        before, seen = plane(app), picture(app)
        await press(app, "left_square_bracket", "equals_sign")  # two dimensions have no fifth
        assert plane(app) == before
        assert "z1" in text(app)
        await press(app, "minus", "right_square_bracket")
        assert picture(app) == seen


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
        await press(app, *["i"] * 9, "home")
        assert plane(app) == ScatterSettings()


# --- what is said


def codes_of(run: Path) -> Floats:
    return np.asarray(read_tensors(run / LATENTS).arrays["mean"], np.float32)


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
        await press(app, HERE, "p", "right")
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
                await press(app, "p")
            elif name == "PC1":
                await press(app, "p")
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
async def test_classes_are_told_by_colours_or_by_digits(run: Path, depth: Depth, glyphs: Glyphs) -> None:
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
        assert "↑ z2  std" in text(app)
        assert "z5  std" in text(app)
        assert "inactive" not in text(app)
        await press(app, "full_stop")
        assert "of an inactive dim" in text(app)


async def test_codes_of_a_run_in_training_come_from_its_images(runs: Path) -> None:
    with tiny.live(runs):
        async with exploring(runs, LARGE) as (app, _):
            await press(app, HERE)
            assert "297 posterior means of test images" in text(app)
            assert "nearest: digits test" in text(app)


async def test_why_there_is_nothing_yet_is_told(runs: Path) -> None:
    async with exploring(runs, poll=60) as (app, _):
        await press(app, HERE, "right", "p", "c", "i", "d")
        assert "There are no runs" in text(app)
    tiny.make(runs, state="queued")
    async with exploring(runs, poll=60) as (app, _):
        await press(app, HERE, "right", "p", "c", "i", "d")
        assert "is queued: its model" in text(app)
        assert not any(row.needs in app.facts for row in ROWS)


# --- t-SNE


def test_points_that_cannot_be_drawn_are_worked_out_anew(run: Path) -> None:
    first, _ = tsne_cache.load_or_run_tsne(run, held(run), print)
    file = read_tensors(run / tsne_cache.FILE)
    points = file.arrays["points"].copy()
    points[0] = 3e38
    write_tensors(run / tsne_cache.FILE, {"points": points}, {"codes": file.metadata["codes"]})
    np.testing.assert_array_equal(tsne_cache.load_or_run_tsne(run, held(run), print)[0], first)


async def test_tsne_is_kept_beside_the_model_and_decodes_the_nearest_code(run: Path) -> None:
    async with exploring(run.parent.parent, LARGE) as (app, _):
        await press(app, HERE)
        await to_tsne(app)
        assert "nearest on map" in text(app)
        kept = read_tensors(run / tsne_cache.FILE).arrays["points"]
        nearest = int(np.abs(codes_of(run)[:, 0]).argmin())  # the cursor is at 0
        np.testing.assert_array_equal(kept, fake_tsne(codes_of(run)))
        assert f"{float(prior.log_prior(codes_of(run)[nearest])):.2f} nats".replace("-", "−") in text(app)


def held(run: Path) -> Codes:
    labels = read_tensors(run / LATENTS).arrays["labels"]
    return Codes(codes_of(run), np.asarray(labels, np.uint8))


def test_a_map_of_other_codes_is_not_used(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = held(run)
    first, _ = tsne_cache.load_or_run_tsne(run, codes, print)

    def refuse(*_: object) -> Floats:
        raise AssertionError("worked out again")

    monkeypatch.setattr(tsne_cache, "run_tsne", refuse)
    np.testing.assert_array_equal(tsne_cache.load_or_run_tsne(run, codes, print)[0], first)
    other = Codes(codes.mean + np.float32(1e-3), codes.labels)
    with pytest.raises(AssertionError, match="worked out again"):
        tsne_cache.load_or_run_tsne(run, other, print)


def test_a_map_of_a_shipped_run_is_kept_beside_it(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny.ship(runs, tiny.config(latent=5))
    before = sorted(path.name for path in run.iterdir())
    first, notice = tsne_cache.load_or_run_tsne(run, held(run), print)
    assert (notice, sorted(path.name for path in run.iterdir())) == ("", before)
    monkeypatch.setattr(tsne_cache, "run_tsne", None)  # not worked out again
    np.testing.assert_array_equal(tsne_cache.load_or_run_tsne(run, held(run), print)[0], first)


@pytest.mark.parametrize("content", [b"", b"\x08" * 40, b"\xff" * 4000])
def test_a_damaged_map_is_made_anew(run: Path, content: bytes) -> None:
    (run / tsne_cache.FILE).write_bytes(content)
    np.testing.assert_array_equal(
        tsne_cache.load_or_run_tsne(run, held(run), print)[0], fake_tsne(codes_of(run))
    )


def test_a_folder_that_cannot_be_written_to_is_no_trouble(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tsne_cache, "write_tensors", refuse)
    np.testing.assert_array_equal(
        tsne_cache.load_or_run_tsne(run, held(run), print)[0], fake_tsne(codes_of(run))
    )
    assert not (run / tsne_cache.FILE).exists()


async def test_waiting_for_tsne_is_told_and_other_keys_work_meanwhile(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def slow(codes: Floats, tell: Tell) -> Floats:
        tell(0.35)
        assert gate.wait(10)
        return fake_tsne(codes)

    monkeypatch.setattr(tsne_cache, "run_tsne", slow)
    async with exploring(run.parent.parent) as (app, _):
        await press(app, HERE, "p", "p")
        await until(app, lambda: "t-SNE of 60 codes, once only … 35%" in text(app))
        await press(app, "p")
        assert "two dims" in text(app)
        await press(app, "p", "p")
        assert "t-SNE of 60 codes" in text(app)
        gate.set()
        await until(app, lambda: "↑ t-SNE 2" in text(app))


async def test_why_there_is_no_tsne_is_told(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Floats:
        raise Problem("3 codes are too few")

    monkeypatch.setattr(tsne_cache, "run_tsne", refuse)
    async with exploring(run.parent.parent) as (app, _):
        await press(app, HERE, "p", "p")
        await until(app, lambda: "no t-SNE: 3 codes are too few" in text(app))
        await press(app, "right", "i", "home", "p")
        assert "two dims" in text(app)


# --- pure parts


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
