"""The dialog that asks before something is done."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from vaetui.render.terminal import Terminal
from vaetui.render.theme import BRIGHT, PANEL
from vaetui.tui.dialogs.dialog import Dialog, buttons
from vaetui.tui.screen.canvas import Canvas, wrapped
from vaetui.tui.screen.painted import Painted


class Ask(Dialog[bool]):
    """Return whether to do what is asked; `verb` is the caption of Enter."""

    BINDINGS = [  # noqa: RUF012 - Textual's interface
        Binding("escape,n,q", "close(False)", "cancel"),
        Binding("enter,y", "close(True)", "do it"),
    ]
    CSS = "Ask > Vertical { padding: 1 2; }"

    def __init__(self, sentence: str, verb: str, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._question = Question(sentence, verb, terminal)

    def compose(self) -> ComposeResult:
        """Compose the question."""
        with Vertical():
            yield self._question


class Question(Painted, can_focus=True):
    """A question over the keys that answer it."""

    ground = PANEL
    DEFAULT_CSS = "Question { height: 5; }"

    def __init__(self, sentence: str, verb: str, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._sentence, self._verb = sentence, verb

    def paint(self, canvas: Canvas) -> None:
        """Paint the question from the top, the keys in the last line."""
        last = canvas.height - 1
        for y, line in enumerate(wrapped(self._sentence, canvas.width, last - 1)):
            canvas.text(0, y, line, BRIGHT)
        buttons(
            canvas,
            last,
            ("Enter", self._verb, "screen.close(True)"),
            ("Esc", "cancel", "screen.close(False)"),
        )
