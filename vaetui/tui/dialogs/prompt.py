"""The dialog that takes one line of text."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from trainer.contract.files import Problem, clean
from vaetui.render.terminal import Terminal
from vaetui.render.theme import BRIGHT, DIM, PANEL, WARNING
from vaetui.tui.dialogs.dialog import Dialog, buttons
from vaetui.tui.dialogs.line import EditableText
from vaetui.tui.screen.canvas import Canvas, fit, wrapped
from vaetui.tui.screen.painted import Painted


class Prompt(Dialog[str]):
    """Return what `save` says of the line that was typed, None if it was left.

    `save` takes the line; where it raises `Problem` the sentence is shown and the line can be corrected.
    """

    BINDINGS = [  # noqa: RUF012 - Textual's interface
        Binding("escape", "close", "cancel"),
        Binding("enter", "save", "save"),
    ]
    CSS = "Prompt > Vertical { padding: 1 2; }"

    def __init__(
        self, title: str, text: str, verb: str, save: Callable[[str], str], terminal: Terminal
    ) -> None:
        super().__init__(terminal)
        self.field = TextField(title, text, verb, terminal)
        self._save = save

    def compose(self) -> ComposeResult:
        """Compose the line."""
        with Vertical():
            yield self.field

    def action_save(self) -> None:
        """Close with what saving says, or show why it failed."""
        try:
            sentence = self._save(self.field.line.text)
        except Problem as problem:
            self.field.show_error(str(problem))
        else:
            self.dismiss(sentence)


class TextField(Painted, can_focus=True):
    """A title, the line under it, an error, the keys."""

    ground = PANEL
    DEFAULT_CSS = "TextField { height: 7; }"

    def __init__(self, title: str, text: str, verb: str, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.line = EditableText(text, len(text))
        self._title, self._verb = title, verb
        self._error = ""

    def show_error(self, sentence: str) -> None:
        """Show why the line was refused, until it is edited."""
        self._error = sentence
        self.repaint()

    def on_key(self, event: events.Key) -> None:
        """Edit the line; other keys go to the dialog."""
        line = self.line.after_event(event)
        if line is not None:
            self._set(line)
            event.stop()
            event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Insert pasted text."""
        self._set(self.line.inserted(clean(event.text)))

    def _set(self, line: EditableText) -> None:
        self.line, self._error = line, ""
        self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """Paint the title, the line, the error and the keys."""
        last = canvas.height - 1
        canvas.text(0, 0, fit(self._title, canvas.width), DIM)
        self.line.paint(canvas, 0, 1, canvas.width, BRIGHT)
        for y, line in enumerate(wrapped(self._error, canvas.width, last - 3), 3):
            canvas.text(0, y, line, WARNING)
        buttons(canvas, last, ("Enter", self._verb, "screen.save"), ("Esc", "cancel", "screen.close"))
