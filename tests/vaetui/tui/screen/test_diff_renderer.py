"""Only changed cells are sent, and the terminal shows the whole screen."""

import re
from pathlib import Path
from unittest import mock

import numpy as np
import pyte
import pytest
from rich.console import RenderableType
from rich.segment import Segment
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

from tests.vaetui.tui.driving import LARGE, exploring, press, settle, strips, terminal
from tests.vaetui.tui.emulated import changed, console, diff_strip, seen, some_segments
from vaetui.render.terminal import Depth
from vaetui.render.theme import style
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.diff_renderer import DiffApp, DiffUpdate, FullUpdate, KnownLine
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.strips import DiffStrip
from vaetui.tui.widgets.images import draw_image

DEPTHS: tuple[Depth, ...] = ("truecolor", "256", "16", "none")
Rows = list[list[Strip]]


def layout(rows: Rows) -> LayoutUpdate:
    width = sum(strip.cell_length for strip in rows[0])
    return LayoutUpdate([*rows], Region(0, 0, width, len(rows)))


def partial(rows: Rows, start: int, end: int) -> ChopsUpdate:
    chops, ends = [], []
    for row in rows:
        stops = np.cumsum([strip.cell_length for strip in row]).tolist()
        chops.append(dict(zip([0, *stops], row, strict=False)))
        ends.append(stops)
    return ChopsUpdate(chops, [(y, start, end) for y in range(len(rows))], ends)


def feed(screen: pyte.Screen, codes: str) -> None:
    pyte.Stream(screen).feed(codes)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("seed", range(8))
def test_after_changes_the_screen_is_as_if_drawn_at_once(depth: Depth, seed: int) -> None:
    """Strips of both kinds side by side, several times."""
    random = np.random.default_rng(seed)
    widths = (7, 40, 9, 60)
    parts = [[some_segments(random, depth, width) for width in widths] for _ in range(5)]
    lines: dict[int, KnownLine] = {}
    screen = pyte.Screen(sum(widths), len(parts))

    def rows() -> Rows:
        return [[Strip(a), diff_strip(b, depth), Strip(c), diff_strip(d, depth)] for a, b, c, d in parts]

    feed(screen, FullUpdate(layout(rows()), lines).render_segments(console(depth)))
    for _ in range(4):
        parts = [[changed(random, part, depth) for part in row] for row in parts]
        feed(screen, DiffUpdate(partial(rows(), 0, sum(widths)), lines).render_segments(console(depth)))
        fresh = pyte.Screen(sum(widths), len(parts))
        feed(fresh, layout(rows()).render_segments(console(depth)))
        assert seen(screen) == seen(fresh)


def line(*pieces: tuple[str, tuple[int, int, int]]) -> DiffStrip:
    return diff_strip([Segment(text, style(fg, (0, 0, 0), False, "256")) for text, fg in pieces], "256")


KEYS = ("right", "=", "l", "right", "w", "r", "left", "t", "-")
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        (line(("abcdef", RED)), line(("abcdef", RED)), ""),
        (line(("abcdef", RED)), line(("ab", RED), ("cdef", RED)), ""),
        (line(("abcdef", RED)), line(("abXdef", RED)), "\x1b[1;3H\x1b[38;5;196;48;5;16mX\x1b[0m"),
        (
            line(("abcdef", RED)),
            line(("aXcdYZ", RED)),
            "\x1b[1;2H\x1b[38;5;196;48;5;16mXcdYZ\x1b[0m",
        ),
        (line(("abcdefgh", RED)), line(("XbcdefgY", RED)), "\x1b[1;1H\x1b[38;5;196;48;5;16mX\x1b[6CY\x1b[0m"),
        (line(("a bc", RED)), line(("a", RED), (" ", BLUE), ("bc", RED)), ""),
        (line(("漢cdef", RED)), line(("漢cdeX", RED)), "\x1b[1;1H\x1b[38;5;196;48;5;16m漢cdeX\x1b[0m"),
        (line(("abc", RED)), line(("abcd", RED)), "\x1b[1;1H\x1b[38;5;196;48;5;16mabcd\x1b[0m"),
    ],
)
def test_the_cells_that_look_different_are_written(old: DiffStrip, new: DiffStrip, codes: str) -> None:
    lines: dict[int, KnownLine] = {}
    FullUpdate(layout([[old]]), lines).render_segments(console("256"))
    assert DiffUpdate(partial([[new]], 0, 9), lines).render_segments(console("256")) == codes


def test_a_line_that_is_cut_elsewhere_is_written_whole() -> None:
    lines: dict[int, KnownLine] = {}
    FullUpdate(layout([[line(("ab", RED)), line(("cd", RED))]]), lines).render_segments(console("256"))
    rows: Rows = [[line(("a", RED)), line(("bcd", RED))]]
    codes = DiffUpdate(partial(rows, 0, 4), lines).render_segments(console("256"))
    assert codes == "\x1b[1;1H\x1b[38;5;196;48;5;16ma\x1b[1;2Hbcd\x1b[0m"


def test_what_is_not_called_changed_is_left_alone() -> None:
    lines: dict[int, KnownLine] = {}
    FullUpdate(layout([[line(("ab", RED)), line(("cd", RED))]]), lines).render_segments(console("256"))
    rows: Rows = [[line(("xx", RED)), line(("yy", RED))]]
    codes = DiffUpdate(partial(rows, 2, 4), lines).render_segments(console("256"))
    assert codes == "\x1b[1;3H\x1b[38;5;196;48;5;16myy\x1b[0m"


# --- whole apps


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What apps without a terminal would send to one."""
    parts: list[str] = []
    show = DiffApp._display

    def as_on_a_terminal(app: DiffApp[None], screen: Screen[object], drawn: RenderableType | None) -> None:
        with mock.patch.object(App, "is_headless", False):
            show(app, screen, drawn)

    monkeypatch.setattr(DiffApp, "_display", as_on_a_terminal)
    monkeypatch.setattr(HeadlessDriver, "write", lambda _, data: parts.append(data))
    return parts


class Two(Painted):
    """Two digits side by side."""

    pixels = (np.zeros(784, np.float32), np.full(784, 0.5, np.float32))

    def paint(self, canvas: Canvas) -> None:
        """At columns 2 and 22."""
        for x, pixels in zip((2, 22), self.pixels, strict=True):
            draw_image(canvas, x, 1, pixels)


class TwoApp(DiffApp[None]):
    """Only them."""

    def compose(self) -> ComposeResult:
        """Nothing else."""
        yield Two(terminal())


async def test_one_changed_picture_sends_its_own_columns(sent: list[str]) -> None:
    app = TwoApp()
    async with app.run_test(size=(40, 10)):
        await settle(app)
        two = app.query_one(Two)
        sent.clear()
        two.pixels = (two.pixels[0], np.ones(784, np.float32))
        two.repaint()
        await settle(app)
        moves = re.findall(r"\x1b\[(\d+);(\d+)H", "".join(sent))
        assert moves == [*((str(row), "23") for row in range(2, 9)), ("1", "1")]  # then the cursor's place
        sent.clear()
        two.repaint()
        await settle(app)
        assert not sent


async def test_after_a_stop_all_is_drawn_again(sent: list[str]) -> None:
    app = TwoApp()
    screen = pyte.Screen(40, 10)
    async with app.run_test(size=(40, 10)):
        await settle(app)
        feed(screen, "".join(sent))
        before = seen(screen)
        sent.clear()
        screen.reset()
        app.app_resume_signal.publish(app)
        await settle(app)
        feed(screen, "".join(sent))
        assert seen(screen) == before


@pytest.mark.parametrize("view", "2346")
async def test_after_many_keys_the_terminal_shows_the_explorer(
    runs: Path, sent: list[str], view: str
) -> None:
    """Steps, checkpoints, another view and back, the help over it, another theme."""
    screen = pyte.Screen(*LARGE)
    async with exploring(runs, LARGE) as (app, _):
        for key in (view, *KEYS, "question_mark", "escape", "1", view, *KEYS):
            await press(app, key)
            feed(screen, "".join(sent))
            sent.clear()
        drawn = pyte.Screen(*LARGE)
        for y, strip in enumerate(strips(app)):
            feed(drawn, f"\x1b[{y + 1}H" + strip.render(app.console))
        assert seen(screen) == seen(drawn)


async def test_what_something_else_wrote_on_the_screen_goes_with_a_key(runs: Path, sent: list[str]) -> None:
    screen = pyte.Screen(*LARGE)
    async with exploring(runs, LARGE) as (app, _):
        await press(app, "2")
        feed(screen, "".join(sent))
        before = seen(screen)
        sent.clear()
        feed(screen, "\x1b[5;1HBroadcast message: the system is going down")
        await press(app, "ctrl+l")
        feed(screen, "".join(sent))
        assert seen(screen) == before
