"""A line of text that is edited, as a value."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from textual import events

from vaetui.render.cells import Colour
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.theme import ACCENT, BACKGROUND, BRIGHT


@dataclass(frozen=True)
class Line:
    """`text` with a cursor before letter number `cursor`; what is typed replaces it while it `is_fresh`."""

    text: str = ""
    cursor: int = 0
    is_fresh: bool = False

    def typed(self, letters: str) -> Line:
        """With letters put in at the cursor."""
        if self.is_fresh:
            return Line(letters, len(letters))
        return Line(self.text[: self.cursor] + letters + self.text[self.cursor :], self.cursor + len(letters))

    def heard(self, event: events.Key) -> Line | None:
        """As a letter or another key leaves it; None where that edits nothing."""
        is_letter = event.is_printable and event.character
        return self.typed(event.character or "") if is_letter else self.pressed(event.key)

    def pressed(self, key: str) -> Line | None:
        """As a key leaves it; None where it is none that edits."""
        before, after = self.text[: self.cursor], self.text[self.cursor :]
        if key in ("backspace", "delete") and self.is_fresh:
            return Line()
        places = {
            "left": max(self.cursor - 1, 0),
            "right": min(self.cursor + 1, len(self.text)),
            "home": 0,
            "ctrl+a": 0,
            "end": len(self.text),
            "ctrl+e": len(self.text),
        }
        if key in places:
            return dataclasses.replace(self, cursor=places[key], is_fresh=False)
        word = before.rstrip(" ,").rfind(",") + 1
        erased = {
            "backspace": Line(before[:-1] + after, max(self.cursor - 1, 0)),
            "delete": Line(before + after[1:], self.cursor),
            "ctrl+u": Line(after),
            "ctrl+k": Line(before, self.cursor),
            "ctrl+w": Line(before[:word] + after, word),
        }
        return erased.get(key)

    def paint(self, canvas: Canvas, x: int, y: int, end: int, colour: Colour) -> None:
        """Write it from column `x`, cut before `end`, around its cursor."""
        room = max(end - x - 1, 1)
        start = max(self.cursor - room, 0)
        shown, at = self.text[start : start + room], self.cursor - start
        if canvas.terminal.depth == "none":  # where nothing can be filled
            canvas.text(x, y, f"{shown[:at]}|{shown[at:]}", colour)
            return
        ground = (ACCENT, BACKGROUND) if self.is_fresh else (None, colour)
        canvas.text(x, y, shown[:at], ground[1], ground[0])
        canvas.text(x + at, y, shown[at : at + 1] or " ", BACKGROUND, BRIGHT)
        canvas.text(x + at + 1, y, shown[at + 1 :], ground[1], ground[0])
