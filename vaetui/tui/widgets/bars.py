"""The lines at the edges of the screen: tabs, notice, keys."""

from __future__ import annotations

import textwrap
from collections.abc import Set
from dataclasses import dataclass

from textual import events

from vaetui.render.theme import ACCENT, BRIGHT, DIM, LINE, PANEL, TEXT, WARNING
from vaetui.tui import keys
from vaetui.tui.screen.canvas import Canvas, fit, wrapped
from vaetui.tui.screen.painted import Painted

MOST_ROWS = 3  # of a notice
MORE = "  M: all of it"


class Tabs(Painted):
    """The views and their number keys."""

    active = keys.VIEWS[0]

    def show(self, active: str) -> None:
        """Mark another view as the one that is seen."""
        self.active = active
        self.repaint_if_changed(active)

    def paint(self, canvas: Canvas) -> None:
        """Number and name of each view over a rule that is heavy under the active one."""
        style = _tab_style(canvas.width)
        column = 1
        for number, name in enumerate(keys.VIEWS, 1):
            is_active = name == self.active
            start = column
            column = canvas.text(column, 0, str(number), ACCENT if is_active else DIM, bold=is_active)
            if title := style.title(name, is_active):
                text = " " * style.blank + title
                column = canvas.text(column, 0, text, BRIGHT if is_active else TEXT, bold=is_active)
            canvas.click(start, 0, column - start + 1, 2, f"app.view('{name}')")
            if is_active:
                canvas.text(0, 1, "─" * start, LINE)
                canvas.text(start, 1, "━" * (column - start), ACCENT)
                canvas.text(column, 1, "─" * (canvas.width - column), LINE)
            column += style.gap


@dataclass(frozen=True)
class _TabStyle:
    """How tabs are written: with short titles, a blank after the number, so many columns apart.

    `is_active_only` leaves out the titles of all views but the active one.
    """

    is_short: bool
    blank: int
    gap: int
    is_active_only: bool = False

    def title(self, name: str, is_active: bool) -> str:
        """Return the title of a view, "" for its number alone."""
        if self.is_active_only and not is_active:
            return ""
        return keys.SHORT_TITLES.get(name, name) if self.is_short else name

    def width(self) -> int:
        """Return the columns of all tabs, from the first number on."""
        titles = [self.title(name, not self.is_active_only) for name in keys.VIEWS]
        longest = max(len(self.title(name, True)) for name in keys.VIEWS) + self.blank
        each = [1 + (len(title) + self.blank if title else 0) for title in titles]
        return sum(each) + self.gap * (len(each) - 1) + (longest if self.is_active_only else 0)


_TAB_STYLES = (
    *(_TabStyle(is_short, 1, gap) for is_short in (False, True) for gap in (2, 1)),
    _TabStyle(is_short=True, blank=0, gap=1),
    _TabStyle(is_short=True, blank=1, gap=1, is_active_only=True),
)


def _tab_style(width: int) -> _TabStyle:
    """Return the first style whose tabs fit into `width` columns, else the last."""
    return next((style for style in _TAB_STYLES if 1 + style.width() <= width), _TAB_STYLES[-1])


class NoticeLine(Painted):
    """What was done, or is wrong or missing, in as few lines as it takes; not there without a notice."""

    text = ""
    is_trouble = False
    _rows = 1

    def show(self, text: str, is_trouble: bool) -> None:
        """Show `text`, or nothing where it is empty."""
        self.text, self.is_trouble = text, is_trouble
        self.set_class(bool(text), "-shown")
        self._set_height(self.app.size.width)
        self.repaint_if_changed(text, is_trouble)

    def on_resize(self, event: events.Resize) -> None:
        """Wrap the sentence anew."""
        self._set_height(event.size.width)

    def _set_height(self, width: int) -> None:
        rows = max(len(self._lines(width)), 1)
        if rows != self._rows:
            self._rows = self.styles.height = rows

    def _lines(self, width: int) -> list[str]:
        """Return the sentence as lines for `width` columns; of one that is too long, the log has the rest."""
        room = width - 4
        lines = wrapped(self.text, room)
        if len(lines) <= MOST_ROWS:
            return lines
        last = " ".join(lines[MOST_ROWS - 1 :])
        return [*lines[: MOST_ROWS - 1], fit(last, room - len(MORE)) + MORE]

    def paint(self, canvas: Canvas) -> None:
        """Write the sentence after its mark."""
        mark, colour, ink = ("!", WARNING, WARNING) if self.is_trouble else ("›", ACCENT, BRIGHT)
        canvas.text(1, 0, mark, colour, bold=True)
        for y, line in enumerate(self._lines(canvas.width)):
            canvas.text(3, y, line, ink)


class KeyLine(Painted):
    """The keys that work now; a click does what the key does."""

    ground = PANEL
    view = keys.VIEWS[0]
    facts: Set[str] = frozenset()

    def show(self, view: str, facts: Set[str]) -> None:
        """Show the keys of another view."""
        self.view, self.facts = view, facts
        self.repaint_if_changed(view, facts)

    def paint(self, canvas: Canvas) -> None:
        """Keys and labels, as many as fit."""
        is_plain = canvas.terminal.glyphs == "ascii"
        for start, row in keys.footer(self.view, self.facts, canvas.width, is_plain):
            column = start
            for key, cap in zip(row.keys, row.caps(is_plain), strict=True):
                canvas.click(column, 0, len(cap), 1, f"app.press('{key.name}')")
                column = canvas.text(column, 0, cap, ACCENT, bold=True) + 1
            canvas.click(column, 0, len(row.label), 1, f"app.press('{row.keys[-1].name}')")
            canvas.text(column, 0, row.label, TEXT)


class TooSmall(Painted):
    """What is seen instead of everything else while the terminal is too small."""

    wanted = (60, 20)

    def paint(self, canvas: Canvas) -> None:
        """Write one sentence in the middle, in several lines on a narrow terminal."""
        sentence = f"vaetui needs {self.wanted[0]}×{self.wanted[1]}, this is {canvas.width}×{canvas.height}"
        lines = textwrap.wrap(sentence, max(canvas.width, 1))
        top = max(canvas.height - len(lines) + 1, 0) // 2
        for row, line in enumerate(lines[: canvas.height], top):
            canvas.centred(0, canvas.width, row, line, TEXT)
