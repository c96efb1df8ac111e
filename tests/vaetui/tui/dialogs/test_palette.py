"""The command palette finds commands by the words that people type."""

from pathlib import Path

import pytest
from textual.app import SystemCommand

from tests.vaetui.tui.driving import exploring, press, text, until
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.dialogs.palette import match


def first(app: Explorer, query: str) -> str:
    """Key and view of the command that is listed first."""
    found = max(app.get_system_commands(app.screen), key=lambda command: match(query, command))
    return found.help.partition(";")[0]


async def test_common_words_find_what_they_mean(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "6")
        for words, key in (
            ("help keys glossary", "?"),
            ("quit exit close", "q"),
            ("export save write png gif screenshot", "x"),
            ("report recipe claims markdown verdict", "X"),
            ("find search filter", "/"),
            ("download fetch mnist", "D"),
            ("train fit", "t"),
            ("stop cancel", "s"),
            ("copy clipboard", "y"),
            ("theme colors colours", "T"),
        ):
            for word in words.split():
                assert first(app, word) == f"{key} in every view", word
        assert first(app, "next theme") == "T in every view"
        assert first(app, "umap") == "w in Latent"
        assert first(app, "hardest") == "o in Reconstruct"
        assert first(app, "play") in [f"space in {view}" for view in ("Reconstruct", "Sample", "Interpolate")]


async def test_a_command_of_another_view_shows_that_view(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "6", "ctrl+p", *"preset path")
        await until(app, lambda: "P in Interpolate" in text(app))
        await press(app, "down", "enter")
        await until(app, lambda: app.view.title == "Interpolate")
        await until(app, lambda: len(app.state.selection.interpolation.stops) == 6)


def test_every_word_must_be_found_and_titles_count_most() -> None:
    command = SystemCommand("find a run", "/ in every view; also: search", lambda: None)
    assert match("find run", command) == 1
    assert match("find", command) > match("search", command) > match("fin", command) > match("sea", command)
    assert match("/", command) > 0
    assert match("find nothing", command) == 0
    assert match("", command) == 0


@pytest.mark.parametrize("action", keys.SYNONYMS)
def test_synonyms_are_of_actions_that_exist(action: str) -> None:
    assert action in {key.action for row in keys.GROUPS for key in row.keys}
