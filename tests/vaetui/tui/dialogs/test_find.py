"""Finding a run: by words and parts of words, among many, in whatever family."""

import time
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, cell, exploring, press, terminal, text
from vaetui.runs.run_watcher import Run, read_run
from vaetui.tui.dialogs.find import Find, matching, search_entry
from vaetui.tui.dialogs.line import EditableText

TINY = (60, 20)


@pytest.fixture
def many(runs: Path) -> list[Run]:
    """Runs of 1 and 10 dimensions at β 4 and 40 of two datasets, an autoencoder, and one that was stopped."""
    for dataset in ("digits", "mnist"):
        tiny.grid(runs, (1, 10), (4.0, 40.0), dataset=dataset)
    tiny.make(runs, tiny.config("ae", latent=10))
    tiny.ship(runs, tiny.config(latent=20, dataset="mnist"))
    tiny.make(runs, tiny.config(latent=3), name="mine", state="stopped", done=1)
    return [read_run(path) for path in sorted(runs.glob("*/*"))]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("z10 b4 mnist", ["mnist/vae-z10-b4-bce-s0-h16", "mnist/vae-z10-b40-bce-s0-h16"]),
        ("Z1 β4 digits", ["digits/vae-z1-b4-bce-s0-h16"]),
        ("ae z10 digits", ["digits/ae-z10-bce-s0-h16"]),
        ("stopped", ["digits/mine"]),
        ("examples z20 mnist", ["examples/vae-z20-b1-bce-s0-h16"]),
        ("z3 b1", ["digits/mine"]),
        ("b4 nothing", []),
    ],
)
def test_every_word_narrows_and_whole_words_come_first(many: list[Run], typed: str, names: list[str]) -> None:
    entries = [search_entry(run) for run in reversed(many)]
    shown = [f"{e.run.path.parent.name}/{e.run.name}" for e in matching(entries, typed)]
    assert shown[: len(names)] == names
    assert len(matching(entries, "")) == len(many)


def test_a_thousand_runs_are_narrowed_in_no_time(many: list[Run]) -> None:
    entries = [search_entry(run) for run in many * 100]
    start = time.process_time()
    assert len(matching(entries, "z10 b40 mnist")) == 100
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("size", [SMALL, TINY, LARGE], ids=str)
async def test_what_is_typed_finds_a_run_of_another_family(grid: Path, size: tuple[int, int]) -> None:
    wanted = tiny.make(grid, tiny.config(latent=7, beta=3.0, hidden=(8,)))
    async with exploring(grid, size) as (app, _):
        await press(app, "slash")
        assert "7 of 7" in text(app)
        assert "−ELBO nats" in text(app)
        await press(app, *"z7 b3")
        assert "1 of 7" in text(app)
        assert any(wanted.name in line and "finished" in line for line in text(app).splitlines())
        assert {len(line) for line in text(app).splitlines()} == {size[0]}
        await press(app, "enter")
        assert not isinstance(app.screen, Find)
        assert app.state.runs.run is not None
        assert app.state.runs.run.path == wanted
        assert app.state.runs.family is not None
        assert app.state.runs.family.key["hidden"] == (8,)


async def test_arrows_and_pages_move_and_escape_leaves_all_as_it_was(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z2-b1-bce-s0-h16"]) as (app, _):
        await press(app, "slash", "pageup", "down", "escape")
        assert cell(app) == (2, 1.0)
        await press(app, "slash", "pagedown", "enter")
        assert cell(app) == (5, "AE")
        await press(app, "slash", "pageup", "down", "enter")
        assert cell(app) == (2, 4.0)
        await press(app, "slash", *"nothing like it", "enter")
        assert isinstance(app.screen, Find)
        assert "no run has all of these words" in text(app)


async def test_the_mouse_picks_a_run(grid: Path) -> None:
    async with exploring(grid, LARGE) as (app, pilot):
        await press(app, "slash")
        y = next(y for y, line in enumerate(text(app).splitlines()) if "vae-z5-b4" in line)
        await pilot.click(offset=(100, y))
        await press(app)
        assert cell(app) == (5, 4.0)


async def test_it_is_ascii_where_it_must_be(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with exploring(grid, shown=terminal("none", "ascii")) as (app, _):
        await press(app, "slash", *"z2")
        assert text(app).isascii()
        assert "/ z2|" in text(app)


# --- the line that is typed into


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        ("5", "5", 1),
        ("end , 5", "2,10,5", 6),
        ("home 1", "12,10", 1),
        ("left left delete", "2,0", 2),
        ("left backspace", "2,0", 2),
        ("backspace", "", 0),
        ("left ctrl+u", "0", 0),
        ("home right ctrl+k", "2", 1),
        ("end ctrl+w", "2,", 2),
        ("right right ctrl+e left", "2,10", 3),
    ],
)
def test_a_line_is_edited_as_lines_are(keys: str, text: str, cursor: int) -> None:
    line = EditableText("2,10", 4, is_fresh=True)
    for key in keys.split():
        line = line.after_key(key) or line.inserted(key)
    assert (line.text, line.cursor) == (text, cursor)


def test_keys_that_edit_nothing_are_left_to_others() -> None:
    assert [EditableText("a").after_key(key) for key in ("up", "enter", "escape", "tab", "f1")] == [None] * 5
