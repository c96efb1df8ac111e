"""The fields of the train dialog, painted as one: widgets for 21 of them would take half a second to open."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message

from trainer.contract.files import clean
from vaetui.render.terminal import Terminal
from vaetui.runs.training_request import REQUEST_SETTINGS, TrainingRequest, is_default, is_valid
from vaetui.tui.dialogs.line import EditableText
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.painted import Painted
from vaetui.tui.screen.theme import ACCENT, BRIGHT, DIM, LINE, PANEL, TEXT, WARNING

START = 16  # column of the texts
KEYS = tuple(REQUEST_SETTINGS)


@dataclass
class FormChanged(Message):
    """The order is another, or another field is looked at."""


class SettingsForm(Painted, can_focus=True):
    """A heading a group and a line a field; the field that is looked at takes the keys.

    A field takes a text, or one of a few words.
    """

    ground = PANEL

    def __init__(self, order: TrainingRequest, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.order = order
        self.is_locked = False
        self._rows = _rows()
        self._top = 0  # the first row that is seen
        self.go(KEYS[0])

    # --- moving

    def go(self, key: str) -> None:
        """To a field; what is typed replaces what is there."""
        self.here = key
        text = self.order.texts[key]
        self.line = EditableText(text, len(text), is_fresh=bool(text))
        self.repaint()
        self.post_message(FormChanged())

    def move(self, by: int) -> None:
        """To a field further down or up, around the ends."""
        self.go(KEYS[(KEYS.index(self.here) + by) % len(KEYS)])

    def move_group(self, by: int) -> None:
        """To the first field of a group further down or up."""
        panels = [row for row in self._rows if row not in REQUEST_SETTINGS]
        place = min(max(panels.index(REQUEST_SETTINGS[self.here].panel) + by, 0), len(panels) - 1)
        self.go(next(key for key in KEYS if REQUEST_SETTINGS[key].panel == panels[place]))

    # --- editing

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the field chooses from, none where it takes a text."""
        words = tuple(REQUEST_SETTINGS[self.here].metavar.split("|"))
        return words if len(words) > 1 else ()

    def set(self, text: str) -> None:
        """Put a text into the field."""
        if not self.is_locked and text != self.order.texts[self.here]:
            self.order = self.order.changed(self.here, text)
            self.repaint()
            self.post_message(FormChanged())

    def on_key(self, event: events.Key) -> None:
        """Go to another field, edit the text or take another word; other keys go on to the dialog.

        All here and no bindings, which would be overtaken by letters that are typed at once.
        """
        moves = {"down": 1, "tab": 1, "up": -1, "shift+tab": -1}
        groups = {"pagedown": 1, "pageup": -1}
        if event.key in moves:
            self.move(moves[event.key])
        elif event.key in groups:
            self.move_group(groups[event.key])
        elif not (self._choose(event) if self.words else self._edit(event)):
            return
        event.stop()
        event.prevent_default()

    def _edit(self, event: events.Key) -> bool:
        line = self.line.after_event(event)
        if line is None:
            return False
        self._take(line)
        return True

    def _take(self, line: EditableText) -> None:
        if not self.is_locked:
            self.line = line
            self.set(line.text)
            self.repaint()

    def on_paste(self, event: events.Paste) -> None:
        """Put in what was copied elsewhere."""
        if not self.words:
            self._take(self.line.inserted(clean(event.text)))

    def _choose(self, event: events.Key) -> bool:
        """An arrow takes the next word, a letter the next that begins with it."""
        text, words = self.order.texts[self.here], self.words
        at = words.index(text) if text in words else -1
        turns = {"left": (at - 1) % len(words), "right": at + 1, "space": at + 1, "home": 0, "end": -1}
        if event.key in turns:
            self.set(words[turns[event.key] % len(words)])
            return True
        letter = (event.character or "") if event.is_printable else ""
        found = [word for word in (*words[at + 1 :], *words[: at + 1]) if letter and word.startswith(letter)]
        self.set(found[0]) if found else None
        return bool(found)

    def action_pick(self, key: str, word: str) -> None:
        """Take a word that was clicked."""
        self.go(key)
        self.set(word)

    def action_go(self, key: str) -> None:
        """To a field that was clicked."""
        self.go(key)

    def on_mouse_scroll_down(self) -> None:
        """To the next field."""
        self.move(1)

    def on_mouse_scroll_up(self) -> None:
        """To the field before."""
        self.move(-1)

    # --- painting

    def paint(self, canvas: Canvas) -> None:
        """The rows around the field that is looked at, and where these are among all."""
        rows, height = self._rows, canvas.height
        at = rows.index(self.here)
        top = at - 1 if rows[at - 1] not in REQUEST_SETTINGS else at  # its heading, too
        self._top = min(max(min(self._top, top), at - height + 1), max(len(rows) - height, 0))
        for y, row in enumerate(rows[self._top : self._top + height]):
            if row in REQUEST_SETTINGS:
                self._field(canvas, y, row)
            else:
                canvas.text(0, y, row, ACCENT, bold=True)
        if len(rows) > height:
            full = max(height * height // len(rows), 1)
            start = self._top * (height - full) // (len(rows) - height)
            for y in range(height):
                is_seen = start <= y < start + full
                canvas.text(canvas.width - 1, y, "┃" if is_seen else "│", DIM if is_seen else LINE)

    def _field(self, canvas: Canvas, y: int, key: str) -> None:
        text, is_here = self.order.texts[key], key == self.here
        colour = BRIGHT if is_here else DIM if is_default(key, text) else TEXT
        mark, ink = ("›", ACCENT) if is_here else ("", colour)
        if not is_valid(key, text):
            mark, ink, colour = "!", WARNING, WARNING
        canvas.text(0, y, mark, ink, bold=True)
        canvas.text(2, y, key, ink)
        canvas.click(0, y, START - 1, 1, f"go('{key}')")
        words = REQUEST_SETTINGS[key].metavar.split("|")
        end = canvas.width - 2
        if len(words) > 1:
            _write_words(canvas, y, key, text, words, is_here)
        elif is_here:
            self.line.paint(canvas, START, y, end, colour)
        else:
            canvas.click(START, y, end - START, 1, f"go('{key}')")
            canvas.text(START, y, fit(text, end - START), colour)


def _rows() -> list[str]:
    """Headings and keys in their order."""
    rows: list[str] = []
    for key, setting in REQUEST_SETTINGS.items():
        if setting.panel not in rows:
            rows.append(setting.panel)
        rows.append(key)
    return rows


def _write_words(canvas: Canvas, y: int, key: str, text: str, words: list[str], is_here: bool) -> None:
    """Every word, marks around the one that is taken; that alone where not all fit."""
    fits = sum(len(word) + 2 for word in words) <= canvas.width - START - 1
    column = START - 1
    for word in words if fits and text in words else [text]:
        mark = ACCENT if is_here else LINE
        if word == text:
            canvas.text(column, y, "‹", mark, bold=True)
            canvas.text(column + 1 + len(word), y, "›", mark, bold=True)
        canvas.text(column + 1, y, word, (BRIGHT if is_here else TEXT) if word == text else DIM)
        canvas.click(column, y, len(word) + 2, 1, f"pick('{key}', {word!r})")
        column += len(word) + 2
    if not fits and text in words:
        canvas.text(column + 1, y, f"{words.index(text) + 1} of {len(words)}", DIM)
