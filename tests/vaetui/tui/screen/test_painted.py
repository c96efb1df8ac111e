"""Only widgets that a key changes are painted."""

from pathlib import Path

import pytest

from tests.vaetui.tui.driving import (
    exploring,
    press,
)
from vaetui.tui.screen.painted import Painted


async def test_widgets_without_a_change_are_not_painted_again(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with exploring(grid, wanted=[grid / "digits" / "vae-z5-b1-bce-s0-h16"], poll=60) as (app, _):
        await press(app, "right")  # there are digits on both sides from now on, which the footer tells
        painted: list[str] = []

        def compose(widget: Painted) -> None:
            painted.append(type(widget).__name__)
            original(widget)

        original = Painted._compose_strips
        monkeypatch.setattr(Painted, "_compose_strips", compose)
        await press(app, "right")
        assert painted == ["Reconstruct"]
        await press(app, "minus")
        assert {"Sidebar", "Header", "Reconstruct"} <= set(painted)
