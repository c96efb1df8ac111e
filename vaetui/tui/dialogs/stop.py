"""The question before a training is stopped."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from vaetui.render.terminal import Terminal
from vaetui.tui.dialogs.dialog import Dialog, buttons, wrapped
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.theme import BRIGHT, PANEL


class Stop(Dialog[bool]):
    """Dismissed with whether to stop the run called `name`, which trains together with `others` more."""

    BINDINGS = [  # noqa: RUF012 - Textual's way
        Binding("escape,n,q", "answer(False)", "go on"),
        Binding("enter,y,s", "answer(True)", "stop"),
    ]
    CSS = "Stop > Vertical { padding: 1 2; }"

    def __init__(self, name: str, others: int, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._run_name, self._others = name, others

    def compose(self) -> ComposeResult:
        """One question."""
        together = f" and {self._others} more, which train together and stop together" if self._others else ""
        question = f"Stop {self._run_name}{together}?"
        with Vertical():
            yield Question(
                f"{question} What is learnt is saved, and training again goes on from there.", self.terminal
            )

    def action_answer(self, yes: bool) -> None:
        """Stop it, or let it go on."""
        self.dismiss(yes)


class Question(Painted):
    """A few lines of text over the keys that answer."""

    ground = PANEL
    can_focus = True
    DEFAULT_CSS = "Question { height: 5; }"

    def __init__(self, sentence: str, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._sentence = sentence

    def paint(self, canvas: Canvas) -> None:
        """The question from the top, the answers in the last line."""
        last = canvas.height - 1
        for y, line in enumerate(wrapped(self._sentence, canvas.width, last - 1)):
            canvas.text(0, y, line, BRIGHT)
        buttons(
            canvas, last, ("Enter", "stop", "screen.answer(True)"), ("Esc", "go on", "screen.answer(False)")
        )
