"""A renderer that remembers the screen of the terminal and sends only the cells that change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby
from typing import TypeVar

from rich.console import Console, RenderableType
from textual.app import App
from textual.screen import Screen
from textual.strip import Strip

from vaetui.tui.screen.strips import (
    PLAIN,
    SPACES,
    DiffStrip,
    Pen,
    StyledText,
    is_same_blank,
    kind_of,
)
from vaetui.tui.screen.textual_private import ChopsUpdate, LayoutUpdate

Result = TypeVar("Result")
KnownLine = dict[int, Strip | None]  # the strip from each column on, None if unknown


class DiffApp(App[Result]):
    """An app that sends only changed cells; Textual sends each changed line as a whole."""

    @cached_property
    def _lines(self) -> dict[int, KnownLine]:
        return {}

    def on_mount(self) -> None:
        """Redraw everything after the process was stopped: other programs have written to the terminal."""
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())

    def action_redraw(self) -> None:
        """Redraw everything."""
        self._lines.clear()
        self.refresh(layout=True)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Display an update of Textual's compositor as the difference to the last."""
        if isinstance(renderable, ChopsUpdate):
            renderable = DiffUpdate(renderable, self._lines)
        elif isinstance(renderable, LayoutUpdate):
            renderable = FullUpdate(renderable, self._lines)
        elif renderable is not None:
            self._lines.clear()
        super()._display(screen, renderable)


class FullUpdate(LayoutUpdate):
    """An update that writes and remembers all lines."""

    def __init__(self, update: LayoutUpdate, lines: dict[int, KnownLine]) -> None:
        super().__init__(update.strips, update.region)
        self._lines = lines

    def render_segments(self, console: Console) -> str:
        """Return text and escape codes of the update."""
        self._lines.clear()
        for y, strips in enumerate(self.strips, self.region.y):
            line, x = self._lines.setdefault(y, {}), self.region.x
            for strip in strips:
                line[x] = strip
                x += strip.cell_length
        return super().render_segments(console)


class DiffUpdate(ChopsUpdate):
    """An update of parts of lines that writes only the cells that differ."""

    def __init__(self, update: ChopsUpdate, lines: dict[int, KnownLine]) -> None:
        super().__init__(update.chops, update.spans, update.chop_ends)
        self._lines = lines

    def render_segments(self, console: Console) -> str:
        """Return text and escape codes of the update, "" if nothing differs."""
        pen = Pen()
        for y, x, strip in self._strips():
            before = self._lines[y][x]
            self._lines[y][x] = strip
            _draw(pen, console, (x, y), strip, before)
        pen.reset()
        return pen.written()

    def _strips(self) -> Iterator[tuple[int, int, Strip]]:
        """Yield row, column and strip of what may have changed; a line divided differently is unknown."""
        for y, start, end in self.spans:
            line = self.chops[y]
            if self._lines.get(y, {}).keys() != line.keys():
                self._lines[y] = dict.fromkeys(line)
            for stop, (x, strip) in zip(self.chop_ends[y], line.items(), strict=True):
                if strip is not None and x < end and stop > start:
                    yield y, x, strip


def _draw(pen: Pen, console: Console, at: tuple[int, int], strip: Strip, before: Strip | None) -> None:
    """Write at a column and a row the cells of `strip` that differ from `before`."""
    if strip is before:
        return
    if not isinstance(strip, DiffStrip):
        if strip != before:
            pen.reset()
            pen.raw(_to(*at) + strip.render(console))
        return
    if not (isinstance(before, DiffStrip) and _has_same_cells(before, strip)):
        pen.raw(_to(*at))
        pen.write(strip.runs)
        return
    old, new = before.runs, strip.runs
    start = _count_equal(old, new)
    column, cursor = at[0] + sum(len(text) for text, _, _ in new[:start]), -1
    old, new = old[start:], new[start:]
    end = _count_equal(reversed(old), reversed(new))
    gap: StyledText = "", PLAIN, SPACES
    for run, is_new in _compare(old[: len(old) - end], new[: len(new) - end]):
        length = len(run[0])
        if not is_new:
            gap = run
        else:
            if cursor < 0:
                pen.raw(_to(column, at[1]))
            elif column > cursor:
                _cross(pen, column - cursor, gap)
            pen.put(*run)
            cursor = column + length
        column += length


def _has_same_cells(one: DiffStrip, other: DiffStrip) -> bool:
    """Return whether each character of one line is in the same cell as that of the other."""
    return one.cell_length == other.cell_length and one.is_narrow and other.is_narrow


def _cross(pen: Pen, cells: int, gap: StyledText) -> None:
    """Move over unchanged cells, the last of them `gap`; write `gap` again where that is shorter."""
    move = f"\x1b[{cells}C" if cells > 1 else "\x1b[C"
    text, style, kind = gap
    if len(text) == cells and len(text.encode()) <= len(move) and pen.has(style, kind):
        pen.put(*gap)
    else:
        pen.raw(move)


def _count_equal(old: Iterable[StyledText], new: Iterable[StyledText]) -> int:
    """Return the number of equal runs at the beginning."""
    count = 0
    for one, other in zip(old, new, strict=False):
        if one is not other and one != other:
            break
        count += 1
    return count


def _compare(old: Iterable[StyledText], new: Iterable[StyledText]) -> Iterator[tuple[StyledText, bool]]:
    """Yield `new` in pieces of one style, and whether each differs from `old`, which is as wide."""
    rest = iter(old)
    old_text, old_style = "", PLAIN
    for text, style, kind in new:
        while text:
            if not old_text:
                old_text, old_style, _ = next(rest)
            if len(old_text) > len(text):
                piece, before, text, old_text = text, old_text[: len(text)], "", old_text[len(text) :]
            else:
                piece, before, text, old_text = text[: len(old_text)], old_text, text[len(old_text) :], ""
            if piece != before:
                if style == old_style:
                    yield from _letters(piece, before, style)
                else:
                    yield (piece, style, kind), True
            else:
                is_same = style == old_style or (piece.isspace() and is_same_blank(style, old_style))
                yield (piece, style, kind), not is_same


def _letters(text: str, old: str, style: int) -> Iterator[tuple[StyledText, bool]]:
    """Yield `text` in runs of letters that are as in `old`, and of others."""
    for is_new, pairs in groupby(zip(text, old, strict=True), key=lambda pair: pair[0] != pair[1]):
        letters = "".join(letter for letter, _ in pairs)
        yield (letters, style, kind_of(letters)), is_new


def _to(column: int, row: int) -> str:
    return f"\x1b[{row + 1};{column + 1}H"
