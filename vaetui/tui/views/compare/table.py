"""The table of the comparison."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from rich.cells import cell_len

from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT, WARNING
from vaetui.runs.compare import ComparedRun
from vaetui.runs.comparison import EPOCHS, Column
from vaetui.runs.information import rate_split
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.views.compare.board import Board
from vaetui.tui.widgets.layout import Rect, window
from vaetui.tui.widgets.run_summary import MARK

SIGNS = 3  # columns before a row: cursor, sign of the run, mark
NAME_WIDTH = 9  # columns that a run's name needs to be shown
LEAST_ROWS = 6
_DROPPED = ("MSE mean", "MSE draw", "val −ELBO", "active")  # in this order, where there is no room

Widths = Mapping[Column, int]


def height(board: Board, width: int) -> int:
    """Return the lines of the whole table."""
    return max(len(board.comparison.rows), LEAST_ROWS) + 3 + len(_notes(board, width))


def table(canvas: Canvas, rect: Rect, board: Board) -> None:
    """Paint a row an entry, then the protocol and why which run is chosen."""
    column = canvas.text(rect.x, rect.y, "checkpoints", BRIGHT, bold=True) + 2
    units = ", ".join(filter(None, (board.comparison.split, "nats per image", "MSE per pixel")))
    canvas.text(column, rect.y, fit(units, rect.x + rect.width - column), DIM)
    widths = _widths(board, rect.width - SIGNS)
    name_width = _name_width(rect, widths)
    if name_width:
        canvas.text(rect.x + SIGNS + 1, rect.y + 1, "run", TEXT)
    x = rect.x + SIGNS + name_width
    for each, width in widths.items():
        is_order = each is board.order
        canvas.click(x, rect.y + 1, width, 1, f"sort('{each.title}')")
        x += width
        canvas.right(x, rect.y + 1, each.title, ACCENT if is_order else TEXT, bold=is_order)
    rows, notes = board.comparison.rows, _notes(board, rect.width)
    shown = window(rows, ("", board.selected), max(rect.height - 2 - len(notes), 1))
    for y, (words, entry) in enumerate(shown, rect.y + 2):
        if entry is None:
            canvas.text(rect.x, y, fit(words, rect.width), DIM)
        else:
            _row(canvas, Rect(rect.x, y, rect.width, 1), entry, board, widths)
    end = rect.y + 2 + len(shown) + (rect.height > 2 + len(shown) + len(notes))
    for y, note in enumerate(notes, end):
        canvas.text(rect.x, y, note, TEXT)


def _widths(board: Board, room: int) -> dict[Column, int]:
    """Return the columns for which there is room, the one that is sorted by among them, with their widths."""
    comparison = board.comparison
    widths = {
        column: max([column.width, *(1 + cell_len(comparison.cell(column, e)) for e in comparison.shown)])
        for column in comparison.columns
    }
    for title in _DROPPED:
        if sum(widths.values()) > room and title != board.order.title:
            widths = {column: width for column, width in widths.items() if column.title != title}
    spare = room - sum(widths.values())
    wider = spare // len(widths) if 0 <= spare < NAME_WIDTH else 0
    return {column: width + wider for column, width in widths.items()}


def _name_width(rect: Rect, widths: Widths) -> int:
    """Return the columns left for names, 0 if they are too few."""
    width = rect.width - SIGNS - sum(widths.values())
    return width if width >= NAME_WIDTH else 0


def _notes(board: Board, width: int) -> list[str]:
    """Return lines on the protocol, the choice, unequal epochs, the selected rate, and missing runs."""
    comparison, selected = board.comparison, board.selected
    choice = comparison.choice
    lines = textwrap.wrap(comparison.protocol, max(width, 8)) if comparison.ranked else []
    reason = f"{'◉ ' if choice.entry else ''}{choice.reason}"
    split = (
        [f"› {rate_split(selected.information, selected.figures.rate)}"]
        if selected and selected.information
        else []
    )
    for note in (reason, *comparison.epochs_notes, *split):
        lines += textwrap.wrap(note, max(width, 8), subsequent_indent="  ")
    return lines + ([fit(f"{comparison.without} without metrics yet", width)] if comparison.without else [])


def _row(canvas: Canvas, rect: Rect, entry: ComparedRun, board: Board, widths: Widths) -> None:
    y, name_width, is_selected = rect.y, _name_width(rect, widths), entry.path == board.cursor
    canvas.text(rect.x, y, "›" if is_selected else " ", ACCENT, bold=True)
    canvas.text(rect.x + 1, y, board.sign(entry), board.colour(board.line(entry)), bold=True)
    if entry.path in board.marked:
        canvas.text(rect.x + 2, y, MARK, ACCENT, bold=True)
    colour = BRIGHT if is_selected else TEXT if entry.beta is not None else DIM
    canvas.text(rect.x + SIGNS + 1, y, fit(entry.run_name, name_width - 2), colour, bold=is_selected)
    x = rect.x + SIGNS + name_width
    for column, width in widths.items():
        x += width
        is_apart = column.title == EPOCHS and board.comparison.differs_in_epochs(entry)
        ink = WARNING if is_apart else colour
        canvas.right(x, y, board.comparison.cell(column, entry), ink, bold=is_selected)
    canvas.click(rect.x, y, rect.width, 1, board.click(entry))
