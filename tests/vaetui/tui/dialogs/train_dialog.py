"""Fill in the train dialog and read it."""

from pathlib import Path

from tests.vaetui.tui.driving import (
    press,
    settle,
    text,
    until,
)
from vaetui.tui.app import Explorer
from vaetui.tui.dialogs.train import TrainDialog

Started = list[tuple[list[Path], Path]]


def dialog(app: Explorer) -> TrainDialog:
    assert isinstance(app.screen, TrainDialog)
    return app.screen


async def write(app: Explorer, key: str, words: str) -> None:
    """Put `words` into a field in place of what is there; of a choice, take the word for a letter."""
    dialog(app).form.go(key)
    await settle(app)
    await press(app, "ctrl+e", "ctrl+u", *words)


def page(app: Explorer) -> str:
    """What is in the dialog, its lines joined."""
    x, y, width, height = app.screen.query_one("TrainDialog > Vertical").region
    return " ".join(" ".join(line[x : x + width] for line in text(app).splitlines()[y : y + height]).split())


async def surveyed(app: Explorer, words: str) -> None:
    await until(app, lambda: words in page(app))
