"""Values are made once, for what is wanted last, and not while keys follow each other."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from textual.app import App

from tests.vaetui.tui.driving import soon
from vaetui.tui.loading import loader as module
from vaetui.tui.loading.loader import Finished, Loader, Request, Task
from vaetui.tui.state.loaded import Loaded


class Loading(App[None]):
    """Only a loader; counts what was begun."""

    def __init__(self) -> None:
        super().__init__()
        self.updates = 0
        self.loader = Loader(self, self._update)
        self.begun: list[str] = []

    def _update(self) -> None:
        self.updates += 1

    def on_finished(self, message: Finished) -> None:
        """Keep it."""
        self.loader.finish(message)

    def request(self, name: str, version: int = 1, gate: threading.Event | None = None) -> Request[str]:
        """Request a name in capital letters, whose making waits for `gate`."""

        def work(task: Task) -> str | None:
            self.begun.append(name)
            while gate is not None and not gate.wait(0.005):
                if task.is_cancelled:
                    return None
            return f"{name.upper()}{version}"

        return Request(("kind", name), version, work, "making …")


async def answer(app: Loading, make: Callable[[], Request[str]]) -> str:
    for _ in range(1000):
        if (found := app.loader.get(make())).value is not None:
            return found.value
        await asyncio.sleep(0.005)
    raise AssertionError("no answer")


async def test_a_value_is_made_once_for_a_version_and_replaced_by_a_newer_one() -> None:
    app = Loading()
    async with app.run_test():
        assert await answer(app, lambda: app.request("a")) == "A1"
        assert await answer(app, lambda: app.request("b")) == "B1"
        assert await answer(app, lambda: app.request("a")) == "A1"
        assert app.begun == ["a", "b"]
        assert await answer(app, lambda: app.request("a", 2)) == "A2"


async def test_an_older_version_is_returned_where_it_may_be_shown() -> None:
    app, never = Loading(), threading.Event()
    async with app.run_test():
        await answer(app, lambda: app.request("a"))
        newer = app.request("a", 2, never)
        assert app.loader.get(newer).value is None
        assert app.loader.get(replace(newer, shows_older=True)) == Loaded("A1", 1, "")
        never.set()


async def test_what_is_quick_is_made_at_once() -> None:
    app = Loading()
    async with app.run_test():
        assert app.loader.get(replace(app.request("a"), is_quick=True)).value == "A1"
        assert not app.loader.is_busy()


async def test_only_what_is_still_wanted_after_the_delay_is_made() -> None:
    app = Loading()
    async with app.run_test():
        for key in "abcabcd":
            assert app.loader.get(replace(app.request(key), delay=0.2)).value is None
            await asyncio.sleep(0.002)
        assert await answer(app, lambda: replace(app.request("d"), delay=0.2)) == "D1"
        assert app.begun == ["d"]
        await soon(lambda: not app.loader.is_busy())


async def test_coming_back_goes_on_with_what_is_being_made() -> None:
    app, gate = Loading(), threading.Event()
    async with app.run_test():
        await answer(app, lambda: app.request("known"))
        app.loader.get(app.request("a", gate=gate))
        gate.set()
        app.loader.get(app.request("known"))
        assert await answer(app, lambda: app.request("a", gate=gate)) == "A1"
        assert app.begun == ["known", "a"]


async def test_the_newest_cancels_the_older_of_its_kind() -> None:
    app, never = Loading(), threading.Event()
    async with app.run_test():
        await answer(app, lambda: app.request("known"))
        app.loader.get(app.request("a", gate=never))
        await soon(lambda: app.begun == ["known", "a"])
        assert app.loader.is_busy("kind", "a")
        app.loader.get(app.request("known"))
        await soon(lambda: not app.loader.is_busy())
        assert app.loader.cache.get(("kind", "a")) is None


async def test_one_at_a_time_waits_for_the_older_and_is_begun_when_it_is_asked_for_again() -> None:
    app, gate = Loading(), threading.Event()
    async with app.run_test():
        first = replace(app.request("a", gate=gate), order="one")
        app.loader.get(first)
        await soon(lambda: app.begun == ["a"])
        second = replace(app.request("b"), order="one")
        app.loader.get(second)
        assert not app.loader.is_busy("kind", "b")
        gate.set()
        await soon(lambda: not app.loader.is_busy())
        assert app.loader.cache.get(("kind", "a")) == Loaded("A1", 1)
        assert await answer(app, lambda: second) == "B1"


async def test_an_expected_error_is_a_value_and_not_made_again() -> None:
    app = Loading()

    def fail(_: Task) -> str:
        app.begun.append("fail")
        raise MemoryError

    async with app.run_test():
        request = Request(("kind", "x"), 1, fail, failure="no x: {}")
        app.loader.get(request)
        await soon(lambda: not app.loader.is_busy())
        assert app.loader.get(request).sentence == "no x: there is not enough memory for that"
        assert app.begun == ["fail"]


async def test_a_bug_ends_the_app() -> None:
    def fail(_: Task) -> str:
        raise ZeroDivisionError("a bug")

    async def run(app: Loading) -> None:
        async with app.run_test():
            app.loader.get(Request(("kind", "x"), 1, fail))
            await soon(lambda: app._exception is not None)

    with pytest.raises(Exception, match="a bug"):
        await run(Loading())


async def test_progress_is_shown_once_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now, gate, app = [0.0], threading.Event(), Loading()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def work(task: Task) -> str:
        task.report(0.4)
        app.begun.append("a")
        gate.wait(20)
        return "A"

    async with app.run_test():
        request = Request(("kind", "a"), 1, work, "making …")
        app.loader.get(request)
        await soon(lambda: app.begun == ["a"])
        now[0] = module.SLOW_SECONDS - 0.01
        assert app.loader.get(request).sentence == ""
        now[0] = module.SLOW_SECONDS
        assert app.loader.get(request).sentence == "making … 40%"
        assert app.loader.progress("another kind") == ""
        await soon(lambda: app.updates > 0)
        gate.set()
        await soon(lambda: app.loader.progress("kind") == "")


async def test_a_result_with_a_callback_is_passed_on_and_not_cached() -> None:
    app, taken = Loading(), list[Loaded[str]]()
    async with app.run_test():
        request = replace(app.request("a"), order="all", then=taken.append)
        app.loader.start(request)
        await soon(lambda: bool(taken))
        assert taken == [Loaded("A1", 1)]
        assert app.loader.cache.get(request.key) is None
