"""The sentence in the notice line, the message that posts one, and the log of all of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from textual.message import Message

MOST_LOGGED = 100


@dataclass(frozen=True)
class Notice:
    """The result of an action, or a problem, in a sentence; "" for none. A greeting gives way to problems."""

    sentence: str = ""
    is_trouble: bool = False
    is_greeting: bool = False


@dataclass
class NoticePosted(Message):
    """Show `sentence` in the notice line for `seconds`, None for the usual time; from any thread."""

    sentence: str
    seconds: float | None = None


@dataclass(frozen=True)
class LoggedNotice:
    """A notice and when it was shown, in seconds since 1970."""

    notice: Notice
    at: float


class MessageLog:
    """The last notices and problems, in their order; a problem that lasts is logged once."""

    def __init__(self) -> None:
        self.entries: deque[LoggedNotice] = deque(maxlen=MOST_LOGGED)
        self._problems: set[str] = set()

    def add(self, notice: Notice) -> None:
        """Log a notice that is shown now."""
        self.entries.append(LoggedNotice(notice, time.time()))

    def add_problems(self, sentences: Iterable[str]) -> None:
        """Log those of the present problems that are new."""
        for sentence in sentences:
            if sentence not in self._problems:
                self._problems.add(sentence)
                self.add(Notice(sentence, is_trouble=True))
