"""The table of the comparison."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from vaetui.runs.compare import ComparedRun
from vaetui.runs.comparison import COLUMNS, Column, Comparison
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.theme import ACCENT, BRIGHT, DIM, TEXT
from vaetui.tui.views.compare.board import Board
from vaetui.tui.widgets.layout import Rect, first_shown

NAME_WIDTH = 8  # columns that a run's name needs to be shown


def table(canvas: Canvas, rect: Rect, board: Board) -> None:
    """Paint a row an entry, then the protocol and why which run is chosen."""
    canvas.text(rect.x, rect.y, "checkpoints", BRIGHT, bold=True)
    units = "nats per image, MSE per pixel at one draw or the mean"
    canvas.text(rect.x + 13, rect.y, fit(units, rect.width - 13), DIM)
    columns = _columns(rect.width, board.order)
    name = rect.width - _width(columns) - 2
    x = rect.x + 2 + (name if name >= NAME_WIDTH else 0)
    if name >= NAME_WIDTH:
        canvas.text(rect.x + 2, rect.y + 1, "run", TEXT)
    for column in columns:
        is_order = column is board.order
        canvas.click(x, rect.y + 1, column.width, 1, f"sort('{column.title}')")
        x += column.width
        canvas.right(x, rect.y + 1, column.title, ACCENT if is_order else TEXT, bold=is_order)
    lines, notes = board.found.rows, _notes(board.found, rect.width)
    room = max(rect.height - 2 - len(notes), 1)
    at = next((n for n, (_, e) in enumerate(lines) if e is not None and e.path == board.cursor), 0)
    start = first_shown(at, room, len(lines))
    seen = lines[start : start + room]
    for y, (words, entry) in enumerate(seen, rect.y + 2):
        if entry is None:
            canvas.text(rect.x, y, fit(words, rect.width), DIM)
        else:
            _row(canvas, rect, y, entry, board, columns)
    foot = rect.y + 2 + len(seen) + (rect.height > 2 + len(seen) + len(notes))
    for y, note in enumerate(notes, foot):
        canvas.text(rect.x, y, note, TEXT)


def _columns(width: int, order: Column) -> tuple[Column, ...]:
    """Return both squared errors where there is room for them beside names, else the one to sort by."""
    if width - _width(COLUMNS) - 2 >= NAME_WIDTH:
        return COLUMNS
    return (*COLUMNS[:6], COLUMNS[7] if order is COLUMNS[7] else COLUMNS[6])


def _width(columns: Sequence[Column]) -> int:
    return 2 + sum(column.width for column in columns)


def _notes(found: Comparison, width: int) -> list[str]:
    """Return lines on the protocol, the choice and its reason, and how many runs are missing."""
    reason = f"{'◉ ' if found.choice.entry else ''}{found.choice.reason}"
    lines = textwrap.wrap(found.protocol, max(width, 8)) if found.ranked else []
    lines += textwrap.wrap(reason, max(width, 8), subsequent_indent="  ")
    return lines + ([fit(f"{found.without} without metrics yet", width)] if found.without else [])


def _row(
    canvas: Canvas, rect: Rect, y: int, entry: ComparedRun, board: Board, columns: Sequence[Column]
) -> None:
    name, is_selected = rect.width - _width(columns) - 2, entry.path == board.cursor
    canvas.text(rect.x, y, "›" if is_selected else " ", ACCENT, bold=True)
    canvas.text(rect.x + 1, y, board.sign(entry), board.colour(board.line(entry)), bold=True)
    colour = BRIGHT if is_selected else TEXT if entry.beta is not None else DIM
    x = rect.x + 2
    if name >= NAME_WIDTH:
        canvas.text(x + 1, y, fit(entry.path.name, name - 1), colour, bold=is_selected)
        x += name
    for column in columns:
        x += column.width
        canvas.right(x, y, column.write(entry), colour, bold=is_selected)
    canvas.click(rect.x, y, rect.width, 1, f"pick({board.found.number(entry.path)})")
