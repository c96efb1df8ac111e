"""Values that take too long for a frame: worked out in a thread, and kept by what they are made of."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

Value = TypeVar("Value")
Unwanted = Callable[[], bool]

MOST = 30  # values kept for an owner


@dataclass
class Arrived(Message):
    """The value of an errand is here, made of `key` for `owner`."""

    errand: Errand[Any]
    owner: object
    key: Hashable
    value: object

    def keep(self) -> None:
        """Let the errand have it."""
        self.errand.take(self.owner, self.key, self.value)


class Errand(Generic[Value]):
    """Values of one kind for one widget, which gets `Arrived` for each; a newer one displaces the older.

    Each belongs to an owner, such as the codes that it is made of, and goes with it. Its making begins
    `pause` seconds later: a key that is held down makes nothing in vain.
    """

    def __init__(self, widget: Widget, kind: str, pause: float = 0.0) -> None:
        self._widget, self._kind, self._pause = widget, kind, pause
        self._values: WeakKeyDictionary[object, dict[Hashable, Value]] = WeakKeyDictionary()
        self._wanted: tuple[object, Hashable] | None = None
        self._at_work: tuple[object, Hashable] | None = None

    def want(self, owner: object, key: Hashable, make: Callable[[Unwanted], Value | None]) -> Value | None:
        """The value for `owner` made of `key`; where it is neither here nor on its way, its making begins.

        `make` runs in a thread and may return None once its argument says that the value is wanted no more.
        """
        values = self._values.get(owner, {})
        if key in values:
            self._wanted = None
            values[key] = values.pop(key)  # last used, last dropped
        elif (owner, key) != self._wanted:
            self._wanted = (owner, key)
            begin = functools.partial(self._begin, owner, key, make)
            if self._pause:
                self._widget.set_timer(self._pause, begin)
            else:
                self._widget.call_later(begin)  # what is being painted comes first
        return values.get(key)

    def _begin(self, owner: object, key: Hashable, make: Callable[[Unwanted], Value | None]) -> None:
        if (owner, key) == self._wanted != self._at_work:
            self._at_work = (owner, key)
            work = functools.partial(self._make, owner, key, make)
            self._widget.run_worker(work, thread=True, exclusive=True, group=self._kind)

    def _make(self, owner: object, key: Hashable, make: Callable[[Unwanted], Value | None]) -> None:
        worker = get_current_worker()

        def unwanted() -> bool:
            return worker.is_cancelled or self._wanted != (owner, key)

        value = make(unwanted)
        if self._at_work == (owner, key):
            self._at_work = None
        if value is not None and not worker.is_cancelled:
            self._widget.post_message(Arrived(self, owner, key, value))

    def take(self, owner: object, key: Hashable, value: Value) -> None:
        """Keep a value that has arrived."""
        values = self._values.setdefault(owner, {})
        values[key] = value
        if (owner, key) == self._wanted:
            self._wanted = None
        while len(values) > MOST:
            del values[next(iter(values))]
