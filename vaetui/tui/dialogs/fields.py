"""The fields of a form: a line of text, one of a few words, and the name before either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.widgets import Input

from vaetui.render.terminal import Terminal
from vaetui.tui.canvas import Canvas, fit
from vaetui.tui.look import ACCENT, BAND, BRIGHT, DIM, LINE, TEXT, TROUBLE
from vaetui.tui.widgets.painted import Painted


@dataclass
class Edited(Message):
    """A field has another value."""

    key: str
    value: str


class Line(Input):
    """A line of text; what equals the default is grey."""

    DEFAULT_CSS = """
    Line { width: 1fr; color: $foreground; }
    Line.-usual { color: $text-muted; }
    Line.-wrong { color: $error; }
    """

    def __init__(self, key: str, value: str) -> None:
        super().__init__(value, id=key, compact=True)
        self.cursor_blink = False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell the form."""
        event.stop()
        self.post_message(Edited(self.id or "", event.value))


class Choice(Painted, can_focus=True):
    """One of a few words: ← → to the next, a letter to the next that begins with it."""

    ground = BAND
    BINDINGS = [  # noqa: RUF012 - Textual's way
        Binding("left", "turn(-1)", "the word before"),
        Binding("right,space", "turn(1)", "the next word"),
        Binding("home", "pick(0)", "the first word"),
        Binding("end", "pick(-1)", "the last word"),
    ]
    DEFAULT_CSS = "Choice { width: 1fr; height: 1; }"

    def __init__(self, key: str, value: str, words: Sequence[str], terminal: Terminal) -> None:
        super().__init__(terminal, id=key)
        self.words = tuple(dict.fromkeys([*words, value]))  # a run may have what there is no word for
        self.value = value

    def action_turn(self, by: int) -> None:
        """To the next word, after the last the first."""
        self.action_pick((self.words.index(self.value) + by) % len(self.words))

    def action_pick(self, place: int) -> None:
        """Take the word at a place."""
        self.focus()
        if self.words[place] != self.value:
            self.value = self.words[place]
            self.repaint()
            self.post_message(Edited(self.id or "", self.value))

    def on_key(self, event: events.Key) -> None:
        """To the next word that begins with the letter typed."""
        letter = event.character or ""
        at = self.words.index(self.value) + 1
        found = [word for word in (*self.words[at:], *self.words[:at]) if letter and word.startswith(letter)]
        if found:
            event.stop()
            self.action_pick(self.words.index(found[0]))

    def on_focus(self) -> None:
        """Show that it has the focus."""
        self.repaint()

    def on_blur(self) -> None:
        """Show that it has it no more."""
        self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """Every word, marks around the chosen one; that one alone where not all fit."""
        fits = sum(len(word) + 2 for word in self.words) <= canvas.width
        column = 0
        for place, word in enumerate(self.words):
            if word != self.value:
                canvas.click(column, 0, len(word) + 2, 1, f"pick({place})") if fits else None
                column = canvas.text(column + 1, 0, word, DIM) + 1 if fits else column
                continue
            mark = ACCENT if self.has_focus else LINE
            column = canvas.text(column, 0, "‹", mark, bold=True)
            column = canvas.text(column, 0, word, BRIGHT if self.has_focus or place else TEXT)
            column = canvas.text(column, 0, "›", mark, bold=True)
        if not fits:
            place = self.words.index(self.value) + 1
            canvas.text(column + 1, 0, f"{place} of {len(self.words)}", DIM)


class Name(Painted):
    """The name of a field, marked where that has the focus or is not as it must be."""

    ground = BAND
    DEFAULT_CSS = "Name { width: 16; height: 1; }"

    def __init__(self, key: str, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.key = key
        self.is_here, self.is_readable, self.is_usual = False, True, True

    def show(self, is_here: bool, is_readable: bool, is_usual: bool) -> None:
        """Show how the field is."""
        now = (is_here, is_readable, is_usual)
        if now != (self.is_here, self.is_readable, self.is_usual):
            self.is_here, self.is_readable, self.is_usual = now
            self.repaint()

    def paint(self, canvas: Canvas) -> None:
        """Mark and name."""
        colour = ACCENT if self.is_here else DIM if self.is_usual else TEXT
        mark = "›" if self.is_here else ""
        if not self.is_readable:
            colour, mark = TROUBLE, "!"
        canvas.text(0, 0, mark, colour, bold=True)
        canvas.text(2, 0, fit(self.key, canvas.width - 3), colour)
        canvas.click(0, 0, canvas.width, 1, f"screen.go('{self.key}')")


class Heading(Painted):
    """The name of a group of fields."""

    ground = BAND
    DEFAULT_CSS = "Heading { height: 1; }"

    def __init__(self, title: str, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.title = title

    def paint(self, canvas: Canvas) -> None:
        """The name."""
        canvas.text(0, 0, self.title, ACCENT, bold=True)
