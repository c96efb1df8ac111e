"""The help page lists every key, keeps its columns and closes."""

from pathlib import Path

import pytest

from tests.vaetui.tui.driving import (
    exploring,
    press,
    terminal,
    text,
)
from vaetui.tui import keys
from vaetui.tui.dialogs.help import Help

COLUMNS = 71  # of the 76 of the dialog: without its padding and its scroll bar


@pytest.mark.parametrize("view", keys.VIEWS)
def test_no_line_wraps(view: str) -> None:
    assert [line for line in Help(view, terminal())._page().plain.splitlines() if len(line) > COLUMNS] == []


async def test_help_lists_every_key_and_closes(grid: Path) -> None:
    async with exploring(grid) as (app, pilot):
        await press(app, "question_mark")
        assert "smaller latent size" in text(app)
        await press(app, "end")
        await pilot.wait_for_scheduled_animations()
        assert "distortion + rate" in text(app)
        await press(app, "escape")
        assert "z╲β" in text(app)
