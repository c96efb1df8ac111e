"""Digits of the explorer as pictures of kitty's protocol: in time, once, and not for ever."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from textual.pilot import Pilot
from textual.strip import Strip

from tests.vaetui.render.pictures import EMPTY, Sent, erased, transmitted
from tests.vaetui.tui.driving import SMALL, exploring, press, strips, terminal, text
from trainer.contract.files import Problem
from vaetui.render import kitty_pictures as module
from vaetui.render import protocols
from vaetui.render.colours import grey
from vaetui.render.kitty_pictures import KittyPictures, open_pictures
from vaetui.render.terminal import Depth, Glyphs
from vaetui.render.theme import ink
from vaetui.tui.app import Explorer
from vaetui.tui.screen import textual_private
from vaetui.tui.widgets.images import THUMB

SIZE = (14, 7)


class Written:
    """What an app or the list of pictures has written past the frames."""

    def __init__(self) -> None:
        self.text = ""

    def __call__(self, text: str) -> None:
        self.text += text

    @property
    def sent(self) -> dict[int, Sent]:
        found = transmitted(self.text)
        assert len(found) == len(dict(found)), "transmitted twice"
        return dict(found)

    @property
    def there(self) -> set[int]:
        """The numbers of the pictures that the terminal has after all of it."""
        found: set[int] = set()
        for part in self.text.split("\x1b_Ga=")[1:]:
            found |= {number for number, _ in transmitted("\x1b_Ga=" + part)}
            found -= set(erased("\x1b_Ga=" + part))
        return found


@asynccontextmanager
async def with_pictures(
    runs: Path, size: tuple[int, int] = SMALL
) -> AsyncIterator[tuple[Explorer, Written, Pilot[None]]]:
    """The explorer on a terminal that takes kitty's pictures."""
    written = Written()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(textual_private, "write", lambda app, text: written(text))
        async with exploring(runs, size, shown=terminal(glyphs="kitty")) as (app, pilot):
            yield app, written, pilot


def shown(lines: list[Strip]) -> dict[int, set[tuple[int, int]]]:
    """The pictures on the screen by their numbers: the rows and columns of them that are seen."""
    found: dict[int, set[tuple[int, int]]] = {}
    for strip in lines:
        for segment in strip:
            if EMPTY in segment.text:
                assert segment.style is not None
                assert segment.style.color is not None
                red, green, blue = segment.style.color.get_truecolor()
                cells = found.setdefault((red << 16) + (green << 8) + blue, set())
                cells |= set(_cells(segment.text))
    return found


def _cells(text: str) -> Iterator[tuple[int, int]]:
    diacritics = protocols._library().DIACRITICS
    for marks in text.split(EMPTY)[1:]:
        row, column = (diacritics.index(mark) for mark in marks)
        yield row, column


# --- the explorer


@pytest.mark.parametrize("key", "2345678")
async def test_what_is_seen_was_transmitted_once_and_is_whole(grid: Path, key: str) -> None:
    async with with_pictures(grid, (200, 50)) as (app, written, _):
        await press(app, key)
        seen = shown(strips(app))
        sent = written.sent
        assert seen.keys() <= sent.keys()
        assert seen or key in "58"
        for number, cells in seen.items():
            columns, rows = sent[number].columns, sent[number].rows
            assert cells == {(row, column) for row in range(rows) for column in range(columns)}
        assert {strip.cell_length for strip in strips(app)} == {200}


async def test_pixels_have_the_colours_of_the_theme(grid: Path) -> None:
    async with with_pictures(grid) as (app, written, _):
        await press(app, "2")
        dark = shown(strips(app)).keys()
        app.use_theme("light")
        await press(app, "2")
        assert not dark & shown(strips(app)).keys()
        first = app.view.state.shown
        assert first is not None
        steps = np.rint(first.pixels([app.state.selection.image])[0].reshape(28, 28) * 15) / 15
        assert any((sent.pixels == ink(steps.astype(np.float32))).all() for sent in written.sent.values())


async def test_digits_that_come_back_are_not_transmitted_again(grid: Path) -> None:
    async with with_pictures(grid) as (app, written, _):
        await press(app, "2")
        before, size = shown(strips(app)), len(written.text)
        await press(app, "1", "2")
        assert shown(strips(app)) == before
        assert len(written.text) == size


async def test_all_are_deleted_before_the_app_is_left(grid: Path) -> None:
    async with with_pictures(grid) as (app, written, _):
        await press(app, "2", "3", "4")
        sent = set(written.sent)
        assert not erased(written.text)
        await press(app, "q")
        assert set(erased(written.text)) == sent
        assert not written.there
        assert set(written.sent) == sent, "nothing is sent after that"


async def test_what_is_seen_is_not_dropped_however_many_come(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_PICTURES", 8)
    async with with_pictures(grid, (200, 50)) as (app, written, _):
        for key in "23rrrr":
            await press(app, key)
            assert shown(strips(app)).keys() <= written.there
        assert erased(written.text)


async def test_the_picture_of_a_screen_has_characters_in_place_of_pictures(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "2")
        wanted = [strip.text for strip in app._in_cells()]
    async with with_pictures(grid) as (app, _, _):
        await press(app, "2")
        before = text(app)
        assert EMPTY in before
        assert [strip.text for strip in app._in_cells()] == wanted
        assert text(app) == before


@pytest.mark.parametrize(
    ("glyphs", "depth", "word"),
    [("sixel", "truecolor", "instead of sixels"), ("kitty", "256", "16 million colours")],
)
async def test_where_pictures_cannot_be_one_sentence_says_so(
    grid: Path, glyphs: Glyphs, depth: Depth, word: str
) -> None:
    async with exploring(grid, shown=terminal(depth, glyphs)) as (app, _):
        await press(app, "2")
        assert word in text(app)
        assert "▀" in text(app)
        assert EMPTY not in text(app)


def test_the_explorer_without_the_library_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "find_spec", lambda name: None)
    with pytest.raises(Problem, match=r"vaetui\[pictures\]"):
        open_pictures(terminal(glyphs="kitty"), Written(), in_tmux=False)


async def test_inside_tmux_it_is_advised_what_that_must_do(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with with_pictures(grid) as (app, _, _):
        assert "allow-passthrough" not in text(app)
    monkeypatch.setenv("TMUX", "/tmp/tmux-1/default,1,0")
    async with with_pictures(grid) as (app, written, _):
        await press(app, "2")
        assert "allow-passthrough on" in text(app)
        assert written.text.startswith("\x1bPtmux;\x1b\x1b_G")


# --- the pictures


def image(number: int) -> npt.NDArray[np.float32]:
    pixels = np.zeros(784, np.float32)
    pixels[number] = 1
    return pixels


def test_those_painted_last_stay() -> None:
    written = Written()
    pictures = KittyPictures(written, in_tmux=False)
    numbers = [pictures.place(image(place), SIZE, grey).number for place in range(600)]
    again = pictures.place(image(0), SIZE, grey).number
    assert again == numbers[0]
    pictures.drop([numbers[5]])
    stay = {again, numbers[5], *numbers[-module.KEPT_PICTURES // 2 + 1 :]}
    assert set(erased(written.text)) == set(numbers) - stay
    pictures.place(image(1), SIZE, grey)
    assert [number for number, _ in transmitted(written.text)].count(numbers[1]) == 2
    pictures.close()
    assert set(erased(written.text)) == set(numbers)
    size = len(written.text)
    pictures.place(image(1), SIZE, grey)
    assert len(written.text) == size, "nothing is sent after the end"


def test_inside_tmux_everything_goes_through() -> None:
    written = Written()
    pictures = KittyPictures(written, in_tmux=True)
    pictures.place(image(3), THUMB, grey)
    pictures.close()
    assert written.text.count("\x1bPtmux;\x1b\x1b_G") == written.text.count("\x1b_G") == 2


def test_the_explorer_imports_nothing_of_it_where_it_is_not_asked_for() -> None:
    modules = ("vaetui.render.kitty_pictures", "vaetui.render.protocols", "kittytgp")
    code = f"import sys, vaetui.tui.app; print([name for name in {modules} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
