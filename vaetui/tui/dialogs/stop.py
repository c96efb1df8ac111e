"""The dialog that asks before a training is stopped."""

from __future__ import annotations

from textual.binding import Binding

from vaetui.render.terminal import Terminal
from vaetui.tui.dialogs.ask import Ask


class Stop(Ask):
    """Return whether to stop the run `name`, which trains together with `others` more runs."""

    BINDINGS = [Binding("s", "close(True)", "stop")]  # noqa: RUF012 - Textual's interface

    def __init__(self, name: str, others: int, terminal: Terminal) -> None:
        together = f" and {others} more that train with it" if others else ""
        question = f"Stop {name}{together}? It is saved first; train it again to resume."
        super().__init__(question, "stop", terminal)
