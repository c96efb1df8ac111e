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

WIDTH = 12  # columns of a key, with the letter that does the same
_TERMS = (
    ("nats", "natural units of information; 1 nat = 1.44 bits"),
    ("distortion", "reconstruction term −E_q[log p(x|z)], nats per image"),
    ("rate", "KL(q(z|x) ‖ p(z)), nats per image"),
    ("−ELBO", "distortion + rate, for any β; lower is better"),
    ("active units", "dims with Var_x(E_q[z]) > 0.01 (Burda et al. 2015)"),
)


class Help(Dialog[None]):
    """What this view shows and its keys, then the keys of every view, terms, and the keys of other views."""

    BINDINGS = [Binding("escape,question_mark,q", "dismiss", "close")]  # noqa: RUF012 - Textual's interface
    CSS = """
    Help > VerticalScroll { width: 80; max-width: 100%; height: auto; max-height: 90%; padding: 1 2; }
    Help > VerticalScroll { background: $surface; scrollbar-size-vertical: 1; }
    """

    def __init__(self, view: str, about: str, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._view, self._about, self._is_plain = view, about, terminal.glyphs == "ascii"

    def compose(self) -> ComposeResult:
        """Compose the page, which scrolls where it is longer than the screen."""
        with VerticalScroll():
            yield Static(self._page())

    def _page(self) -> Text:
        page = Text()
        number = keys.VIEWS.index(self._view) + 1
        self._write(page, f"{number} {self._view}\n", theme.ACCENT, bold=True)
        self._write(page, f"{self._about}\n\n", theme.TEXT)
        self._write_keys(page, self._view)
        self._write_title(page, "In every view")
        self._write_keys(page, "")
        self._write_title(page, "Terms")
        for term, meaning in _TERMS:
            self._write(page, f"  {term:<14}", theme.BRIGHT)
            self._write(page, f"{meaning}\n", theme.TEXT)
        for view in (name for name in keys.VIEWS if name != self._view):
            self._write_title(page, f"Keys of {view}")
            self._write_keys(page, view)
        self._write(page, "\nEsc close  ↑ ↓ PgUp PgDn scroll", theme.DIM)
        return page

    def _write_title(self, page: Text, title: str) -> None:
        self._write(page, f"\n{title}\n", theme.ACCENT, bold=True)

    def _write_keys(self, page: Text, view: str) -> None:
        """Write what each key of `view` does, "" for those of every view."""
        for row in (row for row in keys.GROUPS if row.view == view):
            for key, cap in zip(row.keys, row.caps(self._is_plain), strict=True):
                caps = f"{cap} {key.letter}"
                self._write(page, f"  {caps:<{WIDTH}}", theme.BRIGHT, bold=True)
                self._write(page, f"{key.help}\n", theme.TEXT)

    def _write(self, page: Text, text: str, colour: Colour, bold: bool = False) -> None:
        page.append(
            to_ascii(text) if self._is_plain else text, theme.style(colour, None, bold, self.terminal.depth)
        )
