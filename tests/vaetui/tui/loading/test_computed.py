"""What takes long is made once, for what is wanted last, and not while keys follow each other."""

import asyncio
import threading
from collections.abc import Callable

from textual.app import App, ComposeResult
from textual.widget import Widget

from tests.vaetui.tui.driving import soon
from vaetui.tui.loading.computed import Arrived, Errand


class Codes:
    """What values belong to."""


class Asking(Widget):
    """A widget that asks for what takes long."""

    def __init__(self, pause: float) -> None:
        super().__init__()
        self.errand: Errand[str] = Errand(self, "test", pause)
        self.made: list[str] = []

    def on_arrived(self, message: Arrived) -> None:
        """Keep it."""
        message.keep()

    def ask(self, owner: Codes, key: str, gate: threading.Event | None = None) -> str | None:
        """Ask for a value, whose making waits for `gate`."""

        def make(unwanted: Callable[[], bool]) -> str | None:
            self.made.append(key)
            while gate is not None and not gate.wait(0.005):
                if unwanted():
                    return None
            return key.upper()

        return self.errand.want(owner, key, make)


class One(App[None]):
    """Only the widget."""

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__()
        self.asking = Asking(pause)

    def compose(self) -> ComposeResult:
        """Only it."""
        yield self.asking


async def answer(asking: Asking, owner: Codes, key: str) -> str:
    for _ in range(1000):
        if (found := asking.ask(owner, key)) is not None:
            return found
        await asyncio.sleep(0.005)
    raise AssertionError("no answer")


async def test_a_value_is_made_once_and_kept_for_its_owner() -> None:
    app, one, other = One(), Codes(), Codes()
    async with app.run_test():
        assert await answer(app.asking, one, "a") == "A"
        assert await answer(app.asking, other, "a") == "A"
        assert await answer(app.asking, one, "a") == "A"
        assert app.asking.made == ["a", "a"]


async def test_only_what_is_still_wanted_after_the_pause_is_made() -> None:
    app, owner = One(pause=0.2), Codes()
    async with app.run_test():
        for key in "abcabcd":
            assert app.asking.ask(owner, key) is None
            await asyncio.sleep(0.002)
        assert await answer(app.asking, owner, "d") == "D"
        assert app.asking.made == ["d"]


async def test_coming_back_goes_on_with_what_is_being_made() -> None:
    app, owner, gate = One(), Codes(), threading.Event()
    async with app.run_test() as pilot:
        await answer(app.asking, owner, "known")
        app.asking.ask(owner, "a", gate)
        await soon(lambda: app.asking.made == ["known", "a"])
        app.asking.ask(owner, "known")
        app.asking.ask(owner, "a", gate)
        await pilot.pause(0.02)
        gate.set()
        assert await answer(app.asking, owner, "a") == "A"
        assert app.asking.made == ["known", "a"]


async def test_what_is_wanted_no_more_is_told_so() -> None:
    app, owner, never = One(), Codes(), threading.Event()
    async with app.run_test():
        await answer(app.asking, owner, "known")
        app.asking.ask(owner, "a", never)
        await soon(lambda: app.asking.made == ["known", "a"])
        assert any(worker.is_running for worker in app.workers)
        app.asking.ask(owner, "known")
        await soon(lambda: not any(worker.is_running for worker in app.workers))
