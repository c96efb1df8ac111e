"""The dialog that asks before a training is stopped."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from vaetui.render.terminal import Terminal
from vaetui.render.theme import BRIGHT, PANEL
from vaetui.tui.dialogs.dialog import Dialog, buttons
from vaetui.tui.screen.canvas import Canvas, wrapped
from vaetui.tui.screen.painted import Painted


class Stop(Dialog[bool]):
    """Return whether to stop the run `name`, which trains together with `others` more runs."""

    BINDINGS = [  # noqa: RUF012 - Textual's interface
        Binding("escape,n,q", "close(False)", "cancel"),
        Binding("enter,y,s", "close(True)", "stop"),
    ]
    CSS = "Stop > Vertical { padding: 1 2; }"

    def __init__(self, name: str, others: int, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._run_name, self._others = name, others

    def compose(self) -> ComposeResult:
        """Compose the question."""
        together = f" and {self._others} more that train with it" if self._others else ""
        question = f"Stop {self._run_name}{together}?"
        with Vertical():
            yield Question(f"{question} It is saved first; train it again to resume.", self.terminal)


class Question(Painted, can_focus=True):
    """A question over the keys that answer it."""

    ground = PANEL
    DEFAULT_CSS = "Question { height: 5; }"

    def __init__(self, sentence: str, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._sentence = sentence

    def paint(self, canvas: Canvas) -> None:
        """Paint the question from the top, the keys in the last line."""
        last = canvas.height - 1
        for y, line in enumerate(wrapped(self._sentence, canvas.width, last - 1)):
            canvas.text(0, y, line, BRIGHT)
        buttons(
            canvas,
            last,
            ("Enter", "stop", "screen.close(True)"),
            ("Esc", "cancel", "screen.close(False)"),
        )
