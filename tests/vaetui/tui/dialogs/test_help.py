"""The help page keeps its columns."""

import pytest

from tests.vaetui.tui.driving import terminal
from vaetui.tui import keys
from vaetui.tui.dialogs.help import Help

COLUMNS = 71  # of the 76 of the dialog: without its padding and its scroll bar


@pytest.mark.parametrize("view", keys.VIEWS)
def test_no_line_wraps(view: str) -> None:
    assert [line for line in Help(view, terminal())._page().plain.splitlines() if len(line) > COLUMNS] == []
