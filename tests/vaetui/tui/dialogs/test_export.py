"""Writing what is seen to a file, as a person does it."""

import os
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from textual.widgets import Input

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, picture, press, settle, terminal, text
from trainer.contract.run_dir import TIMELINE
from vaetui.latent import prior
from vaetui.models import registry
from vaetui.render.terminal import Depth, Glyphs
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.dialogs.export import Export

NAME = "vae-z2-b1-bce-s0-h16"
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)], ids=lambda s: f"{s[0]}x{s[1]}")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, empty."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def field(app: Explorer) -> Input:
    assert isinstance(app.screen, Export)
    return app.screen.query_one(Input)


def cells(app: Explorer) -> list[list[tuple[str, str]]]:
    """Return every cell with its style."""
    return [[(char, style) for words, style in line for char in words] for line in picture(app)]


async def write(app: Explorer, ending: str, part: str) -> None:
    """Choose a format and press Enter."""
    await press(app, "x")
    assert isinstance(app.screen, Export)
    place = next(n for n, one in enumerate(app.screen._formats) if (one.ending, one.part) == (ending, part))
    await press(app, *["down"] * place, "enter")


def only(grid: Path) -> list[Path]:
    return [grid / "digits" / NAME]


@SIZES
@pytest.mark.parametrize("view", keys.VIEWS)
async def test_every_view_writes_its_screen_and_its_numbers(
    grid: Path, here: Path, view: str, size: tuple[int, int]
) -> None:
    offered = {
        "Loss": "png svg npz",
        "Reconstruct": "png svg gif png svg npz",
        "Sample": "png svg gif png svg npz",
        "Interpolate": "png svg gif png svg npz",
        "Latent": "png svg npz",
        "Traverse": "png svg gif png svg npz",
        "Compare": "png svg npz",
        "Draw": "png svg png svg npz",
    }
    async with exploring(grid, size, only(grid), poll=60) as (app, _):
        await press(app, str(keys.VIEWS.index(view) + 1))
        if view == "Draw":
            await press(app, "space", "right", "right", "down", "down")
        await press(app, "x")
        assert isinstance(app.screen, Export)
        endings = [one.ending[1:] for one in app.screen._formats]
        assert endings[-3:] == ["png", "svg", "npz"]
        if view != "Compare" or size != LARGE:
            assert endings == offered[view].split()
        assert f"Export {view}" in text(app)
        assert "Esc close" in text(app)
        assert {len(line) for line in text(app).splitlines()} == {size[0]}
        for place in range(len(endings)):
            if place:
                await press(app, "x")
            await press(app, *["down"] * place, "enter")
            assert "written: " in text(app)
        assert len(files(here)) == len(endings)
        assert not [name for name in files(here) if not name.startswith(f"{view.lower()}-{NAME}")]
        with Image.open(here / f"{view.lower()}-{NAME}-screen.png") as screen:
            assert screen.size == (size[0] * 16, size[1] * 32)
            assert len(np.unique(np.asarray(screen.convert("L")))) > 10


async def test_the_screen_is_the_one_before_the_dialog(grid: Path, here: Path) -> None:
    async with exploring(grid, wanted=only(grid), poll=60) as (app, _):
        await press(app, "4")
        words = {word for word in text(app).split() if word.isalpha()}
        await write(app, ".svg", "screen")
        root = ElementTree.fromstring((here / f"interpolate-{NAME}-screen.svg").read_text())
        written = {element.text for element in root.iter() if element.tag.endswith("text")}
        assert words <= written
        assert "nearest" in words
        assert "Esc" not in written


async def test_the_numbers_are_those_that_are_seen(grid: Path, here: Path) -> None:
    model = registry.load_model(grid / "digits" / NAME, tiny.config())
    async with exploring(grid, wanted=only(grid), poll=60) as (app, _):
        await press(app, "3", "r", "up")
        await write(app, ".npz", "arrays")
        with np.load(here / f"sample-{NAME}.npz") as found:
            np.testing.assert_array_equal(found["z"], prior.prior_noise(1, 64, 2) * np.float32(1.1))
            np.testing.assert_array_equal(found["images"], model.decode(found["z"]))
            assert (str(found["run"]), int(found["epoch"]), float(found["temperature"])) == (NAME, 3, 1.1)
        await press(app, "2", "right", "right")
        await write(app, ".npz", "arrays")
        shown = app.view.state.shown
        assert shown is not None
        with np.load(here / f"reconstruct-{NAME}.npz") as found:
            assert found["indices"][0] == 2
            np.testing.assert_array_equal(found["originals"], shown.pixels(found["indices"].tolist()))
            nats = model.distortion(found["originals"], found["codes"])
            np.testing.assert_allclose(found["distortion"], nats)
            assert f" {nats[0]:.0f} nats" in text(app)
        await press(app, "4")
        await write(app, ".npz", "arrays")
        with np.load(here / f"interpolate-{NAME}.npz") as found:
            assert found["z"].shape == (21, 2)
            np.testing.assert_allclose(found["images"], model.decode(found["z"]), atol=1e-6)
        await press(app, "1")
        await write(app, ".npz", "arrays")
        with np.load(here / f"loss-{NAME}.npz") as found:
            assert found["epochs"].tolist() == [1, 2, 3]
            np.testing.assert_allclose(found["val_distortion"] - found["train_distortion"], 2)
            assert found["kl_per_dim"].shape == (3, 2)
        await press(app, "7")
        await write(app, ".npz", "arrays")
        with np.load(here / f"compare-{NAME}.npz") as found:
            assert len(found["runs"]) == 6
            assert np.isnan(found["beta"]).sum() == 2
            assert found["class_distortion"].shape == (6, 10)
        await press(app, "5")
        await write(app, ".npz", "arrays")
        with np.load(here / f"latent-{NAME}.npz") as found:
            assert found["points"].shape == found["codes"].shape == (tiny.TEST_IMAGES, 2)
            assert found["axes"].tolist() == ["z1", "z2"]
        await press(app, "6", "down", "right")
        await write(app, ".npz", "arrays")
        with np.load(here / f"traverse-{NAME}.npz") as found:
            dimension = int(found["dimension"])
            np.testing.assert_allclose(found["z"][:, dimension], found["values"], atol=1e-6)
            change = found["changed_code"] - found["code"]
            np.testing.assert_allclose(change, 0.25 * np.eye(2)[dimension], atol=1e-6)


async def test_titles_are_on_until_tab_switches_them_off(grid: Path, here: Path) -> None:
    async with exploring(grid, wanted=only(grid), poll=60) as (app, _):
        await press(app, "4", "x")
        assert "Tab titles on" in text(app)
        await press(app, "enter")
        await press(app, "x", "tab")
        assert "Tab titles off" in text(app)
        await press(app, "enter")
        with Image.open(here / f"interpolate-{NAME}.png") as titled:
            assert titled.text["Title"] == f"{NAME} · digits · epoch 3"  # type: ignore[attr-defined]
        with Image.open(here / f"interpolate-{NAME}-2.png") as plain:
            assert plain.text == {}  # type: ignore[attr-defined]
            assert plain.height < titled.height
        await press(app, "x", "up")
        assert "npz" in field(app).value
        assert "Tab" not in text(app), "arrays have no titles"


async def test_an_animation_follows_the_path_or_the_epochs(grid: Path, here: Path) -> None:
    async with exploring(grid, wanted=only(grid), poll=60) as (app, _):
        await press(app, "4")
        await write(app, ".gif", "animation")
        with GifImageFile(here / f"interpolate-{NAME}.gif") as movie:
            assert movie.n_frames > 21
        await press(app, "2")
        await write(app, ".gif", "animation")
        with GifImageFile(here / f"reconstruct-{NAME}.gif") as movie:
            assert movie.n_frames == 3
        (grid / "digits" / NAME / TIMELINE).unlink()
        await press(app, "3")
        await write(app, ".gif", "animation")
        assert f"has no {TIMELINE}" in text(app)
        assert len(files(here)) == 2


async def test_nothing_is_overwritten(grid: Path, here: Path) -> None:
    async with exploring(grid, wanted=only(grid), poll=60) as (app, _):
        await press(app, "4")
        for _ in range(3):
            await write(app, ".png", "sheet")
        assert files(here) == [f"interpolate-{NAME}{number}.png" for number in ("-2", "-3", "")]
        await press(app, "x")
        assert field(app).value == f"interpolate-{NAME}-4.png"
        (here / f"interpolate-{NAME}-4.png").write_text("of somebody else")
        await press(app, "enter")
        assert (here / f"interpolate-{NAME}-4.png").read_text() == "of somebody else"
        assert (here / f"interpolate-{NAME}-4-2.png").exists()


async def test_a_name_of_ones_own_keeps_its_beginning_and_chooses_by_its_ending(
    grid: Path, here: Path
) -> None:
    (here / "sub").mkdir()
    async with exploring(grid, wanted=only(grid), poll=60) as (app, _):
        await press(app, "4", "x")
        field(app).value = "sub/mine.png"
        await settle(app)
        await press(app, "down", "down")
        assert field(app).value == "sub/mine.gif"
        field(app).value = "sub/mine.npz"
        await settle(app)
        chosen = next(line for line in text(app).splitlines() if "numpy" in line)
        assert "› npz" in chosen
        assert f"→ {here}/sub/mine.npz"[-30:] in text(app)
        await press(app, "enter")
        assert files(here / "sub") == ["mine.npz"]
        await press(app, "x")
        field(app).value = "bare"
        await settle(app)
        await press(app, "enter")
        assert (here / "bare.png").exists()


async def test_a_folder_that_is_not_there_is_a_sentence(grid: Path, here: Path) -> None:
    async with exploring(grid, LARGE, wanted=only(grid), poll=60) as (app, _):
        await press(app, "4", "x")
        field(app).value = "none/a.png"
        await settle(app)
        await press(app, "enter")
        assert "none/a.png cannot be written: make its folder first" in text(app)
        assert files(here) == []


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_it_closes_without_writing(grid: Path, here: Path, key: str) -> None:
    async with exploring(grid, wanted=only(grid), poll=60) as (app, _):
        await press(app, "4")
        before = cells(app)
        await press(app, "x", "a", "q", key)
        assert cells(app) == before
        assert app.is_running
        assert files(here) == []


async def test_the_mouse_chooses_a_format(grid: Path, here: Path) -> None:
    async with exploring(grid, wanted=only(grid), poll=60) as (app, pilot):
        await press(app, "4", "x")
        line = next(y for y, row in enumerate(text(app).splitlines()) if "numpy" in row)
        await pilot.click(offset=(30, line))
        await settle(app)
        assert field(app).value == f"interpolate-{NAME}.npz"


async def test_without_runs_there_is_the_screen(runs: Path, here: Path) -> None:
    async with exploring(runs, poll=60) as (app, _):
        await press(app, "2", "x", "enter")
        assert files(here) == ["reconstruct-screen.png"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
async def test_where_nothing_can_be_written_files_go_home(grid: Path, here: Path) -> None:
    here.chmod(0o500)
    async with exploring(grid, wanted=only(grid), poll=60) as (app, _):
        await press(app, "x", "enter")
        assert len(files(Path.home())) == 1


async def test_files_of_a_folder_that_is_gone_go_home(grid: Path, here: Path) -> None:
    here.rmdir()
    async with exploring(grid, wanted=only(grid), poll=60) as (app, _):
        await press(app, "x", "enter")
        assert [name for name in files(Path.home()) if name.endswith(".png")]


@pytest.mark.parametrize(
    ("depth", "glyphs"),
    [("256", "half"), ("16", "half"), ("none", "ascii"), ("truecolor", "ascii"), ("256", "quadrant")],
)
async def test_lesser_terminals(
    grid: Path, here: Path, depth: Depth, glyphs: Glyphs, monkeypatch: pytest.MonkeyPatch
) -> None:
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    async with exploring(grid, wanted=only(grid), shown=terminal(depth, glyphs), poll=60) as (app, _):
        await press(app, "4", "x")
        assert glyphs != "ascii" or text(app).isascii()
        await press(app, "escape")
        await write(app, ".png", "screen")
        with Image.open(here / f"interpolate-{NAME}-screen.png") as screen:
            assert np.asarray(screen.convert("L")).max() > 180
