"""Read and compute in threads: start, cancel, cache, report progress and errors."""

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
from textual.worker import Worker

from vaetui.errors import EXPECTED_ERRORS, sentence
from vaetui.tui.loading.cache import Cache, Key
from vaetui.tui.state.loaded import Loaded, Value
from vaetui.tui.state.notice import NoticePosted

SLOW_SECONDS = 0.2  # after which the progress of a task is shown


class CancelledError(Exception):
    """Raised by work whose task was cancelled."""


@dataclass(frozen=True, eq=False)
class Request(Generic[Value]):
    """A value to load; `version` identifies what `work` computes it from.

    `work` runs in a thread, or at once if it `is_quick`; it returns None if its task was cancelled. Of the
    tasks of one kind the "newest" cancels the others, "one" waits until they have ended, "all" run in
    parallel. Work begins `delay` seconds later, unless another value of its kind is requested by then: a key
    that is held down starts nothing in vain. Until the value is loaded, that of an older version is returned
    if it `shows_older`. `message` describes the work, `failure` an error. A result with `then` is passed to
    it instead of being cached. The end of the app does not wait for what `can_be_abandoned`.
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
    can_be_abandoned: bool = False
    then: Callable[[Loaded[Value]], object] | None = None


class Task:
    """The work on one request, as its thread sees it."""

    def __init__(self, loader: Loader, request: Request[Any]) -> None:
        self.loader, self.request, self.progress = loader, request, ""
        self.begun = time.monotonic()
        self.worker: Worker[Any] | None = None
        self.was_cancelled = False

    @property
    def is_cancelled(self) -> bool:
        """Return whether the value is not needed any more."""
        request = self.request
        if self.worker is not None and self.worker.is_cancelled:  # the app is closing
            self.was_cancelled = True
        elif request.order == "newest":
            wanted = self.loader.wanted.get(request.key[0], request)
            self.was_cancelled |= (wanted.key, wanted.version) != (request.key, request.version)
        return self.was_cancelled

    def goes_on(self, part: float | str) -> bool:
        """Report how much is done, 0 to 1 or in words, and return whether to go on."""
        self.progress = part if isinstance(part, str) else f"{part:.0%}" if part else ""
        return not self.is_cancelled

    def report(self, part: float | str) -> None:
        """Report how much is done. Raises `CancelledError` if the task was cancelled."""
        if not self.goes_on(part):
            raise CancelledError

    def notify(self, words: str) -> None:
        """Show `words`, if any, in the notice line."""
        if words:
            self.loader.post(NoticePosted(words))


@dataclass
class Finished(Message):
    """A task has ended; `loaded` is None where it was cancelled."""

    task: Task
    loaded: Loaded[Any] | None


class Loader:
    """The tasks of an app and the cache of their values.

    `app` receives `Finished` for each task and passes it to `finish`. Expected errors become the sentence of
    a `Loaded`; any other is a bug and ends the app. `update` is called repeatedly while tasks run.
    """

    def __init__(self, app: App[Any], update: Callable[[], object]) -> None:
        self.app, self.cache = app, Cache()
        self.wanted: dict[str, Request[Any]] = {}  # by kind, the newest
        self._update = update
        self._tasks: dict[Key, Task] = {}
        self._is_ticking = False
        self._preloaded: tuple[Request[Any], Future[Any]] | None = None

    def preload(self, request: Request[Any]) -> None:
        """Begin with a request in a thread while the app starts; `get` returns its value."""
        pool = ThreadPoolExecutor(1)
        self._preloaded = request, pool.submit(request.work, Task(self, request))
        pool.shutdown(wait=False)

    def get(self, request: Request[Value]) -> Loaded[Value]:
        """Return what is loaded of a request; begin with it unless that has its version."""
        key = request.key
        self.wanted[key[0]], self.cache.in_use[key[0]] = request, key
        loaded: Loaded[Value] | None = self.cache.get(key)
        if loaded is not None and loaded.version == request.version:
            return loaded
        if request.is_quick:
            loaded = _loaded(request, Task(self, request), request.work)
            assert loaded is not None
            self.cache.put(key, loaded)
            return loaded
        self.start(request)
        value, version = (loaded.value, loaded.version) if loaded and request.shows_older else (None, None)
        return Loaded(value, version, self.progress(key[0]))

    def start(self, request: Request[Any]) -> None:
        """Begin with a request, unless it has begun or has to wait for another of its kind."""
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
        """Return message and progress of the newest task of a kind, "" until it takes long."""
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
        if request.then is not None:
            request.then(message.loaded)
        elif is_last:
            self.cache.put(request.key, message.loaded)

    def post(self, message: Message) -> None:
        """Post a message to the app from any thread, unless the app has ended."""
        with contextlib.suppress(RuntimeError):  # its event loop is closed
            self.app.post_message(message)

    def _begin(self, task: Task) -> None:
        if task.is_cancelled:
            self.finish(Finished(task, None))
            return
        work = task.request.work
        if self._preloaded is not None:
            request, future = self._preloaded
            if (request.key, request.version) == (task.request.key, task.request.version):
                self._preloaded, work = None, lambda _: future.result()
        run = functools.partial(self._run, task, work)
        if task.request.can_be_abandoned:
            threading.Thread(target=run, daemon=True).start()
        else:
            task.worker = self.app.run_worker(run, thread=True)

    def _run(self, task: Task, work: Callable[[Task], Any]) -> None:
        self.post(Finished(task, _loaded(task.request, task, work)))

    def _tick(self) -> None:
        """Show the progress of the tasks repeatedly."""
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
