"""Everything that is read or computed beside the screen, in threads: started, cancelled, cached, reported."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, Literal

from textual.app import App
from textual.message import Message
from textual.worker import Worker, get_current_worker

from vaetui.errors import EXPECTED_ERRORS, sentence
from vaetui.tui.loading.cache import Cache, Key
from vaetui.tui.state.loaded import Loaded, Value
from vaetui.tui.state.notice import NoticePosted

SLOW_SECONDS = 0.2  # after which the progress of a task is shown


class CancelledError(Exception):
    """Raised by work that nobody waits for any more."""


@dataclass(frozen=True, eq=False)
class Request(Generic[Value]):
    """A value that is wanted: `work` makes it of what `version` stands for.

    `work` runs in a thread, or, where it `is_quick`, at once; it returns None if its task was cancelled. Of
    the tasks of one kind the "newest" cancels the others, "one" waits until they have ended, "all" run side
    by side. Work begins `delay` seconds later, unless something else of its kind is wanted by then: a key
    that is held down starts nothing in vain. Until the value is there, the one of an older version is
    returned where it `shows_older`. `message` tells what is being done, `failure` what an error means. `then`
    is called with the result; what is not `is_kept` is not cached. The end of the app does not wait for what
    `can_be_abandoned`.
    """

    key: Key
    version: Hashable
    work: Callable[[Task], Value | None]
    message: str = ""
    failure: str = "{}"
    order: Literal["newest", "one", "all"] = "newest"
    delay: float = 0.0
    is_quick: bool = False
    shows_older: bool = False
    is_kept: bool = True
    can_be_abandoned: bool = False
    then: Callable[[Loaded[Value]], object] | None = None


class Task:
    """The work on one request, as its thread sees it."""

    def __init__(self, loader: Loader, request: Request[Any]) -> None:
        self.request, self.progress = request, ""
        self.begun = time.monotonic()
        self.worker: Worker[Any] | None = None
        self.was_cancelled = False
        self._loader = loader

    @property
    def cache(self) -> Cache:
        """The cache of the loader."""
        return self._loader.cache

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody waits for the value any more."""
        request = self.request
        if self.worker is not None and self.worker.is_cancelled:  # the app is being left
            self.was_cancelled = True
        elif request.order == "newest":
            wanted = self._loader.wanted.get(request.key[0], request)
            self.was_cancelled |= (wanted.key, wanted.version) != (request.key, request.version)
        return self.was_cancelled

    def goes_on(self, part: float | str) -> bool:
        """Report how much is done, 0 to 1 or in words, and return whether to go on."""
        self.progress = part if isinstance(part, str) else f"{part:.0%}" if part else ""
        return not self.is_cancelled

    def report(self, part: float | str) -> None:
        """Report how much is done. Raises `CancelledError` where that is not wanted any more."""
        if not self.goes_on(part):
            raise CancelledError

    def notify(self, words: str) -> None:
        """Show `words`, if any, in the notice line."""
        if words:
            self._loader.app.post_message(NoticePosted(words))


@dataclass
class Finished(Message):
    """A task has ended; `loaded` is None where it was cancelled."""

    task: Task
    loaded: Loaded[Any] | None


class Loader:
    """The tasks of an app and the cache of their values.

    `app` gets `Finished` for each task, which it hands to `finish`. Expected errors become the sentence of a
    `Loaded`; any other is a bug and ends the app. `update` is called every now and then while tasks run.
    """

    def __init__(self, app: App[Any], update: Callable[[], object]) -> None:
        self.app, self.cache = app, Cache()
        self.wanted: dict[str, Request[Any]] = {}  # by kind, the newest
        self._update = update
        self._tasks: dict[Key, Task] = {}
        self._is_ticking = False
        self._preloaded: tuple[Request[Any], Future[Any]] | None = None

    def preload(self, request: Request[Any]) -> None:
        """Begin with a request while the app starts, in a thread; it is finished when it is asked for."""
        pool = ThreadPoolExecutor(1)
        self._preloaded = request, pool.submit(request.work, Task(self, request))
        pool.shutdown(wait=False)

    def get(self, request: Request[Value]) -> Loaded[Value]:
        """Return what there is of a request by now, and begin with it where that is not of its version."""
        key = request.key
        self.wanted[key[0]], self.cache.in_use[key[0]] = request, key
        loaded: Loaded[Value] | None = self.cache.get(key)
        if loaded is not None and loaded.version == request.version:
            return loaded
        if request.is_quick:
            found = _loaded(request, Task(self, request), request.work)
            assert found is not None
            self.cache.put(key, found)
            return found
        self.start(request)
        value, version = (loaded.value, loaded.version) if loaded and request.shows_older else (None, None)
        return Loaded(value, version, self.progress(key[0]))

    def start(self, request: Request[Any]) -> None:
        """Begin with a request, unless it is being worked on or has to wait for another of its kind."""
        task = self._tasks.get(request.key)
        if task is not None and task.request.version == request.version:
            return
        if request.order == "one" and any(key[0] == request.key[0] for key in self._tasks):
            return
        task = self._tasks[request.key] = Task(self, request)
        if request.delay:
            self.app.set_timer(request.delay, functools.partial(self._begin, task))
        else:
            self._begin(task)
        if not self._is_ticking:
            self._is_ticking = True
            self.app.set_timer(SLOW_SECONDS, self._tick)

    def is_busy(self, *key: Hashable) -> bool:
        """Return whether a task of this key runs, of any key where none is given."""
        return key in self._tasks if key else bool(self._tasks)

    def progress(self, kind: str) -> str:
        """Return what the newest task of a kind does and how far it is, "" before that takes long."""
        task = next((task for key, task in reversed(self._tasks.items()) if key[0] == kind), None)
        if task is None or time.monotonic() - task.begun < SLOW_SECONDS:
            return ""
        return f"{task.request.message} {task.progress}".rstrip()

    def finish(self, message: Finished) -> None:
        """Keep the value of a task that has ended."""
        task, request = message.task, message.task.request
        is_last = self._tasks.get(request.key) is task  # no newer version is on its way
        if is_last:
            del self._tasks[request.key]
        if message.loaded is None:
            return
        if request.is_kept and is_last:
            self.cache.put(request.key, message.loaded)
        if request.then is not None:
            request.then(message.loaded)

    def _begin(self, task: Task) -> None:
        if task.is_cancelled:
            self.finish(Finished(task, None))
            return
        work = task.request.work
        if self._preloaded is not None:
            request, future = self._preloaded
            if (request.key, request.version) == (task.request.key, task.request.version):
                self._preloaded, work = None, lambda _: future.result()
        if task.request.can_be_abandoned:
            threading.Thread(target=self._run_abandoned, args=(task, work), daemon=True).start()
        else:
            self.app.run_worker(functools.partial(self._run, task, work), thread=True)

    def _run(self, task: Task, work: Callable[[Task], Any]) -> None:
        task.worker = get_current_worker()
        self.app.post_message(Finished(task, _loaded(task.request, task, work)))

    def _run_abandoned(self, task: Task, work: Callable[[Task], Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the app has been left
            self.app.post_message(Finished(task, _loaded(task.request, task, work)))

    def _tick(self) -> None:
        """Show the progress of what takes long, again and again."""
        self._is_ticking = bool(self._tasks)
        if self._is_ticking:
            self._update()
            self.app.set_timer(SLOW_SECONDS, self._tick)


def _loaded(request: Request[Any], task: Task, work: Callable[[Task], Any]) -> Loaded[Any] | None:
    try:
        value = work(task)
    except CancelledError:
        return None
    except EXPECTED_ERRORS as error:
        return Loaded(None, request.version, request.failure.format(sentence(error)))
    return None if value is None and task.was_cancelled else Loaded(value, request.version)
