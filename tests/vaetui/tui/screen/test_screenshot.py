"""A screenshot has the same lines as the terminal."""

from pathlib import Path

import pytest

from tests.vaetui.tui.driving import LARGE, SMALL, exploring, press, strips
from vaetui.tui import keys
from vaetui.tui.screen.screenshot import screen_lines


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [SMALL, LARGE, (30, 8)], ids=str)
async def test_lines_of_the_screen_are_those_of_the_compositor(
    grid: Path, size: tuple[int, int], theme: str
) -> None:
    async with exploring(grid, size, theme=theme) as (app, _):
        for number in range(1, len(keys.VIEWS) + 1):
            await press(app, str(number))
            lines = [list(strip) for strip in strips(app)]
            assert [list(strip) for strip in screen_lines(app.screen)] == lines
