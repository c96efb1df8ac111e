"""The session file: restored, untrusted, and never an obstacle."""

import dataclasses
import json
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import cell, exploring, press, terminal, text
from vaetui.tui.session import MAX_BYTES, Session, SessionFile, default_path, read_session
from vaetui.tui.state.notice import Notice


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "vaetui" / "explorer.json"


async def test_it_opens_as_it_was_left(grid: Path, state: Path) -> None:
    async with exploring(grid, state=state) as (app, _):
        await press(app, "4", "T", "m", "m", "g", "left_square_bracket", "equals_sign")
        run, theme, metric = app.state.runs.run, app.theme, app.metric.name
    async with exploring(grid, state=state) as (app, _):
        assert app.view.title == "Interpolate"
        assert (app.theme, app.metric.name) == (theme, metric) == ("light", "rate")
        assert app.state.runs.run == run
        assert "z╲β" not in text(app)


async def test_the_first_start_says_what_is_seen_and_which_key_is_next(grid: Path, state: Path) -> None:
    async with exploring(grid, state=state) as (app, _):
        assert app.view.title == "Reconstruct"
        assert cell(app) == (5, 1.0)
        assert "by the model best on validation: → next, ? help" in text(app)
        await press(app, "left_square_bracket")
    async with exploring(grid, state=state) as (app, _):
        assert cell(app) == (2, 1.0), "the session comes first"
        assert not app.state.notice.sentence


async def test_the_greeting_goes_with_a_key_that_does_something(grid: Path, state: Path) -> None:
    async with exploring(grid, state=state) as (app, _):
        await press(app, "5")
        assert "? help" not in text(app).splitlines()[-2]
        assert not app.state.notice.sentence


async def test_the_greeting_gives_way_to_a_problem(runs: Path, state: Path) -> None:
    tiny.make(runs, tiny.config(dataset="mnist"))
    async with exploring(runs, state=state) as (app, _):
        assert app.state.notice.is_greeting
        assert "digits replace mnist" in text(app)


async def test_the_first_start_on_a_training_shows_its_loss(runs: Path, state: Path) -> None:
    with tiny.live(runs):
        async with exploring(runs, state=state) as (app, _):
            assert app.view.title == "Loss"
            assert "2 shows reconstructions, ? help" in text(app)


async def test_without_a_session_file_nothing_is_written(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "T")
    assert not default_path().exists()


async def test_a_theme_is_saved_at_once(grid: Path, state: Path) -> None:
    """A broken connection ends the explorer without saving."""
    async with exploring(grid, state=state) as (app, _):
        await press(app, "T")
        assert read_session(state)[0].theme == "light"


async def test_named_runs_and_themes_take_precedence(grid: Path, state: Path) -> None:
    async with exploring(grid, state=state) as (app, _):
        await press(app, "T", "left_square_bracket")
    named = grid / "digits" / "vae-z5-b4-bce-s0-h16"
    async with exploring(grid, wanted=[named], state=state, theme="safe") as (app, _):
        assert app.state.runs.run is not None
        assert app.state.runs.run.path == named
        assert app.theme == "safe"


async def test_a_run_in_training_takes_precedence(grid: Path, state: Path) -> None:
    async with exploring(grid, state=state) as (app, _):
        await press(app, "6")
    with tiny.live(grid, tiny.config(latent=3)) as live:
        async with exploring(grid, state=state) as (app, _):
            assert app.state.runs.run is not None
            assert app.state.runs.run.path == live
            assert app.view.title == "Loss"


async def test_each_runs_folder_has_a_last_run_of_its_own(grid: Path, tmp_path: Path, state: Path) -> None:
    other = tmp_path / "others"
    tiny.grid(other, (3, 4), (2.0, 3.0))
    seen = []
    for folder in (grid, other):
        async with exploring(folder, state=state) as (app, _):
            await press(app, "left_square_bracket", "minus")
            seen.append(app.state.runs.run)
    for folder, run in zip((grid, other), seen, strict=True):
        async with exploring(folder, state=state) as (app, _):
            assert app.state.runs.run == run


async def test_a_deleted_run_is_ignored(grid: Path, state: Path) -> None:
    SessionFile(state).save("Latent", "dark", "rate", None, grid / "digits" / "gone")
    async with exploring(grid, state=state) as (app, _):
        assert app.state.runs.run is not None
        assert app.view.title == "Latent"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"runs": 3}',
        b'{"theme": 7}',
        b'{"grid": "yes"}',
        b"[" * 100_000,
        b" " * (MAX_BYTES + 1),
    ],
    ids=range(9),
)
async def test_a_damaged_file_is_reported_and_replaced(grid: Path, state: Path, content: bytes) -> None:
    state.parent.mkdir(parents=True)
    state.write_bytes(content)
    async with exploring(grid, state=state) as (app, _):
        assert "the session is not restored" in text(app)
        assert "explorer.json is damaged" in app.state.notice.sentence
        await press(app, "3")
    assert read_session(state) == (Session("Sample", "dark", runs=read_session(state)[0].runs), "")


async def test_unknown_names_are_replaced_by_defaults(grid: Path, state: Path) -> None:
    state.parent.mkdir(parents=True)
    found: dict[str, object] = {
        "view": "Dance",
        "theme": "plaid",
        "metric": "joy",
        "grid": None,
        "runs": {},
        "more": 1,
    }
    state.write_text(json.dumps(found))
    async with exploring(grid, state=state) as (app, _):
        assert (app.view.title, app.theme, app.metric.name) == ("Reconstruct", "dark", "−ELBO")
        assert not app.state.current_notice(app.values).sentence


def test_it_stays_small(tmp_path: Path, state: Path) -> None:
    notes = SessionFile(state)
    for number in range(50):
        notes.save("Loss", "dark", "rate", None, tmp_path / ("x" * 3000) / str(number) / "digits" / "run")
        notes.save("Loss", "dark", "rate", None, tmp_path / str(number) / "digits" / "run")
    assert state.stat().st_size < MAX_BYTES
    session, trouble = read_session(state)
    assert not trouble
    assert session.run(tmp_path / "49") == tmp_path / "49" / "digits" / "run"


async def test_a_file_in_place_of_the_folder_is_reported_once(grid: Path, state: Path) -> None:
    state.parent.parent.mkdir(parents=True)
    state.parent.write_text("a file where the folder should be")
    await _is_reported_once(grid, state)


async def _is_reported_once(grid: Path, state: Path) -> None:
    async with exploring(grid, state=state) as (app, _):
        await press(app, "T")
        assert "the session is not saved" in text(app)
        app.state.notice = Notice()
        app.update()
        await press(app, "T")
        assert "the session is not saved" not in text(app)
    assert not app.session.write_error


async def test_an_error_of_the_last_save_is_reported_after_the_end(grid: Path, state: Path) -> None:
    state.parent.parent.mkdir(parents=True)
    state.parent.write_text("a file where the folder should be")
    async with exploring(grid, state=state) as (app, _):
        assert not app.session.write_error
    assert "the session is not saved" in app.session.take_write_error()


async def test_the_first_theme_follows_the_terminals_background(grid: Path, state: Path) -> None:
    light = dataclasses.replace(terminal(), background="light")
    async with exploring(grid, state=state, shown=light) as (app, _):
        assert app.theme == "light"
        await press(app, "T")
        chosen = app.theme
    async with exploring(grid, state=state, shown=light) as (app, _):
        assert app.theme == chosen
