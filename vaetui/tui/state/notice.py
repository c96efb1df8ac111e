"""The sentence in the notice line, and the message that posts one."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message


@dataclass(frozen=True)
class Notice:
    """The result of an action, or a problem, in a sentence; "" for none."""

    sentence: str = ""
    is_trouble: bool = False


@dataclass
class NoticePosted(Message):
    """Show `sentence` in the notice line for `seconds`, None for the usual time; from any thread."""

    sentence: str
    seconds: float | None = None
