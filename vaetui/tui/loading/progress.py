"""What is on its way and since when: waiting is told once it has taken a while."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass

SLOW_SECONDS = 0.2


@dataclass
class _Wait:
    sentence: str
    begun: float
    part: float = 0.0


class Waits:
    """By whatever is waited for."""

    def __init__(self) -> None:
        self._waits: dict[Hashable, _Wait] = {}

    def __contains__(self, what: Hashable) -> bool:
        """Whether it is on its way."""
        return what in self._waits

    def __bool__(self) -> bool:
        """Whether anything is on its way."""
        return bool(self._waits)

    def begin(self, what: Hashable, sentence: str) -> None:
        """It is on its way from now on."""
        self._waits[what] = _Wait(sentence, time.monotonic())

    def advance(self, what: Hashable, part: float) -> None:
        """So much of it is done, 0 to 1; from any thread."""
        wait = self._waits.get(what)
        if wait is not None:
            wait.part = part

    def any_of(self, kind: str) -> Hashable | None:
        """Something of one kind, the first of a pair, that is on its way; None if nothing is."""
        return next((what for what in self._waits if isinstance(what, tuple) and what[0] == kind), None)

    def end(self, what: Hashable) -> None:
        """It has come, or never will."""
        self._waits.pop(what, None)

    def sentence(self, what: Hashable) -> str:
        """What to tell of it, with how far it is where that is known; "" while that is nothing."""
        wait = self._waits.get(what)
        if wait is None or time.monotonic() - wait.begun < SLOW_SECONDS:
            return ""
        return f"{wait.sentence} {wait.part:.0%}" if wait.part else wait.sentence
