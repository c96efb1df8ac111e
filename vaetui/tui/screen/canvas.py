"""A canvas for widgets: text and pictures at columns and rows, and click zones."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from vaetui.arrays import Floats
from vaetui.render.colours import Colour, ColourMap
from vaetui.render.spans import Row, Span
from vaetui.render.terminal import Terminal
from vaetui.render.theme import BACKGROUND, TEXT, caches_colours, style, themed
from vaetui.tui.screen.strips import DiffStrip, StyledText, is_narrow, styled_text

if TYPE_CHECKING:
    from vaetui.render.kitty_pictures import KittyPictures

# The ASCII substitute of each character, for terminals without UTF-8: pairs of one cell each.
_PAIRS = """╲\\ │| ─- ━= ┃| ├| ┤| ┬+ ┴+ ┼+ ┌+ ┐+ └+ ┘+ ●@ ◉* ○o ◌. ›> ‹< ←< →> ↑^ ↓v ·. ×x −- βb …~ ✕x ‖| –-
█# ▓% ▒+ ░. ▇% ▆* ▅+ ▄= ▃- ▂: ▁. ▀^ ²2 Δd σs εe ±+ ≥> ≤< ◆M ◇m ▲^ ▼v
₀0 ₁1 ₂2 ₃3 ₄4 ₅5 ₆6 ₇7 ₈8 ₉9"""
_ASCII = {ord(pair[0]): pair[-1] for pair in _PAIRS.split()}
_ASCII |= dict.fromkeys(range(0x2801, 0x2900), "*") | {0x2800: " "}  # braille, of the charts


@dataclass(frozen=True)
class ClickZone:
    """A rectangle of cells that runs `action` when it is clicked."""

    x: int
    y: int
    width: int
    height: int
    action: str

    def holds(self, x: int, y: int) -> bool:
        """Return whether the cell is in the zone."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


class Fragment(NamedTuple):
    """A part of a line: its cells, its segments, the same as runs, whether each character takes one cell."""

    width: int
    segments: tuple[Segment, ...]
    runs: tuple[StyledText, ...]
    is_narrow: bool


_NOTHING = Fragment(0, (), (), True)
Fragments = list[tuple[int, Fragment]]  # with the columns where they begin


class Canvas:
    """A rectangle of cells. Text beyond its edges is cut; where two fragments overlap, the left one shows."""

    def __init__(
        self,
        width: int,
        height: int,
        terminal: Terminal,
        ground: Colour = BACKGROUND,
        kitty_pictures: KittyPictures | None = None,
    ) -> None:
        self.width, self.height = width, height
        self.terminal, self.ground = terminal, ground
        self.kitty_pictures = kitty_pictures
        self.picture_ids: set[int] = set()  # of the pictures painted here
        self.zones: list[ClickZone] = []
        self._rows: list[Fragments] = [[] for _ in range(height)]
        self._strips: list[DiffStrip] = []
        self._kind = terminal.depth, terminal.glyphs == "ascii"
        self._blank = style(None, ground, False, terminal.depth)

    def text(
        self, x: int, y: int, text: str, fg: Colour = TEXT, bg: Colour | None = None, bold: bool = False
    ) -> int:
        """Write `text` and return the column after it."""
        piece = _written(text, fg, bg or self.ground, bold, *self._kind)
        if 0 <= y < self.height and text:
            self._rows[y].append((x, piece))
        return x + piece.width

    def centred(self, x: int, width: int, y: int, text: str, fg: Colour = TEXT, bold: bool = False) -> None:
        """Write `text` centred in `width` columns, cut if it is longer."""
        shown = fit(text, width)
        self.text(x + (width - cell_len(shown)) // 2, y, shown, fg, bold=bold)

    def right(self, end: int, y: int, text: str, fg: Colour = TEXT, bold: bool = False) -> int:
        """Write `text` so that it ends before column `end`; return the column where it starts."""
        start = end - cell_len(text)
        self.text(start, y, text, fg, bold=bold)
        return start

    def picture(self, x: int, y: int, rows: Sequence[Row]) -> None:
        """Paint rows of spans from column `x` of row `y` on; each character is one cell."""
        for pieces, row in zip(self._rows[y:], rows, strict=False):
            key = (id(row), self.ground, *self._kind)
            _, fragment = _drawn_rows.get(key) or _draw_row(key, row)
            pieces.append((x, fragment))

    def cells(self, x: int, y: int, lines: Sequence[str], width: int, cell_style: Style) -> None:
        """Paint lines of `width` cells in one style; a cell may have several characters."""
        for pieces, line in zip(self._rows[y:], lines, strict=False):
            pieces.append((x, _fragment(width, (Segment(line, cell_style),), self._kind[0])))

    def kitty_picture(
        self, x: int, y: int, pixels: Floats, size: tuple[int, int], colours: ColourMap
    ) -> None:
        """Paint the placeholder cells of an image from column `x` of row `y` on."""
        from vaetui.render.kitty_pictures import placeholder_cells

        assert self.kitty_pictures is not None
        picture = self.kitty_pictures.place(pixels, size, colours)
        painted = Style(color=Color.from_rgb(*picture.colour), bgcolor=Color.from_rgb(*themed(self.ground)))
        self.cells(x, y, placeholder_cells(size), size[0], painted)
        self.picture_ids.add(picture.number)

    def click(self, x: int, y: int, width: int, height: int, action: str) -> None:
        """Run `action` on a click into a rectangle."""
        self.zones.append(ClickZone(x, y, width, height, action))

    def strips(self, before: Canvas | None = None) -> list[DiffStrip]:
        """Return one strip per row, as wide as the canvas; an equal row of `before` gives its strip."""
        same: Sequence[tuple[Fragments, DiffStrip]] = ()
        if before is not None and (before.width, before._blank) == (self.width, self._blank):
            same = list(zip(before._rows, before._strips, strict=True))
        for pieces, old in zip_longest(self._rows, same[: self.height]):
            self._strips.append(old[1] if old and pieces == old[0] else self._strip(pieces))
        return self._strips

    def _strip(self, pieces: Fragments) -> DiffStrip:
        segments: list[Segment] = []
        runs: list[StyledText] = []
        column, is_narrow = 0, True
        for x, piece in (*sorted(pieces, key=itemgetter(0)), (self.width, _NOTHING)):
            if x > column:
                gap = _written(" " * (min(x, self.width) - column), None, self.ground, False, *self._kind)
                segments += gap.segments
                runs += gap.runs
                column += gap.width
            if x < column or x + piece.width > self.width:
                piece = self._cut(piece, column - x, self.width - x)
            segments += piece.segments
            runs += piece.runs
            column += piece.width
            is_narrow = is_narrow and piece.is_narrow
        return DiffStrip(segments, self.width, runs, is_narrow)

    def _cut(self, piece: Fragment, start: int, end: int) -> Fragment:
        shown = Strip(piece.segments, piece.width).crop(start, end)
        return _fragment(
            shown.cell_length, tuple(segment for segment in shown if segment.text), self._kind[0]
        )


def _fragment(width: int, segments: tuple[Segment, ...], depth: str) -> Fragment:
    runs = tuple(styled_text(segment, depth) for segment in segments)
    return Fragment(width, segments, runs, all(is_narrow(segment.text) for segment in segments))


@caches_colours
@lru_cache(maxsize=2048)
def _written(
    text: str, fg: Colour | None, bg: Colour | None, bold: bool, depth: str, is_ascii: bool
) -> Fragment:
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    width = len(text) if text.isascii() else cell_len(text)
    shown = Segment(to_ascii(text) if is_ascii else text, style(fg, bg, bold, depth))
    return _fragment(width, (shown,) if text else (), depth)


RowKey = tuple[int, Colour, str, bool]  # id of the row, ground, depth, whether it is ASCII
MAX_ROWS = 2048


class _RowCache(dict[RowKey, tuple[Row, Fragment]]):
    cache_clear = dict.clear


# Rows of pictures, most of which are painted again after a key. Looking them up by their ids is faster than
# by their spans; the row is kept with its fragment so that no other row gets its id.
_drawn_rows = caches_colours(_RowCache())


def _draw_row(key: RowKey, row: Row) -> tuple[Row, Fragment]:
    """Draw a row of a picture and keep it; drop the oldest of too many."""
    drawn = [_draw_span(span, *key[1:]) for span in row]
    width = len("".join(next(zip(*row, strict=True), ())))
    segments, runs = zip(*drawn, strict=True) if drawn else ((), ())
    while len(_drawn_rows) >= MAX_ROWS:
        del _drawn_rows[next(iter(_drawn_rows))]
    _drawn_rows[key] = kept = row, Fragment(width, segments, runs, True)
    return kept


@caches_colours
@lru_cache(maxsize=4096)
def _draw_span(span: Span, ground: Colour, depth: str, is_ascii: bool) -> tuple[Segment, StyledText]:
    """Draw cells of a picture, cached: there are many of each style and length."""
    text = to_ascii(span.text) if is_ascii else span.text
    segment = Segment(text, style(span.fg, span.bg or ground, False, depth))
    return segment, styled_text(segment, depth)


def to_ascii(text: str) -> str:
    """Return `text` with the screen's own characters replaced by ASCII ones of the same width."""
    return text.translate(_ASCII)


def longest_fitting(width: int, *texts: str) -> str:
    """Return the first of `texts`, longest first, that fits into `width` columns; else the last one, cut."""
    return next((text for text in texts if cell_len(text) <= width), fit(texts[-1], width))


def fit(text: str, width: int) -> str:
    """Return `text`, cut with an ellipsis if it is wider than `width` columns."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…" if width > 0 else ""


def fit_end(path: str, width: int) -> str:
    """Return `path`, its beginning cut with an ellipsis if it is wider than `width` columns."""
    if cell_len(path) <= width:
        return path
    while path and cell_len(path) > width - 1:
        path = path[1:]
    return "…" + path


def wrapped(text: str, width: int, most: int | None = None) -> list[str]:
    """Wrap `text` to `width` columns; cut it with an ellipsis after `most` lines, None for any number."""
    whole = re.sub(r"(?<=\d) (?=\d{3}\b)", "\N{NO-BREAK SPACE}", text)  # 54 000
    lines = textwrap.wrap(whole, max(width, 8), break_on_hyphens=False)
    if most is not None and len(lines) > most > 0:
        lines = [*lines[: most - 1], fit(" ".join(lines[most - 1 :]), width)]
    shown = lines if most is None else lines[: max(most, 0)]
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in shown]
