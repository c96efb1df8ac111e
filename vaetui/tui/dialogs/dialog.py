"""Base class of dialogs and a line of keys."""

from __future__ import annotations

from typing import TypeVar

from vaetui.render.terminal import Terminal
from vaetui.render.theme import ACCENT, DIM
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.closes_once import ClosesOnce

Answer = TypeVar("Answer")


class Dialog(ClosesOnce[Answer]):
    """A page at most 80 columns wide, centred, in the colour of the header."""

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > Vertical { width: 80; max-width: 100%; height: auto; background: $surface; padding: 0 1; }
    """

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self.terminal = terminal

    def follow(self) -> None:
        """Show what has become of the runs, which may change while a dialog is open."""

    def action_close(self, answer: Answer | None = None) -> None:
        """Close; as `dismiss` it would be an action of the screen below too, where a second click ends."""
        self.dismiss(answer)


def buttons(canvas: Canvas, y: int, *keys: tuple[str, str, str]) -> None:
    """Paint the keys that fit into one line: caption, help, and the action of a click."""
    column = 0
    for cap, does, action in keys:
        if column + len(cap) + 1 + len(does) > canvas.width:
            return
        end = canvas.text(canvas.text(column, y, cap, ACCENT, bold=True) + 1, y, does, DIM)
        if action:
            canvas.click(column, y, end - column, 1, action)
        column = end + 2
