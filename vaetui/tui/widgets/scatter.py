"""Codes as points: two pixels a cell in class colours, or the digit of the class where colours lack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
import numpy.typing as npt

from vaetui.format import coordinate
from vaetui.latent.projection import ProjectedCodes, Window
from vaetui.render.cells import UPPER, Colour, Row, Span
from vaetui.render.terminal import Terminal
from vaetui.tui.screen import theme
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.theme import ACCENT, BACKGROUND, BRIGHT, CLASS_COLOURS, DIM, LINE, TEXT

Ink = npt.NDArray[np.int64]

AXIS = 7  # columns of numbers and axis at the left
FOOT = 2  # rows of axis and numbers below
NOTHING, OTHER = 0, 11  # kinds of pixels; between them the classes
_COLOURS: tuple[Colour, ...] = (BACKGROUND, *CLASS_COLOURS, LINE)
_LETTERS = " 0123456789·"


@dataclass(frozen=True)
class Frame:
    """Where the points are on a canvas: corner, size in cells, and the part of the map that is seen there."""

    x: int
    y: int
    width: int
    height: int
    window: Window

    @property
    def steps(self) -> tuple[float, float]:
        """A column and a row in units of the map."""
        left, right, bottom, top = self.window
        return (right - left) / self.width, (top - bottom) / self.height

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Column and row, from the corner, of a place on the map; on the edge if it is farther out."""
        left, _, _, top = self.window
        across, up = self.steps
        column, row = int((x - left) / across), int((top - y) / up)
        return min(max(column, 0), self.width - 1), min(max(row, 0), self.height - 1)

    def place(self, column: int, row: int) -> tuple[float, float]:
        """The place on the map in the middle of a cell."""
        left, _, _, top = self.window
        across, up = self.steps
        return left + (column + 0.5) * across, top - (row + 0.5) * up

    def holds(self, x: int, y: int) -> bool:
        """Whether a cell of the canvas belongs to it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def raster(chart: ProjectedCodes, window: Window, width: int, height: int, only: int | None) -> Ink:
    """What is in each pixel `(height, width)`: nothing, the commonest class + 1, or others than `only`."""
    left, right, bottom, top = window
    across = np.floor((chart.points[:, 0] - left) / (right - left) * width)
    down = np.floor((top - chart.points[:, 1]) / (top - bottom) * height)
    inside = (across >= 0) & (across < width) & (down >= 0) & (down < height)
    place = (down[inside] * width + across[inside]).astype(np.int64)
    labels = np.minimum(chart.labels[inside], 9).astype(np.int64)
    counts = np.bincount(labels * width * height + place, minlength=10 * width * height)
    counts = counts.reshape(10, height, width)
    any_there = counts.any(0)
    if only is None:
        return np.where(any_there, counts.argmax(0) + 1, NOTHING)
    return np.where(counts[only] > 0, only + 1, np.where(any_there, OTHER, NOTHING))


@lru_cache(maxsize=16)
def rows(
    chart: ProjectedCodes, window: Window, width: int, height: int, only: int | None, in_letters: bool
) -> tuple[Row, ...]:
    """`height` rows of `width` cells; kept, so that a step of the cursor draws nothing anew."""
    ink = raster(chart, window, width, height * (1 if in_letters else 2), only)
    return as_letters(ink, _COLOURS, _LETTERS) if in_letters else as_cells(ink, _COLOURS)


def as_letters(ink: Ink, colours: Sequence[Colour], letters: str) -> tuple[Row, ...]:
    """Kinds of pixels `(height, width)` as rows of spans, a letter each."""
    return tuple(
        [Span(letters[kind] * len(list(alike)), colours[kind], None) for kind, alike in groupby(line)]
        for line in ink.tolist()
    )


def as_cells(ink: Ink, colours: Sequence[Colour]) -> tuple[Row, ...]:
    """Kinds of pixels `(2 · height, width)` as rows of spans, two pixels a cell."""

    def span(cell: int, length: int) -> Span:
        upper, lower = divmod(cell, len(colours))
        if upper == lower:
            return Span(" " * length, None, colours[lower])
        return Span(UPPER * length, colours[upper], colours[lower])

    cells = ink[::2] * len(colours) + ink[1::2]
    return tuple([span(cell, len(list(alike))) for cell, alike in groupby(line)] for line in cells.tolist())


def in_letters(terminal: Terminal) -> bool:
    """Whether classes are told by their digits: ten colours cannot be told apart among 16."""
    return terminal.glyphs == "ascii" or not theme.has_colours(terminal)


def paint(
    canvas: Canvas, frame: Frame, chart: ProjectedCodes, cursor: tuple[float, float], only: int | None
) -> None:
    """Points, axes with their limits and names, and the cursor with its marks on the axes."""
    drawn = list(rows(chart, frame.window, frame.width, frame.height, only, in_letters(canvas.terminal)))
    column, row = frame.cell(*cursor)
    for y, text, start in ((row - 1, "│", column), (row, "─┼─", column - 1), (row + 1, "│", column)):
        if 0 <= y < frame.height:
            drawn[y] = over(drawn[y], text, start, frame.width)
    canvas.picture(frame.x, frame.y, drawn)
    axes(canvas, frame, chart, column, row)


def over(row: Row, text: str, start: int, width: int, fg: Colour = BRIGHT) -> Row:
    """`row` with `text` over it, from column `start` on, as far as it is on the row."""
    text = text[max(-start, 0) : width - start]
    start = max(start, 0)
    before, after = _slice(row, 0, start), _slice(row, start + len(text), width)
    return [*before, Span(text, fg, BACKGROUND), *after]


def _slice(row: Row, start: int, end: int) -> Row:
    pieces, column = [], 0
    for span in row:
        kept = span.text[max(start - column, 0) : max(end - column, 0)]
        column += len(span.text)
        if kept:
            pieces.append(Span(kept, span.fg, span.bg))
    return pieces


def axes(canvas: Canvas, frame: Frame, chart: ProjectedCodes, column: int, row: int) -> None:
    """Both axes with their limits and names, and marks at a column and a row."""
    left, right, bottom, top = frame.window
    for y in range(frame.height):
        canvas.text(frame.x - 1, frame.y + y, "┤" if y == row else "│", ACCENT if y == row else LINE)
    foot = frame.y + frame.height
    canvas.text(frame.x - 1, foot, "└", LINE)
    canvas.text(frame.x, foot, "─" * column, LINE)
    canvas.text(frame.x + column, foot, "┴", ACCENT)
    canvas.text(frame.x + column + 1, foot, "─" * (frame.width - column - 1), LINE)
    canvas.text(frame.x, foot + 1, coordinate(left), DIM)
    canvas.right(frame.x + frame.width, foot + 1, coordinate(right), DIM)
    name = chart.names[0]
    if len(name) > frame.width - 16:
        name = name.partition(" of ")[0]
    canvas.centred(frame.x + 6, frame.width - 12, foot + 1, f"{name} →", TEXT)
    canvas.text(frame.x - 1, frame.y - 1, f"↑ {chart.names[1]}", TEXT)
    if chart.is_strip:
        for label in range(10):
            canvas.right(frame.x - 2, frame.y + frame.cell(0, label)[1], str(label), DIM)
        return
    canvas.right(frame.x - 1, frame.y, coordinate(top), DIM)
    canvas.right(frame.x - 1, foot - 1, coordinate(bottom), DIM)


def legend(canvas: Canvas, x: int, y: int, only: int | None) -> None:
    """The classes in their colours; a click on one shows it alone, a click on "all" all again."""
    is_all = only is None
    column = canvas.text(x, y, "class", DIM) + 1
    canvas.click(column, y, 5, 1, "show_only(-1)")
    column = canvas.text(column, y, "‹all›" if is_all else " all ", BRIGHT if is_all else TEXT, bold=is_all)
    for label, colour in enumerate(CLASS_COLOURS):
        canvas.click(column, y, 3, 1, f"show_only({label})")
        is_chosen = only == label
        if theme.has_colours(canvas.terminal):
            bg = colour if is_all or is_chosen else LINE
            text = f"›{label}‹" if is_chosen else f" {label} "
            column = canvas.text(
                column, y, text, theme.readable_on(colour) if bg is colour else TEXT, bg, bold=is_chosen
            )
        else:
            text = f"›{label}‹" if is_chosen else f" {label} "
            column = canvas.text(column, y, text, colour if is_all or is_chosen else DIM, bold=is_chosen)
