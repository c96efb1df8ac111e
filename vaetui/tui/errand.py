"""Values that take too long for a frame: worked out in a thread, and kept by what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

Value = TypeVar("Value")
Unwanted = Callable[[], bool]

MOST = 6  # values kept


@dataclass
class Arrived(Message):
    """The value of an errand is here, made of `key`."""

    errand: Errand[Any]
    key: Hashable
    value: object

    def keep(self) -> None:
        """Let the errand have it."""
        self.errand.take(self.key, self.value)


class Errand(Generic[Value]):
    """Values of one kind for one widget, which gets `Arrived` for each; a newer one displaces the older."""

    def __init__(self, widget: Widget, kind: str) -> None:
        self._widget, self._kind = widget, kind
        self._values: dict[Hashable, Value] = {}
        self._wanted: Hashable = None

    def get(self, key: Hashable) -> Value | None:
        """The value that is made of `key`, where it is here."""
        return self._values.get(key)

    def want(self, key: Hashable, make: Callable[[Unwanted], Value | None]) -> Value | None:
        """As `get`; has it made where it is neither here nor on its way.

        `make` runs in a thread and may return None once its argument says that the value is wanted no more.
        """
        if key in self._values:
            self._wanted = None
            self._values[key] = self._values.pop(key)  # last used, last dropped
        elif key != self._wanted:
            self._wanted = key
            self._widget.run_worker(
                lambda: self._make(key, make), thread=True, exclusive=True, group=self._kind
            )
        return self.get(key)

    def _make(self, key: Hashable, make: Callable[[Unwanted], Value | None]) -> None:
        worker = get_current_worker()
        value = make(lambda: worker.is_cancelled)
        if value is not None and not worker.is_cancelled:
            self._widget.post_message(Arrived(self, key, value))

    def take(self, key: Hashable, value: Value) -> None:
        """Keep a value that has arrived."""
        self._values[key] = value
        if key == self._wanted:
            self._wanted = None
        while len(self._values) > MOST:
            del self._values[next(iter(self._values))]
