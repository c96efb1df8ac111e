"""What a widget paints on: text and pictures at columns and rows, and what a click on them does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from vaetui.render.cells import Colour, Row
from vaetui.render.terminal import Terminal
from vaetui.tui.look import BACK, TEXT, style
from vaetui.tui.strip import LeanStrip

if TYPE_CHECKING:
    from vaetui.tui.album import Album

# What stands for each character where there is no UTF-8: pairs of one cell each.
_PAIRS = """╲\\ │| ─- ━= ┃| ├| ┤| ┬+ ┴+ ┼+ ┌+ ┐+ └+ ┘+ ●@ ◉* ○o ◌. ›> ‹< ←< →> ↑^ ↓v ·. ×x −- βb …~ ✕x ‖| –-
█# ▓% ▒+ ░. ▇% ▆* ▅+ ▄= ▃- ▂: ▁. ▀^ ²2 Δd σs εe ±+ ≥> ≤< ◆M ◇m"""
_ASCII = {ord(pair[0]): pair[-1] for pair in _PAIRS.split()}
_ASCII |= dict.fromkeys(range(0x2801, 0x2900), "*") | {0x2800: " "}  # braille, of the charts


@dataclass(frozen=True)
class Zone:
    """A rectangle of cells that runs `action` when it is clicked."""

    x: int
    y: int
    width: int
    height: int
    action: str

    def holds(self, x: int, y: int) -> bool:
        """Whether the cell belongs to it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


class Canvas:
    """A rectangle of cells. What reaches over its edges is cut; where two pieces meet, the left one shows."""

    def __init__(
        self,
        width: int,
        height: int,
        terminal: Terminal,
        ground: Colour = BACK,
        album: Album | None = None,
    ) -> None:
        self.width, self.height = width, height
        self.terminal, self.ground = terminal, ground
        self.album, self.pictures = album, set[int]()  # the numbers of those that were put down
        self.zones: list[Zone] = []
        self._rows: list[list[tuple[int, int, str, Style]]] = [[] for _ in range(height)]  # column, width, …

    def text(
        self, x: int, y: int, text: str, fg: Colour = TEXT, bg: Colour | None = None, bold: bool = False
    ) -> int:
        """Write `text` and return the column after it."""
        if not text.isprintable():
            text = "".join(c if c.isprintable() else " " for c in text)
        width = len(text) if text.isascii() else cell_len(text)
        if 0 <= y < self.height and text:
            if self.terminal.glyphs == "ascii":
                text = plain(text)
            self._rows[y].append((x, width, text, style(fg, bg or self.ground, bold, self.terminal.depth)))
        return x + width

    def centred(self, x: int, width: int, y: int, text: str, fg: Colour = TEXT, bold: bool = False) -> None:
        """Write `text` in the middle of `width` columns, cut where it is longer."""
        shown = fit(text, width)
        self.text(x + (width - cell_len(shown)) // 2, y, shown, fg, bold=bold)

    def right(self, end: int, y: int, text: str, fg: Colour = TEXT, bold: bool = False) -> int:
        """Write `text` so that it ends before column `end`; returns where it starts."""
        start = end - cell_len(text)
        self.text(start, y, text, fg, bold=bold)
        return start

    def picture(self, x: int, y: int, rows: Sequence[Row]) -> None:
        """Put rows of spans down, their first cell at column `x` of row `y`; a cell is one character."""
        depth, ground, is_ascii = self.terminal.depth, self.ground, self.terminal.glyphs == "ascii"
        for pieces, row in zip(self._rows[y:], rows, strict=False):
            column = x
            for span in row:
                text = plain(span.text) if is_ascii else span.text
                pieces.append((column, len(text), text, style(span.fg, span.bg or ground, False, depth)))
                column += len(text)

    def cells(self, x: int, y: int, lines: Sequence[str], width: int, look: Style) -> None:
        """Put down lines of `width` cells each that have one style and may have several characters a cell."""
        for pieces, line in zip(self._rows[y:], lines, strict=False):
            pieces.append((x, width, line, look))

    def click(self, x: int, y: int, width: int, height: int, action: str) -> None:
        """Let a click on a rectangle run `action`."""
        self.zones.append(Zone(x, y, width, height, action))

    def strips(self) -> list[LeanStrip]:
        """One strip a row, each as wide as the canvas."""
        return [self._strip(row) for row in self._rows]

    def _strip(self, pieces: list[tuple[int, int, str, Style]]) -> LeanStrip:
        blank = style(None, self.ground, False, self.terminal.depth)
        segments: list[Segment] = []
        column = 0
        for x, width, text, ink in sorted(pieces, key=itemgetter(0)):
            if x > column:
                segments.append(Segment(" " * (min(x, self.width) - column), blank))
                column = min(x, self.width)
            if x < column or x + width > self.width:
                shown = _cut(Segment(text, ink), column - x, self.width - column)
                segments.append(shown)
                column += shown.cell_length
            else:
                segments.append(Segment(text, ink))
                column = x + width
        segments.append(Segment(" " * (self.width - column), blank))
        return LeanStrip([segment for segment in segments if segment.text], self.width)


def _cut(segment: Segment, hidden: int, room: int) -> Segment:
    """`segment` without its first `hidden` cells, and at most `room` wide."""
    shown = segment.split_cells(max(hidden, 0))[1] if hidden < segment.cell_length else Segment("")
    return shown.split_cells(max(room, 0))[0]


def plain(text: str) -> str:
    """`text` in ASCII, as wide as before, as far as the screen's own characters go."""
    return text.translate(_ASCII)


def longest(width: int, *texts: str) -> str:
    """The first of `texts`, the longest of them first, that goes into `width` columns; else the last, cut."""
    return next((text for text in texts if cell_len(text) <= width), fit(texts[-1], width))


def fit(text: str, width: int) -> str:
    """`text`, or as much of it as goes into `width` columns with an ellipsis."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…" if width > 0 else ""


def ending_of(path: str, width: int) -> str:
    """`path`, or as much of its end as goes into `width` columns with an ellipsis."""
    if cell_len(path) <= width:
        return path
    while path and cell_len(path) > width - 1:
        path = path[1:]
    return "…" + path


def fit_sentence(text: str, width: int) -> str:
    """`text`, its longest word cut at its beginning where there is no room: most often that is a path."""
    word = max(text.split(" "), key=cell_len)
    room = width - cell_len(text) + cell_len(word)
    return fit(text.replace(word, ending_of(word, room), 1) if room > 1 else text, width)
