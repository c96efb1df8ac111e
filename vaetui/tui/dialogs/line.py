"""An editable line of text as a value.

By hand and not Textual's `Input`: a typed letter costs 71 bytes instead of 281 and reaches the terminal in
half the time, and the train dialog has 21 such fields, which as widgets would open in half a second.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import events

from vaetui.render.colours import Colour
from vaetui.render.theme import ACCENT, BACKGROUND, BRIGHT
from vaetui.tui.screen.canvas import Canvas


@dataclass(frozen=True)
class EditableText:
    """`text` with a cursor before character `cursor`; typing replaces all of it while it `is_fresh`."""

    text: str = ""
    cursor: int = 0
    is_fresh: bool = False

    def inserted(self, letters: str) -> EditableText:
        """Return it with letters inserted at the cursor."""
        before, after = ("", "") if self.is_fresh else (self.text[: self.cursor], self.text[self.cursor :])
        return EditableText(before + letters + after, len(before + letters))

    def after_event(self, event: events.Key) -> EditableText | None:
        """Return it after a key event; None if the key does not edit."""
        is_letter = event.is_printable and event.character
        return self.inserted(event.character or "") if is_letter else self.after_key(event.key)

    def after_key(self, key: str) -> EditableText | None:
        """Return it after a key that is no letter; None if the key does not edit."""
        before, after = self.text[: self.cursor], self.text[self.cursor :]
        if key in ("backspace", "delete") and self.is_fresh:
            return EditableText()
        word = before.rstrip(" ,").rfind(",") + 1
        edited = {
            "left": (self.text, max(self.cursor - 1, 0)),
            "right": (self.text, min(self.cursor + 1, len(self.text))),
            "home": (self.text, 0),
            "ctrl+a": (self.text, 0),
            "end": (self.text, len(self.text)),
            "ctrl+e": (self.text, len(self.text)),
            "backspace": (before[:-1] + after, max(self.cursor - 1, 0)),
            "delete": (before + after[1:], self.cursor),
            "ctrl+u": (after, 0),
            "ctrl+k": (before, self.cursor),
            "ctrl+w": (before[:word] + after, word),
        }
        return EditableText(*edited[key]) if key in edited else None

    def paint(self, canvas: Canvas, x: int, y: int, end: int, colour: Colour) -> None:
        """Paint the part around the cursor from column `x` to before `end`."""
        room = max(end - x - 1, 1)
        start = max(self.cursor - room, 0)
        shown, at = self.text[start : start + room], self.cursor - start
        if canvas.terminal.depth == "none":  # where no background can be set
            canvas.text(x, y, f"{shown[:at]}|{shown[at:]}", colour)
            return
        ground = (ACCENT, BACKGROUND) if self.is_fresh else (None, colour)
        canvas.text(x, y, shown[:at], ground[1], ground[0])
        canvas.text(x + at, y, shown[at : at + 1] or " ", BACKGROUND, BRIGHT)
        canvas.text(x + at + 1, y, shown[at + 1 :], ground[1], ground[0])
