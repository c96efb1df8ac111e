"""The table of runs, in the run list and in the pane beside the view."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from vaetui.render.colours import Colour
from vaetui.render.cut_text import shorten
from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT
from vaetui.runs.run_fields import RunField
from vaetui.runs.run_query import RunOrder
from vaetui.runs.run_table import GAP, NAME, STATE, Column, RunTable
from vaetui.runs.run_watcher import Run
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.widgets.layout import Rect, first_shown
from vaetui.tui.widgets.run_summary import MARK, state_of

SIGNS = 2  # columns before a name: cursor and mark


@dataclass(frozen=True)
class RunRows:
    """The rows of the table: listed runs and their order, the run under the cursor, the open one, marks."""

    listed: Sequence[Run]
    order: RunOrder | None
    cursor: Path | None
    selected: Path | None
    marked: Collection[Path]

    @property
    def place(self) -> int:
        """Return the place of the cursor, 0 if its run is not listed."""
        return next((at for at, run in enumerate(self.listed) if run.path == self.cursor), 0)


def draw_run_table(canvas: Canvas, rect: Rect, table: RunTable, rows: RunRows) -> int:
    """Paint the headings, then the rows around the cursor; return how many columns have no room.

    The widget has the actions of clicks: `pick(place)` and `sort(name)`.
    """
    columns = table.fitting(rect.width - SIGNS, rows.order.field if rows.order else None)
    _headings(canvas, rect, columns, rows)
    room = rect.height - 1
    start = first_shown(rows.place, room, len(rows.listed))
    for y, run in enumerate(rows.listed[start : start + room], rect.y + 1):
        _row(canvas, Rect(rect.x, y, rect.width, 1), columns, rows, run)
        canvas.click(rect.x, y, rect.width, 1, f"pick({start + y - rect.y - 1})")
    return len(table.columns) - len(columns)


def _headings(canvas: Canvas, rect: Rect, columns: Sequence[Column], rows: RunRows) -> None:
    x = rect.x + SIGNS
    for column in columns:
        order = rows.order if rows.order and rows.order.field is column.field else None
        arrow = "" if order is None else "↓" if order.descending else "↑"
        _cell(canvas, x, rect.y, column, column.field.label + arrow, ACCENT if order else DIM)
        canvas.click(x, rect.y, column.width, 1, f"sort('{column.field.name}')")
        x += column.width + GAP


def _row(canvas: Canvas, rect: Rect, columns: Sequence[Column], rows: RunRows, run: Run) -> None:
    y, is_here, is_open = rect.y, run.path == rows.cursor, run.path == rows.selected
    canvas.text(rect.x, y, "›" if is_here else " ", ACCENT, bold=True)
    canvas.text(rect.x + 1, y, MARK if run.path in rows.marked else " ", ACCENT, bold=True)
    sign, _, state_colour = state_of(run)
    colours: dict[RunField, Colour] = {STATE: state_colour} | ({NAME: ACCENT} if is_open else {})
    x = rect.x + SIGNS
    for column in columns:
        field = column.field
        text = f"{sign} {field.text(run)}" if field is STATE else field.text(run)
        colour = colours.get(field, BRIGHT if is_here else TEXT)
        _cell(canvas, x, y, column, text, colour, bold=is_here or (is_open and field is NAME))
        x += column.width + GAP


def _cell(
    canvas: Canvas, x: int, y: int, column: Column, text: str, colour: Colour, bold: bool = False
) -> None:
    shown = shorten(text, column.width) if column.field is NAME else fit(text, column.width)
    if column.field.is_number:
        canvas.right(x + column.width, y, shown, colour, bold=bold)
    else:
        canvas.text(x, y, shown, colour, bold=bold)


def figures_caption(runs: Sequence[Run]) -> str:
    """Return what the figures are of: "after the last epoch, nats per image, validation"."""
    splits = {"validation" if run.latest.val else "training" for run in runs if run.latest}
    words = " or ".join(sorted(splits, reverse=True))
    return f"after the last epoch, nats per image, {words}" if splits else ""
