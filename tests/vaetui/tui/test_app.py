"""The explorer as a person uses it: keys, mouse, sizes, terminals."""

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from textual.events import Resize
from textual.screen import Screen

from tests import tiny
from tests.vaetui.tui.driving import (
    LARGE,
    SMALL,
    cell,
    exploring,
    picture,
    press,
    settle,
    terminal,
    text,
    until,
)
from vaetui.render.terminal import Depth, Glyphs
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.loading.loader import Finished, Request, Task
from vaetui.tui.screen import player
from vaetui.tui.views import View
from vaetui.tui.views.base import SelectionChanged
from vaetui.tui.views.interpolate.view import Interpolate

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)], ids=lambda s: f"{s[0]}x{s[1]}")

AWAY = (
    "ctrl+z",
    "q",
    "ctrl+c",
    "question_mark",
    "ctrl+p",
    "x",
    "t",
    "slash",
    "R",
    "s",
    "D",
    "ctrl+l",
    "M",
)  # that leave the screen

# Actions that are not for random keys: typed into, or for real.
NEVER = ("quit", "train", "run_list", "stop", "download")


@SIZES
@pytest.mark.parametrize("view", keys.VIEWS)
async def test_every_key_of_the_table_does_something(
    grid: Path, view: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "FRAMES", 0.01)  # three epochs would be over before a slow machine has drawn
    tiny.grid(grid, hidden=(8,))  # a second family
    async with exploring(grid, size) as (app, _):
        await press(app, str(keys.VIEWS.index(view) + 1))
        await press(app, "right_square_bracket", "left_square_bracket")
        rows = keys.active_groups(view, app.facts)
        for row in (row for row in rows if row.keys[0].name not in AWAY):
            await settle(app)
            if row.needs and row.needs not in app.facts:
                continue  # a key before it has changed what there is to act on
            seen = [picture(app)]
            for key in row.keys:
                await press(app, key.name)
                seen.append(picture(app))
            assert any(after != seen[0] for after in seen[1:]), f"{row.caps()} changes nothing in {view}"
            if row.label == "play":
                await press(app, "space")
            if row.label == "zoom":
                await press(app, "z")  # which Home resets
            await press(app, str(keys.VIEWS.index(view) + 1))


@SIZES
async def test_every_view_has_its_tab(grid: Path, size: tuple[int, int]) -> None:
    """Shortened where the window is narrow, never cut off at its edge."""
    async with exploring(grid, size) as (app, _):
        (line,) = [line for line in text(app).splitlines() if "Latent" in line]
        names = re.findall(r"\d ?(\w+)", line.rpartition("│")[2])
        short = [keys.SHORT_TITLES.get(view, view) for view in keys.VIEWS]
        assert names == (list(keys.VIEWS) if size == LARGE else short)


@SIZES
@pytest.mark.parametrize("view", keys.VIEWS)
async def test_nothing_is_wider_than_the_screen_and_every_view_shows_its_own(
    grid: Path, view: str, size: tuple[int, int]
) -> None:
    own = {
        "Loss": "nats per image",
        "Reconstruct": "test images",
        "Sample": "temperature",
        "Interpolate": "nearest",
        "Latent": "of test images",
        "Compare": "rate–distortion plane",
        "Traverse": "recon",
        "Draw": "undo redo clear",
    }
    async with exploring(grid, size) as (app, _):
        await press(app, str(keys.VIEWS.index(view) + 1))
        assert own[view] in text(app)
        assert "? help" in text(app)
        assert {len(line) for line in text(app).splitlines()} == {size[0]}
        assert len(text(app).splitlines()) == size[1]


async def test_the_selection_stays_while_the_checkpoint_changes(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z2-b1-bce-s0-h16"]) as (app, _):
        await press(app, "2", "right", "right", "3", "r", "up", "4", "a", "B", "right", "greater_than_sign")
        selection, start = app.state.selection, cell(app)
        assert (selection.image, selection.seed, selection.tenths) == (2, 1, 11)
        assert selection.interpolation.steps == 41
        seen = picture(app)
        await press(app, "equals_sign", "right_square_bracket")
        assert cell(app) == (5, 4.0)
        assert app.state.selection == selection
        assert picture(app) != seen
        await press(app, "minus", "left_square_bracket")
        assert cell(app) == start
        assert picture(app) == seen


async def test_keys_faster_than_the_screen_are_all_heard(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "4", "home")
        for _ in range(7):
            app.simulate_key("right")
        await settle(app)
        assert app.state.selection.interpolation.step == 7


async def test_the_last_digits_are_left_at_the_first_key(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "2", *["pagedown"] * 200)
        end = picture(app)
        await press(app, "left")
        assert picture(app) != end


async def test_the_same_noise_serves_every_checkpoint(grid: Path) -> None:
    """A draw of two dimensions is the first two of a draw of five."""
    async with exploring(grid, wanted=[grid / "digits" / "vae-z2-b1-bce-s0-h16"]) as (app, _):
        await press(app, "3", "r")
        first = picture(app)
        await press(app, "right_square_bracket")
        assert picture(app) != first
        await press(app, "left_square_bracket")
        assert picture(app) == first


async def test_brackets_and_signs_move_in_the_grid_and_stop_at_its_edges(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z2-b1-bce-s0-h16"]) as (app, _):
        cells = []
        for key in (
            "left_square_bracket",
            "right_square_bracket",
            "equals_sign",
            "equals_sign",
            "minus",
            "minus",
        ):
            await press(app, key)
            cells.append(cell(app))
        assert cells == [(2, 1.0), (5, 1.0), (5, 4.0), (5, 4.0), (5, 1.0), (5, "AE")]


async def test_checkpoints_and_steps_read_no_file_after_the_first_time(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [grid / "digits" / tiny.config("ae", latent=5).name]
    async with exploring(grid, poll=60, wanted=wanted) as (app, _):
        await press(app, "4", "equals_sign", "equals_sign", "left_square_bracket")
        seen = cell(app)

        def refuse(*_: object) -> None:
            raise AssertionError("a file was read")

        monkeypatch.setattr("trainer.contract.files.read_bounded", refuse)
        monkeypatch.setattr("vaetui.models.registry.read_tensors", refuse)
        await press(app, "right_square_bracket", "minus", "minus")
        with monkeypatch.context() as patch:
            patch.setattr("vaetui.tui.loading.sources.read_stamps", refuse)  # of another run only
            await press(app, "right", "left", "2", "right", "3", "r", "1", "4")
        await press(app, "equals_sign", "equals_sign", "left_square_bracket")
        assert cell(app) == seen


async def test_too_small_says_so_and_comes_back(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z2-b1-bce-s0-h16"]) as (app, pilot):
        await press(app, "3")
        before = picture(app)
        await pilot.resize_terminal(48, 15)
        await settle(app)
        assert text(app).strip() == "vaetui needs 60×20, this is 48×15"
        await press(app, "r", "g", "right_square_bracket", "left_square_bracket", "pageup", "g")
        await pilot.resize_terminal(*SMALL)
        await settle(app)
        await press(app, "r", "pageup")
        assert picture(app) == before


async def test_an_autoencoder_has_no_bound(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "ae-z2-bce-s0-h16"]) as (app, _):
        header, row = text(app).splitlines()[0], text(app).splitlines()[2]
        assert "AE" in header
        assert "distortion" in header
        assert "ELBO" not in header
        assert "‹──›" in row
        await press(app, "m")
        assert "‹──›" not in text(app)
        await press(app, "1", "w", "w")
        assert "an autoencoder has none" in text(app)
        await press(app, "3")
        assert "an AE has no prior" in text(app)


@pytest.mark.parametrize("size", [(20, 5), (24, 3), (50, 10), (59, 20), (60, 19)])
async def test_too_small_says_nothing_else(runs: Path, size: tuple[int, int]) -> None:
    tiny.make(runs, tiny.config(dataset="mnist"))  # whose images are missing
    async with exploring(runs, size) as (app, _):
        assert " ".join(text(app).split()) == f"vaetui needs 60×20, this is {size[0]}×{size[1]}"


async def test_three_charts_side_by_side_where_there_is_room(grid: Path) -> None:
    async with exploring(grid, LARGE) as (app, pilot):
        await press(app, "1")
        assert all(title in text(app) for title in ("total =", "distortion −E", "rate KL"))
        assert "w chart" in text(app)
        await pilot.resize_terminal(*SMALL)
        await settle(app)
        assert "distortion −E" not in text(app)
        assert "w chart" in text(app)


async def test_five_hundred_random_keys_and_resizes(
    grid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where files are written to
    tiny.grid(grid, hidden=(8,), likelihood="gaussian")
    chance = random.Random(7)
    names = [key.name for row in keys.GROUPS for key in row.keys if key.action.partition("(")[0] not in NEVER]
    names += ["escape", "enter", "tab", "down"]
    async with exploring(grid) as (app, pilot):
        for _ in range(500):
            if chance.random() < 0.15:
                await pilot.resize_terminal(chance.randint(1, 220), chance.randint(1, 60))
            else:
                await press(app, chance.choice(names))
        await press(app, "escape", "escape")
        await pilot.resize_terminal(*SMALL)
        await settle(app)
        assert "? help" in text(app)


async def test_the_palette_runs_what_the_table_names(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "3", "ctrl+p")
        await press(app, *"next noise")
        await until(app, lambda: "the same for all checkpoints" in text(app))
        await press(app, "down", "enter")
        await until(app, lambda: app.state.selection.seed == 1)


async def test_the_mouse_reaches_cells_tabs_and_keys(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z2-b1-bce-s0-h16"]) as (app, pilot):

        async def click(words: str) -> None:
            line = next(y for y, row in enumerate(text(app).splitlines()) if words in row)
            await pilot.click(offset=(text(app).splitlines()[line].index(words), line))
            await settle(app)

        await pilot.click("Sidebar", offset=(15, 2))
        await settle(app)
        assert cell(app) == (5, 4.0)
        await click("4Interp")
        assert app.view.title == "Interpolate"
        step = app.state.selection.interpolation.step
        await click("step  space")
        assert app.state.selection.interpolation.step == step + 1
        await click("β  ←")
        assert cell(app) == (5, 4.0)
        await click("- = β")
        assert cell(app) == (5, 1.0)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
@pytest.mark.parametrize("size", [SMALL, (30, 9)])
async def test_it_can_always_be_left(grid: Path, key: str, size: tuple[int, int]) -> None:
    async with exploring(grid, size) as (app, pilot):
        app.simulate_key(key)
        await pilot.pause(0.2)
        assert not app.is_running


async def test_what_arrives_while_it_closes_is_ignored(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results, timers and messages, both without the widgets and without the screen."""
    closed: list[Explorer] = []

    def arrive(app: Explorer) -> None:
        app.on_finished(Finished(Task(app.loader, Request(("kind", 0), 0, lambda _: 0)), None))
        app.show_notice("downloaded")
        app.on_selection_changed(SelectionChanged(lambda selection: selection.moved(1, 6)))
        app.on_room_changed()
        app.on_resize(Resize(app.size, app.size))
        app._poll()
        closed.append(app)

    def on_unmount(screen: Screen[None]) -> None:
        assert isinstance(screen.app, Explorer)
        arrive(screen.app)

    monkeypatch.setattr(Screen, "on_unmount", on_unmount, raising=False)
    async with exploring(grid) as (app, _):
        monkeypatch.setattr(app.state.runs, "poll", lambda: True)
    arrive(app)
    assert closed == [app, app]
    assert app.failure is None


async def test_playing_goes_there_and_back_and_stops_when_left(grid: Path) -> None:
    async with exploring(grid) as (app, pilot):
        await press(app, "4", "end", "left", "space")
        view = app.view
        assert isinstance(view, Interpolate)
        steps = {app.state.selection.interpolation.step}

        def has_turned() -> bool:
            steps.add(app.state.selection.interpolation.step)
            return 20 in steps and app.state.selection.interpolation.step < 19

        await until(app, has_turned)
        await press(app, "2")
        assert not view.player.is_playing
        stood = app.state.selection.interpolation.step
        await pilot.pause(0.3)
        assert app.state.selection.interpolation.step == stood


@pytest.mark.parametrize(
    ("depth", "glyphs"), [("256", "half"), ("16", "half"), ("none", "ascii"), ("truecolor", "ascii")]
)
async def test_lesser_terminals_show_everything(
    grid: Path, depth: Depth, glyphs: Glyphs, monkeypatch: pytest.MonkeyPatch
) -> None:
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    async with exploring(grid, shown=terminal(depth, glyphs)) as (app, _):
        for key in "1234":
            await press(app, key, "m")
            assert {len(line) for line in text(app).splitlines()} == {80}
            if glyphs == "ascii":
                assert text(app).isascii()
            if depth == "none":
                assert not any("#" in style for line in picture(app) for _, style in line)


def test_the_explorer_imports_no_torch_and_nothing_it_can_do_without_at_first() -> None:
    later = tuple(f"vaetui.tui.views.{view.lower()}" for view in keys.VIEWS)
    heavy = ("torch", "torchvision", "sklearn", "scipy", "plotext", "PIL", "vaetui.runs.launch", *later)
    code = f"import sys, vaetui.tui.app; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


async def test_only_views_that_have_been_looked_at_are_there(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z5-b1-bce-s0-h16"]) as (app, _):
        assert [view.title for view in app.query(View)] == ["Reconstruct"]
        await press(app, "3", "2")
        assert [view.title for view in app.query(View)] == ["Reconstruct", "Sample"]
