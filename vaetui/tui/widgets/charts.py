"""Charts over epochs on a canvas: which column an epoch has, and the line of the cursor."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vaetui.render import chart
from vaetui.render.chart import FOOT, Axes, Chart, Curve
from vaetui.render.spans import Row, Span, cell_at, overlay
from vaetui.render.theme import ACCENT, DIM
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets.layout import Rect

# The cursor's line over what it may cover: no curve is hidden by it.
_MARKS = {" ": "│", "\u2800": "│", "│": "│", "─": "┴", "┬": "┼"}


@dataclass(frozen=True)
class EpochAxis(Rect):
    """The part of a canvas inside the axes, and the epochs at its left and right edge."""

    first: int
    last: int

    def column(self, epoch: float) -> int:
        """Return the column of an epoch."""
        across = (epoch - self.first) / max(self.last - self.first, 1)
        return self.x + math.floor(across * (self.width - 1) + 0.5)

    def epoch(self, column: int) -> int:
        """Return the epoch nearest to a column."""
        place = (column - self.x) / max(self.width - 1, 1)
        return self.first + round(place * (self.last - self.first))


def draw_chart(
    canvas: Canvas, x: int, y: int, curves: Sequence[Curve], axes: Axes, epoch: int | None = None
) -> tuple[EpochAxis, Chart] | None:
    """Draw `curves` with axes and a line at `epoch`; None where there is no point to draw."""
    drawn = chart.draw(tuple(curves), axes, DIM)
    if drawn is None:
        return None
    margin, rows = drawn.margin, drawn.rows
    frame = EpochAxis(x + margin, y, axes.width - margin, axes.height - FOOT, axes.first, axes.last)
    if epoch is not None:
        rows = [crossed(row, frame.column(epoch) - x, _line) for row in rows]
    canvas.picture(x, y, rows)
    return frame, drawn


def crossed(row: Row, column: int, redraw: Callable[[Span], Span | None]) -> Row:
    """Redraw the cell of `row` in `column`, unless `redraw` returns None."""
    cell = cell_at(row, column)
    new = redraw(cell) if cell else None
    return overlay(row, column, new) if new else row


def _line(cell: Span) -> Span | None:
    mark = _MARKS.get(cell.text)
    return Span(mark, ACCENT, None) if mark else None


def epoch_label(canvas: Canvas, x: int, y: int, frame: EpochAxis, epoch: int, is_log: bool = False) -> None:
    """Write the kind of axis and the epoch at the cursor below a chart, from column `x` on."""
    if is_log:
        x = canvas.text(x, y, "log axis", DIM) + 1
    text = f"epoch {epoch}" + (", latest" if epoch == frame.last else "")
    start = min(frame.column(epoch) - len(text) // 2, frame.x + frame.width - len(text))
    canvas.text(max(start, x), y, text, ACCENT)
