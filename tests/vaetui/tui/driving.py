"""Driving the explorer without a terminal: start it, wait for it, read its screen."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip

from vaetui.render.terminal import Depth, Glyphs, Terminal
from vaetui.runs.families import cell_of
from vaetui.runs.run_index import RunIndex
from vaetui.tui import base_app
from vaetui.tui.app import Explorer
from vaetui.tui.loading import latent_sources

MOST_SECONDS = 60.0  # that a busy machine is waited for
SMALL, LARGE = (80, 24), (200, 50)


def terminal(depth: Depth = "truecolor", glyphs: Glyphs = "half") -> Terminal:
    """A terminal for tests."""
    return Terminal(depth, glyphs, is_tty=True, columns=80, reason="")


@asynccontextmanager
async def exploring(
    runs: Path,
    size: tuple[int, int] = SMALL,
    wanted: Sequence[Path] = (),
    data: Path | None = None,
    shown: Terminal | None = None,
    poll: float = 0.02,
    state: Path | None = None,
    theme: str = "",
) -> AsyncIterator[tuple[Explorer, Pilot[None]]]:
    """The app on `runs`, its images read, looking for changes every `poll` seconds.

    `state` is the session file, None for none.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base_app, "POLL_SECONDS", poll)
        patch.setattr(latent_sources, "DELAY", 0.0)
        app = Explorer(
            RunIndex(runs), data or runs.parent / "data", shown or terminal(), wanted, state, theme
        )
        async with app.run_test(size=size):
            await settle(app)
            yield app, SettlingPilot(app)


class SettlingPilot(Pilot[None]):
    """A pilot that waits until the app has done its work, before and after what it does.

    Textual's own waits for a process that does nothing for 20 ms, up to a second: one that polls seldom is.
    """

    async def pause(self, delay: float | None = None) -> None:
        """Wait until the app has settled, or `delay` seconds."""
        if delay is None:
            await settle(self.app)
        else:
            await super().pause(delay)


async def press(app: Explorer, *keys: str) -> None:
    """Press keys one after the other, each when the one before has done its work."""
    for key in keys:
        app.simulate_key(key)
        await settle(app)


async def settle(app: App[None]) -> None:
    """Until nothing is being read and everything is painted, or the app has failed."""
    calm, deadline = 0, time.monotonic() + MOST_SECONDS
    while calm < 10 and app._exception is None:
        assert time.monotonic() < deadline, f"still busy after {MOST_SECONDS} s"
        reading = any(worker.is_running for worker in app.workers)
        await asyncio.sleep(0.002 if reading else 0)
        nodes = [app, *app.screen.walk_children(with_self=True)]
        calm = 0 if reading or any(node.message_queue_size for node in nodes) else calm + 1
        if calm in (5, 10):
            app.screen._on_timer_update()  # painting may begin what has to be waited for


async def until(app: Explorer, holds: Callable[[], bool], seconds: float = MOST_SECONDS) -> None:
    """Return as soon as `holds()` is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        await asyncio.sleep(0.01)
        await settle(app)


async def soon(holds: Callable[[], bool], seconds: float = MOST_SECONDS) -> None:
    """As `until`, while something goes on that does not settle."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"still not so after {seconds} s"
        await asyncio.sleep(0.01)


def cell(app: Explorer) -> tuple[int, object]:
    """Latent size and column of the selected run."""
    run = app.state.runs.run
    assert run is not None
    return cell_of(run)


def strips(app: Explorer) -> list[Strip]:
    """What is on the screen, line by line."""
    return app.screen._compositor.render_strips()


def text(app: Explorer) -> str:
    """What is on the screen as text."""
    return "\n".join(strip.text for strip in strips(app))


def picture(app: Explorer) -> list[list[tuple[str, str]]]:
    """What is on the screen with its colours."""
    return [[(segment.text, str(segment.style)) for segment in strip] for strip in strips(app)]
