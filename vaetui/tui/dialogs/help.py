"""The help screen, made from the key table."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from vaetui.render import theme
from vaetui.render.colours import Colour
from vaetui.render.terminal import Terminal
from vaetui.tui import keys
from vaetui.tui.dialogs.dialog import Dialog
from vaetui.tui.screen.canvas import to_ascii

_TERMS = (
    ("nats", "natural units of information; 1 nat = 1.44 bits"),
    ("distortion", "reconstruction term −E_q[log p(x|z)], nats per image"),
    ("rate", "KL(q(z|x) ‖ p(z)), nats per image"),
    ("−ELBO", "distortion + rate, for any β; lower is better"),
    ("active units", "dims with Var_x(E_q[z]) > 0.01 (Burda et al. 2015)"),
)


class Help(Dialog[None]):
    """All keys, those of every view first, then those of the current one, and the terms used."""

    BINDINGS = [Binding("escape,question_mark,q", "dismiss", "close")]  # noqa: RUF012 - Textual's interface
    CSS = """
    Help > VerticalScroll { width: 76; max-width: 100%; height: auto; max-height: 90%; padding: 1 2; }
    Help > VerticalScroll { background: $surface; scrollbar-size-vertical: 1; }
    """

    def __init__(self, view: str, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._view, self._is_plain = view, terminal.glyphs == "ascii"

    def compose(self) -> ComposeResult:
        """Compose the page, which scrolls where it is longer than the screen."""
        with VerticalScroll():
            yield Static(self._page())

    def _page(self) -> Text:
        page = Text()
        others = [name for name in keys.VIEWS if name != self._view]
        for title, view in (("Everywhere", ""), (self._view, self._view), *((name, name) for name in others)):
            self._write(page, f"{title}\n", theme.ACCENT, bold=True)
            for row in (row for row in keys.GROUPS if row.view == view):
                for key, cap in zip(row.keys, row.caps(self._is_plain), strict=True):
                    self._write(page, f"  {cap:<8}", theme.BRIGHT, bold=True)
                    self._write(page, f"{key.help}\n", theme.TEXT)
            page.append("\n")
        self._write(page, "Terms\n", theme.ACCENT, bold=True)
        for term, meaning in _TERMS:
            self._write(page, f"  {term:<14}", theme.BRIGHT)
            self._write(page, f"{meaning}\n", theme.TEXT)
        self._write(page, "\nEsc close  ↑ ↓ PgUp PgDn scroll", theme.DIM)
        return page

    def _write(self, page: Text, text: str, colour: Colour, bold: bool = False) -> None:
        page.append(
            to_ascii(text) if self._is_plain else text, theme.style(colour, None, bold, self.terminal.depth)
        )
