"""Every painter works at every size from 0×0 on: views in all their ways, dialogs, what is around them."""

import contextlib
import random
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, press, settle, terminal
from vaetui.render.terminal import Glyphs
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.painted import Painted

MOST = 41  # columns and rows, from 0 on
EVERY = 67  # of all sizes that one picture is painted at; the next is painted at others
OPENERS = ("x", "t", "slash", "R", "ctrl+p", "question_mark", "s")


class Sweep:
    """Paints what an app shows at one size after the other, on canvases that nobody sees."""

    def __init__(self) -> None:
        self._turn = 0

    def paint(self, app: Explorer) -> None:
        """Paint every widget that is seen; a view and a dialog whole, in lines of the right width."""
        for widget in app.screen.query(Painted):
            if widget.display:
                self._turn += 7
                for place in range(self._turn % EVERY, MOST * MOST, EVERY):
                    width, height = place % MOST, place // MOST
                    self._paint(widget, width, height)

    def _paint(self, widget: Painted, width: int, height: int) -> None:
        canvas = Canvas(width, height, widget.terminal, widget.ground)
        try:
            widget.paint(canvas)
            strips = canvas.strips()
        except Exception as error:
            raise AssertionError(f"{type(widget).__name__} at {width}×{height}: {error!r}") from error
        assert [strip.cell_length for strip in strips] == [width] * height


@pytest.fixture
def folder(runs: Path) -> Path:
    """Runs of all sorts: two families, many dimensions, not finished, failed, without a model."""
    tiny.grid(runs, (2, 24), kinds=("vae", "ae"))
    tiny.make(runs, tiny.config(latent=3), name="failed", state="failed", done=1, error="no reason " * 20)
    tiny.make(runs, tiny.config(latent=4, hidden=(8,)), state="stopped", done=2)
    tiny.make(runs, tiny.config(latent=5), state="queued")
    return runs


@pytest.mark.parametrize("glyphs", ["half", "ascii"])
@pytest.mark.parametrize("view", keys.VIEWS)
async def test_views_paint_at_every_size(folder: Path, view: str, glyphs: Glyphs) -> None:
    """After each key of the view, one after the other: all ways in which it shows things."""
    sweep = Sweep()
    wanted = [folder / "digits" / "vae-z24-b4-bce-s0-h16"]
    async with exploring(folder, LARGE, wanted, shown=terminal(glyphs=glyphs), poll=60) as (app, _):
        await press(app, str(keys.VIEWS.index(view) + 1))
        sweep.paint(app)
        for row in keys.GROUPS:
            for key in row.keys if row.view == view else ():
                await press(app, key.name)
                if glyphs == "half" or key is row.keys[0]:
                    sweep.paint(app)
        await press(app, "v", "right_square_bracket", "v", "left_square_bracket", "minus", "minus", "m", "f")
        sweep.paint(app)


@pytest.mark.parametrize("glyphs", ["half", "ascii"])
async def test_dialogs_paint_at_every_size(folder: Path, glyphs: Glyphs) -> None:
    sweep = Sweep()
    with tiny.live(folder, tiny.config(latent=6)) as live:
        async with exploring(folder, LARGE, [live], shown=terminal(glyphs=glyphs), poll=60) as (app, _):
            for key in OPENERS:
                await press(app, key, *"z5")
                sweep.paint(app)
                await press(app, "escape")
                sweep.paint(app)


@pytest.mark.parametrize("state", ["empty", "without images", "live"])
async def test_what_is_missing_paints_at_every_size(runs: Path, state: str) -> None:
    sweep = Sweep()
    if state != "empty":
        tiny.make(runs, tiny.config(dataset="mnist" if state == "without images" else "digits"))
    with tiny.live(runs, tiny.config(latent=3)) if state == "live" else contextlib.nullcontext():
        async with exploring(runs, LARGE, poll=60) as (app, _):
            for number in range(1, len(keys.VIEWS) + 1):
                await press(app, str(number))
                sweep.paint(app)


async def test_the_app_at_every_size(folder: Path) -> None:
    """Resized to sizes as they come, in every view and dialog, and right again at an ordinary one."""
    rng = random.Random(0)
    with tiny.live(folder, tiny.config(latent=6)) as live:
        async with exploring(folder, SMALL, [live], poll=60) as (app, pilot):
            for key in (*(str(n) for n in range(1, len(keys.VIEWS) + 1)), *OPENERS):
                await press(app, "escape", key)
                for _ in range(2):
                    width, height = rng.randrange(MOST), rng.randrange(MOST)
                    await pilot.resize_terminal(*rng.choice(((width, height), (width * 5, height))))
                await pilot.resize_terminal(*SMALL)
                await settle(app)
                assert app._exception is None
