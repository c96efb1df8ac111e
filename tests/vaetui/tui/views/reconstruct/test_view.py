"""The view Reconstruct: by class, by difficulty, one digit large, one digit by many checkpoints."""

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
    cell,
    exploring,
    picture,
    press,
    settle,
    soon,
    terminal,
    text,
)
from trainer.contract.datasets import registry
from vaetui.format import ordinal
from vaetui.latent.test_images import ImageSet
from vaetui.models import image_ranking
from vaetui.models.image_ranking import ImageRanking, rank_images
from vaetui.models.registry import load_model
from vaetui.render.terminal import Depth, Glyphs
from vaetui.runs.families import AE, Column
from vaetui.tui.app import Explorer
from vaetui.tui.state.gallery import Gallery
from vaetui.tui.state.selection import Selection
from vaetui.tui.views.reconstruct import large
from vaetui.tui.views.reconstruct.view import Reconstruct
from vaetui.tui.widgets.images import DOUBLE, FULL
from vaetui.tui.widgets.layout import Rect

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)], ids=str)
FIRST = "vae-z2-b1-bce-s0-h16"
IMAGES = 297  # of digits' test set
LAYOUTS = ("grid", "one", "row", "column", "all")


@asynccontextmanager
async def looking(
    runs: Path, size: tuple[int, int] = SMALL, name: str = FIRST, layout: str = "grid"
) -> AsyncIterator[tuple[Explorer, Pilot[None]]]:
    async with exploring(runs, size, [runs / "digits" / name], poll=60) as (app, pilot):
        await press(app, "2", *["w"] * LAYOUTS.index(layout))
        yield app, pilot


def costs(run: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The distortion of every test digit, worked out without the explorer."""
    images = registry.load_test("digits", run.parents[1].parent / "data")
    pixels = (images.pixels.reshape(-1, 784) / 255).astype(np.float32)
    vae = load_model(run, tiny.config())
    return vae.distortion(pixels, vae.encode(pixels).mean)


def seen(app: Explorer) -> list[int]:
    assert isinstance(app.view, Reconstruct)
    found: list[int] = app.view.shown_images().tolist()
    return found


def labels(app: Explorer) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    shown = app.view.state.shown
    assert shown is not None
    return shown.images.labels


# --- values


def made_ranking() -> ImageRanking:
    return rank_images("z=2 β=1", 3, np.array([5, 9, np.nan, 7], np.float32))


def test_a_ranking_puts_the_dearest_first_and_knows_each_place() -> None:
    found = made_ranking()
    assert found.images.tolist() == [2, 1, 3, 0]
    assert found.ranks.tolist() == [3, 1, 0, 2]
    words = ["easiest of 4", "2nd hardest of 4", "hardest of 4", "2nd easiest of 4"]
    assert [found.describe(image) for image in range(4)] == words


def test_a_gallery_lists_one_class_in_its_order_and_finds_the_next() -> None:
    own = np.array([1, 0, 1, 0], np.uint8)
    hardest = Gallery(order="hardest", ranking=made_ranking())
    easiest = dataclasses.replace(hardest, order="easiest")
    assert Gallery(only=1).listed(own).tolist() == [0, 2]
    assert hardest.listed(own).tolist() == [2, 1, 3, 0]
    assert easiest.listed(own).tolist() == [0, 3, 1, 2]
    assert dataclasses.replace(hardest, only=0).listed(own).tolist() == [1, 3]
    assert [Gallery(only=1).place(own, image) for image in range(4)] == [0, 1, 1, 1]
    assert [hardest.place(own, image) for image in range(4)] == [3, 1, 0, 2]


def test_a_ranking_of_other_images_is_not_used() -> None:
    gallery = Gallery(order="hardest", ranking=made_ranking())
    assert gallery.listed(np.zeros(6, np.uint8)).tolist() == list(range(6))


def test_classes_go_round_and_orders_too() -> None:
    gallery = Gallery()
    found = [gallery := gallery.next_only(1) for _ in range(11)]
    assert [each.only for each in found] == [*range(10), None]
    assert Gallery().next_only(-1).only == 9
    hardest = Gallery().next_order("z=2 β=1", 3)
    assert hardest.lacks_ranking
    easiest = dataclasses.replace(hardest, ranking=made_ranking()).next_order("z=2 β=1", 3)
    assert (easiest.order, easiest.lacks_ranking) == ("easiest", False)
    again = easiest.next_order("z=5 β=1", 3)
    assert (again.order, again.lacks_ranking) == ("easiest", True)  # by the other model
    assert easiest.next_order("z=2 β=1", 3) == Gallery()


def test_ranking_stops_when_it_is_wanted_no_more(run: Path) -> None:
    shown = ImageSet("digits", registry.load_test("digits", run.parent))
    assert (
        image_ranking.rank(load_model(run, tiny.config()), len(shown), shown.pixels, lambda _: False) is None
    )


# --- order and class


@SIZES
async def test_hardest_and_easiest_first(grid: Path, size: tuple[int, int]) -> None:
    wanted = np.argsort(-costs(grid / "digits" / FIRST), kind="stable")
    async with looking(grid, size) as (app, _):
        await press(app, "right", "o")
        count = len(seen(app))
        assert seen(app) == wanted[:count].tolist()
        assert "hardest for z=2 β=1" in text(app)
        await press(app, "right")
        assert seen(app) == wanted[1 : count + 1].tolist()
        await press(app, "o")
        assert seen(app) == wanted[::-1][:count].tolist()
        assert "easiest for z=2 β=1" in text(app)
        await press(app, "o")
        assert "for z" not in text(app)
        assert app.state.selection.gallery.ranking is None


async def test_the_hardest_digits_stay_while_the_checkpoint_changes(grid: Path) -> None:
    async with looking(grid) as (app, _):
        await press(app, "o")
        before = seen(app)
        await press(app, "equals_sign")
        assert seen(app) == before
        assert "hardest for z=2 β=1" in text(app)
        await press(app, "o")
        assert "hardest for z=2 β=4" in text(app)
        assert cell(app) == (2, 4.0)


@SIZES
async def test_one_class_alone(grid: Path, size: tuple[int, int]) -> None:
    async with looking(grid, size) as (app, _):
        for label in (0, 1, 2):
            await press(app, "c")
            assert set(labels(app)[seen(app)].tolist()) == {label}
            assert f"test, class {label}" in text(app)
        await press(app, "C", "C", "C")
        assert seen(app)[0] == 0
        assert ", class" not in text(app)
        await press(app, "c", "o", "end", *["pagedown"] * 60)
        assert set(labels(app)[seen(app)].tolist()) == {0}
        await press(app, "home")
        order = np.argsort(-costs(grid / "digits" / FIRST), kind="stable")
        assert seen(app)[0] == order[labels(app)[order] == 0][0]


async def test_a_class_without_images_says_so(grid: Path) -> None:
    async with looking(grid) as (app, _):
        shown = app.view.state.shown
        assert shown is not None
        shown.images.labels[:] = 7
        await press(app, "c")
        assert "No test images of class 0: press c for others." in text(app)
        await press(app, "right", "home", "pageup", "w", "w", "o", "C")
        assert "No test images" not in text(app)


async def test_the_digits_are_ranked_once_for_a_model(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with looking(grid) as (app, _):
        await press(app, "o", "o", "o")
        monkeypatch.setattr(image_ranking, "rank", None)
        await press(app, "o")
        assert "hardest for z=2 β=1" in text(app)


async def test_ranking_that_takes_long_is_reported(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(image_ranking, "rank", lambda *_: gate.wait(20) and None)
    async with looking(grid) as (app, _):
        app.simulate_key("o")
        await soon(lambda: f"ordering {IMAGES} images by distortion …" in text(app))
        gate.set()


async def test_a_ranking_that_fails_says_why(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(image_ranking, "rank", fail)
    async with looking(grid) as (app, _):
        await press(app, "o")
        assert "not enough memory" in text(app)


# --- layouts


@SIZES
async def test_one_digit_large_with_all_that_it_costs(grid: Path, size: tuple[int, int]) -> None:
    nats = costs(grid / "digits" / FIRST)
    harder, easier = int((nats > nats[1]).sum()), int((nats < nats[1]).sum())
    rank = f"{ordinal(harder + 1)} hardest" if harder <= easier else f"{ordinal(easier + 1)} easiest"
    async with looking(grid, size, layout="one") as (app, _):
        await press(app, "right")
        assert f"{nats[1]:.0f}" in text(app)
        assert "distortion" in text(app)
        assert f"{rank} of {IMAGES}" in text(app)
        await press(app, "pagedown")
        assert app.state.selection.image == 11
        assert "squared error" in text(app)
        assert ("−ELBO" in text(app).split("│", 1)[-1]) or size == (60, 20)


@pytest.mark.parametrize("width", [56, 60, 76, 90, 120, 142, 165])
@pytest.mark.parametrize("height", [17, 20, 26, 30, 38, 46])
def test_nothing_overlaps_when_a_digit_is_large(width: int, height: int) -> None:
    plan = large.layout(width, height)
    pieces = [Rect(0, 1, *plan.size), Rect(plan.made, 1, *plan.size)]
    pieces += [Rect(*plan.change, *plan.change_size)] if plan.change else []
    pieces += [Rect(0, plan.strip, width, height - plan.strip)] if plan.across else []
    pieces += [Rect(*plan.words, 40, min(plan.lines, 5))] if plan.lines > 0 else []
    for place, one in enumerate(pieces):
        assert one.y + one.height <= height
        for other in pieces[place + 1 :]:
            is_apart = one.x + one.width <= other.x or other.x + other.width <= one.x
            assert is_apart or one.y + one.height <= other.y or other.y + other.height <= one.y
    assert plan.lines >= 2
    assert plan.size == (DOUBLE if width >= 142 and height >= 30 else FULL)


async def test_a_click_on_a_neighbour_looks_at_it(grid: Path) -> None:
    async with looking(grid, LARGE, layout="one") as (app, pilot):
        zone = next(zone for zone in app.view._zones if zone.action == "show_image(4)")
        await pilot.click("#Reconstruct", offset=(zone.x, zone.y))
        await settle(app)
        assert app.state.selection.image == 4


@SIZES
@pytest.mark.parametrize("layout", ["row", "column", "all"])
async def test_the_same_digit_across_checkpoints(grid: Path, size: tuple[int, int], layout: str) -> None:
    own = {
        "row": ["all with z 2", "AE", "β 1", "β 4"],
        "column": ["all with β 1", "z 2", "z 5"],
        "all": ["same image"],
    }
    cost = f"{costs(grid / 'digits' / FIRST)[0]:.0f}"
    async with looking(grid, size, layout=layout) as (app, _):
        for words in own[layout]:
            assert words in text(app)
        marked = next(line for line in text(app).splitlines() if "nats‹" in line)
        assert f"›{cost}" in marked.replace(f"{costs(grid / 'digits' / FIRST)[0]:.1f}", cost)
        before = picture(app)
        await press(app, "right")
        assert picture(app) != before
        await press(app, "left")
        assert picture(app) == before


@pytest.mark.parametrize("layout", ["row", "column", "all"])
async def test_a_click_on_a_cell_opens_its_checkpoint(grid: Path, layout: str) -> None:
    ways: dict[str, tuple[int, Column]] = {"row": (2, 4.0), "column": (5, 1.0), "all": (5, AE)}
    wanted = ways[layout]
    async with looking(grid, LARGE, layout=layout) as (app, pilot):
        family = app.state.runs.family
        assert family is not None
        run = family.at(*wanted)
        assert run is not None
        action = f"pick_run({family.runs.index(run)})"
        zone = next(zone for zone in app.view._zones if zone.action == action)
        await pilot.click("#Reconstruct", offset=(zone.x + 1, zone.y + 1))
        await settle(app)
        assert cell(app) == wanted


async def test_what_does_not_fit_is_counted(runs: Path) -> None:
    betas = tuple(float(beta) for beta in range(1, 13))
    tiny.grid(runs, latents=(2,), betas=betas)
    async with looking(runs, layout="row") as (app, _):
        zones = [zone for zone in app.view._zones if zone.action.startswith("pick_run")]
        assert 0 < len(zones) < len(betas)
        assert f"{len(betas) - len(zones)} more not shown" in text(app)
        await press(app, *["equals_sign"] * 11)
        assert "β 12" in text(app)


@pytest.mark.parametrize(
    ("latents", "betas", "layouts"),
    [((2,), (1.0,), 2), ((2,), (1.0, 4.0), 3), ((2, 5), (1.0,), 3), ((2, 5), (1.0, 4.0), 5)],
)
async def test_there_are_only_layouts_that_show_something_else(
    runs: Path, latents: tuple[int, ...], betas: tuple[float, ...], layouts: int
) -> None:
    tiny.grid(runs, latents, betas)
    async with looking(runs) as (app, _):
        first, seen = picture(app), [picture(app)]
        for _ in range(layouts - 1):
            await press(app, "w")
            assert picture(app) not in seen
            seen.append(picture(app))
        await press(app, "w")
        assert picture(app) == first


async def test_a_checkpoint_without_a_model_has_an_empty_cell(grid: Path) -> None:
    tiny.make(grid, tiny.config(beta=9.0), state="queued")
    async with looking(grid, layout="row") as (app, _):
        assert "no model" in text(app)


@pytest.mark.parametrize(
    ("depth", "glyphs"), [("256", "half"), ("16", "half"), ("none", "ascii"), ("truecolor", "ascii")]
)
async def test_lesser_terminals_show_every_layout(
    grid: Path, depth: Depth, glyphs: Glyphs, monkeypatch: pytest.MonkeyPatch
) -> None:
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    wanted = [grid / "digits" / FIRST]
    async with exploring(grid, wanted=wanted, shown=terminal(depth, glyphs), poll=60) as (app, _):
        await press(app, "2", "o")
        for key in ("w", "w", "w", "w", "comma"):
            await press(app, key)
            assert {len(line) for line in text(app).splitlines()} == {80}
            if glyphs == "ascii":
                assert text(app).isascii()


@pytest.mark.parametrize(
    ("depth", "glyphs", "words"),
    [
        ("256", "half", "orange: "),
        ("none", "ascii", "denser: larger"),
        ("truecolor", "ascii", "denser: larger"),
    ],
)
@pytest.mark.parametrize("layout", ["grid", "row"])
async def test_a_difference_is_explained_as_it_is_drawn(
    grid: Path, layout: str, depth: Depth, glyphs: Glyphs, words: str
) -> None:
    wanted = [grid / "digits" / FIRST]
    async with exploring(grid, LARGE, wanted, shown=terminal(depth, glyphs), poll=60) as (app, _):
        await press(app, "2", *["w"] * LAYOUTS.index(layout))
        assert words in text(app)
        assert ("orange" in text(app)) == ("orange" in words)


def test_images_of_another_dataset_are_not_in_the_order_of_these() -> None:
    here = Selection(gallery=Gallery(only=3, order="hardest", ranking=made_ranking()))
    there = here.among(Selection())
    assert (there.gallery.only, there.gallery.order) == (3, "hardest")
    assert there.gallery.lacks_ranking
    assert there.among(here).gallery.ranking is here.gallery.ranking
