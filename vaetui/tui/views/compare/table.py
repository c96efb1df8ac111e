"""The table of the comparison."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT
from vaetui.runs.compare import ComparedRun
from vaetui.runs.comparison import COLUMNS, Column, Comparison
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.views.compare.board import Board
from vaetui.tui.widgets.layout import Rect, window

NAME_WIDTH = 8  # columns that a run's name needs to be shown


def table(canvas: Canvas, rect: Rect, board: Board) -> None:
    """Paint a row an entry, then the protocol and why which run is chosen."""
    canvas.text(rect.x, rect.y, "checkpoints", BRIGHT, bold=True)
    canvas.text(rect.x + 13, rect.y, fit("nats per image, MSE per pixel", rect.width - 13), DIM)
    columns: tuple[Column, ...] = COLUMNS
    if _name_width(rect, columns) == 0:  # the squared error to sort by, or the first
        columns = (*COLUMNS[:6], COLUMNS[7] if board.order is COLUMNS[7] else COLUMNS[6])
    name_width = _name_width(rect, columns)
    if name_width:
        canvas.text(rect.x + 2, rect.y + 1, "run", TEXT)
    x = rect.x + 2 + name_width
    for column in columns:
        is_order = column is board.order
        canvas.click(x, rect.y + 1, column.width, 1, f"sort('{column.title}')")
        x += column.width
        canvas.right(x, rect.y + 1, column.title, ACCENT if is_order else TEXT, bold=is_order)
    rows, notes = board.comparison.rows, _notes(board.comparison, rect.width)
    shown = window(rows, ("", board.selected), max(rect.height - 2 - len(notes), 1))
    for y, (words, entry) in enumerate(shown, rect.y + 2):
        if entry is None:
            canvas.text(rect.x, y, fit(words, rect.width), DIM)
        else:
            _row(canvas, Rect(rect.x, y, rect.width, 1), entry, board, columns)
    end = rect.y + 2 + len(shown) + (rect.height > 2 + len(shown) + len(notes))
    for y, note in enumerate(notes, end):
        canvas.text(rect.x, y, note, TEXT)


def _name_width(rect: Rect, columns: Sequence[Column]) -> int:
    """Return the columns left for names, 0 if they are too few."""
    width = rect.width - 4 - sum(column.width for column in columns)
    return width if width >= NAME_WIDTH else 0


def _notes(comparison: Comparison, width: int) -> list[str]:
    """Return lines on the protocol, the choice and its reason, and how many runs are missing."""
    choice = comparison.choice
    lines = textwrap.wrap(comparison.protocol, max(width, 8)) if comparison.ranked else []
    reason = f"{'◉ ' if choice.entry else ''}{choice.reason}"
    lines += textwrap.wrap(reason, max(width, 8), subsequent_indent="  ")
    return lines + ([fit(f"{comparison.without} without metrics yet", width)] if comparison.without else [])


def _row(canvas: Canvas, rect: Rect, entry: ComparedRun, board: Board, columns: Sequence[Column]) -> None:
    y, name_width, is_selected = rect.y, _name_width(rect, columns), entry.path == board.cursor
    canvas.text(rect.x, y, "›" if is_selected else " ", ACCENT, bold=True)
    canvas.text(rect.x + 1, y, board.sign(entry), board.colour(board.line(entry)), bold=True)
    colour = BRIGHT if is_selected else TEXT if entry.beta is not None else DIM
    canvas.text(rect.x + 3, y, fit(entry.path.name, name_width - 1), colour, bold=is_selected)
    x = rect.x + 2 + name_width
    for column in columns:
        x += column.width
        canvas.right(x, y, column.write(entry), colour, bold=is_selected)
    canvas.click(rect.x, y, rect.width, 1, board.click(entry))
