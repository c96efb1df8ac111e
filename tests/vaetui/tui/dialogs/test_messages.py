"""The log of messages: whole sentences with their times, the newest first."""

import re
from pathlib import Path

import pytest

from tests.vaetui.tui.driving import LARGE, SMALL, exploring, press, terminal, text
from vaetui.tui.dialogs.messages import Messages

LONG = "a long sentence that is wrapped, " * 4 + "to its end"


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_messages_are_listed_whole_and_the_newest_first(run: Path, size: tuple[int, int]) -> None:
    async with exploring(run.parents[1], size) as (app, _):
        app.show_notice("the first message")
        app.show_notice(LONG, is_trouble=True)
        await press(app, "M")
        listed = re.findall(r"\d\d:\d\d:\d\d  ([a-z ]+)", text(app))
        assert [sentence.strip() for sentence in listed] == [
            "a long sentence that is wrapped",
            "the first message",
        ]
        lines = text(app).splitlines()
        top = next(y for y, line in enumerate(lines) if listed[0] in line)
        assert ("to its end" in lines[top + 2]) == (size == SMALL)
        assert ("to its end" in lines[top + 1]) == (size == LARGE)
        await press(app, "M")
        assert not isinstance(app.screen, Messages)


async def test_without_messages_it_says_so_and_escape_closes(run: Path) -> None:
    async with exploring(run.parents[1], shown=terminal("none", "ascii")) as (app, _):
        await press(app, "M")
        assert "no messages yet" in text(app)
        assert text(app).isascii()
        await press(app, "escape")
        assert not isinstance(app.screen, Messages)


async def test_a_hundred_messages_scroll(run: Path) -> None:
    async with exploring(run.parents[1]) as (app, pilot):
        for number in range(120):
            app.show_notice(f"message {number}")
        await press(app, "M")
        assert "message 119" in text(app)
        await press(app, "end")
        await pilot.wait_for_scheduled_animations()
        assert "message 20" in text(app)


async def test_a_message_that_just_fits_ends_the_layout(grid: Path) -> None:
    """Without room for its bar the text is shorter, then no bar is needed: that went on for ever."""
    message = "copied: vaetui explore vae-z5-b4-mse-s0-h8 --view Latent --runs /tmp/tmpb079yuuq/runs --data"
    message += " /tmp/tmpb079yuuq/data"
    async with exploring(grid, (70, 3)) as (app, pilot):
        app.show_notice(message.replace(" ", "\N{NO-BREAK SPACE}").replace(":\N{NO-BREAK SPACE}", ": "))
        await pilot.resize_terminal(120, 24)
        await press(app, "M")
        for height in range(40, 44):
            await pilot.resize_terminal(15, height)
            await press(app, "down")
        await press(app, "escape")
        assert len(app.screen_stack) == 1
