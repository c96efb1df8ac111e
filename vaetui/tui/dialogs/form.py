"""The fields of the train dialog, painted as one widget: 20 Textual inputs take too long to open."""

from __future__ import annotations

from textual import events
from textual.message import Message

from trainer.contract.files import clean
from vaetui.render.terminal import Terminal
from vaetui.render.theme import ACCENT, BRIGHT, DIM, LINE, PANEL, TEXT, WARNING
from vaetui.runs.training_request import REQUEST_SETTINGS, TrainingRequest
from vaetui.tui.dialogs.line import EditableText
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.painted import Painted

START = 16  # column where the texts begin
KEYS = tuple(REQUEST_SETTINGS)
# The key of each setting, after the heading of its group.
_ROWS = list(dict.fromkeys(row for key in KEYS for row in (REQUEST_SETTINGS[key].panel, key)))


class FormChanged(Message):
    """The request was edited, or another field has the focus."""


class SettingsForm(Painted, can_focus=True):
    """A heading for each group and a line for each setting: a text, or a choice of words.

    Keys edit the `selected` setting; `request` has the texts of all.
    """

    ground = PANEL

    def __init__(self, request: TrainingRequest, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.request = request
        self.is_locked = False
        self._top = 0  # the first visible row
        self.go(KEYS[0])

    # --- moving

    def go(self, key: str) -> None:
        """Select a setting; typing replaces its text."""
        self.selected = key
        text = self.request.texts[key]
        self.line = EditableText(text, len(text), is_fresh=bool(text))
        self.repaint()
        self.post_message(FormChanged())

    def move(self, by: int) -> None:
        """Select the next setting, or a previous one, cyclically."""
        self.go(KEYS[(KEYS.index(self.selected) + by) % len(KEYS)])

    def move_group(self, by: int) -> None:
        """Select the first setting of the next group, or of a previous one."""
        panels = [row for row in _ROWS if row not in REQUEST_SETTINGS]
        place = min(max(panels.index(REQUEST_SETTINGS[self.selected].panel) + by, 0), len(panels) - 1)
        self.go(next(key for key in KEYS if REQUEST_SETTINGS[key].panel == panels[place]))

    # --- editing

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the selected setting chooses from, none where it takes a text."""
        return REQUEST_SETTINGS[self.selected].choices

    def set(self, text: str) -> None:
        """Change the text of the selected setting."""
        if not self.is_locked and text != self.request.texts[self.selected]:
            self.request = self.request.changed(self.selected, text)
            self.repaint()
            self.post_message(FormChanged())

    def on_key(self, event: events.Key) -> None:
        """Select another setting, edit its text or choose another word; the dialog gets other keys.

        Not as bindings: letters typed at the same time would overtake them.
        """
        moves = {"down": 1, "tab": 1, "up": -1, "shift+tab": -1}
        groups = {"pagedown": 1, "pageup": -1}
        if event.key in moves:
            self.move(moves[event.key])
        elif event.key in groups:
            self.move_group(groups[event.key])
        elif self.words:
            if not self._choose(event):
                return
        elif line := self.line.after_event(event):
            self._edit(line)
        else:
            return
        event.stop()
        event.prevent_default()

    def _edit(self, line: EditableText) -> None:
        if not self.is_locked:
            self.line = line
            self.set(line.text)
            self.repaint()

    def on_paste(self, event: events.Paste) -> None:
        """Insert pasted text."""
        if not self.words:
            self._edit(self.line.inserted(clean(event.text)))

    def _choose(self, event: events.Key) -> bool:
        """Choose the next word by an arrow, or the next that begins with a letter."""
        text, words = self.request.texts[self.selected], self.words
        at = words.index(text) if text in words else -1
        places = {"left": (at - 1) % len(words), "right": at + 1, "space": at + 1, "home": 0, "end": -1}
        if event.key in places:
            self.set(words[places[event.key] % len(words)])
            return True
        letter = (event.character or "") if event.is_printable else ""
        matches = [
            word for word in (*words[at + 1 :], *words[: at + 1]) if letter and word.startswith(letter)
        ]
        if matches:
            self.set(matches[0])
        return bool(matches)

    def action_pick(self, key: str, word: str) -> None:
        """Choose a clicked word."""
        self.go(key)
        self.set(word)

    def action_go(self, key: str) -> None:
        """Select a clicked setting."""
        self.go(key)

    def on_mouse_scroll_down(self) -> None:
        """Select the next setting."""
        self.move(1)

    def on_mouse_scroll_up(self) -> None:
        """Select the previous setting."""
        self.move(-1)

    # --- painting

    def paint(self, canvas: Canvas) -> None:
        """Paint the rows around the selected setting, and a scroll bar."""
        rows, height = _ROWS, canvas.height
        at = rows.index(self.selected)
        top = at - 1 if rows[at - 1] not in REQUEST_SETTINGS else at  # with its heading
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
        setting, text, is_here = REQUEST_SETTINGS[key], self.request.texts[key], key == self.selected
        colour = BRIGHT if is_here else DIM if setting.is_default(text) else TEXT
        mark, ink = ("›", ACCENT) if is_here else ("", colour)
        if not setting.accepts(text):
            mark, ink, colour = "!", WARNING, WARNING
        canvas.text(0, y, mark, ink, bold=True)
        canvas.text(2, y, key, ink)
        canvas.click(0, y, START - 1, 1, f"go('{key}')")
        end = canvas.width - 2
        if setting.choices:
            _paint_words(canvas, y, key, text, setting.choices, is_here)
        elif is_here:
            self.line.paint(canvas, START, y, end, colour)
        else:
            canvas.click(START, y, end - START, 1, f"go('{key}')")
            canvas.text(START, y, fit(text, end - START), colour)


def _paint_words(canvas: Canvas, y: int, key: str, text: str, words: tuple[str, ...], is_here: bool) -> None:
    """Paint all words with marks around the chosen one, or that alone where not all fit."""
    fits = sum(len(word) + 2 for word in words) <= canvas.width - START - 1
    column = START - 1
    for word in words if fits and text in words else (text,):
        mark = ACCENT if is_here else LINE
        if word == text:
            canvas.text(column, y, "‹", mark, bold=True)
            canvas.text(column + 1 + len(word), y, "›", mark, bold=True)
        canvas.text(column + 1, y, word, (BRIGHT if is_here else TEXT) if word == text else DIM)
        canvas.click(column, y, len(word) + 2, 1, f"pick('{key}', {word!r})")
        column += len(word) + 2
    if not fits and text in words:
        canvas.text(column + 1, y, f"{words.index(text) + 1} of {len(words)}", DIM)
