"""The log of messages: the last notices and problems with their times."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from vaetui.format import clock
from vaetui.render import theme
from vaetui.render.colours import Colour
from vaetui.render.terminal import Terminal
from vaetui.tui.dialogs.dialog import Dialog
from vaetui.tui.screen.canvas import to_ascii
from vaetui.tui.state.notice import LoggedNotice


class Messages(Dialog[None]):
    """All logged messages, the newest first, wrapped to the width of the dialog."""

    BINDINGS = [Binding("escape,M,q", "dismiss", "close")]  # noqa: RUF012 - Textual's interface
    CSS = """
    Messages > VerticalScroll { max-width: 130; width: 100%; height: auto; max-height: 90%; padding: 1 2; }
    Messages > VerticalScroll { background: $surface; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """

    def __init__(self, entries: Sequence[LoggedNotice], terminal: Terminal) -> None:
        super().__init__(terminal)
        self._entries, self._is_plain = tuple(entries), terminal.glyphs == "ascii"

    def compose(self) -> ComposeResult:
        """Compose heading and messages, which scroll where they are longer than the screen."""
        heading = self._text("Messages, the newest first  ", theme.ACCENT, bold=True)
        keys = self._text("Esc close  ↑ ↓ PgUp PgDn scroll", theme.DIM)
        with VerticalScroll():
            yield Static(Group(heading + keys, "", self._page()))

    def _page(self) -> Table | Text:
        if not self._entries:
            return self._text("no messages yet", theme.TEXT)
        page, now = Table.grid(padding=(0, 2, 0, 0)), time.time()
        page.add_column(no_wrap=True)
        page.add_column(overflow="fold")
        for entry in reversed(self._entries):
            colour = theme.WARNING if entry.notice.is_trouble else theme.TEXT
            when = self._text(clock(entry.at, now), theme.DIM)
            page.add_row(when, self._text(entry.notice.sentence, colour))
        return page

    def _text(self, text: str, colour: Colour, bold: bool = False) -> Text:
        shown = to_ascii(text) if self._is_plain else text
        return Text(shown, theme.style(colour, None, bold, self.terminal.depth))
