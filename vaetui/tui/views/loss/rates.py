"""The rate of every latent dimension over the epochs as a heat map, and values at the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

import numpy as np

from vaetui.format import dimension_name
from vaetui.render import theme
from vaetui.render.cells import half_blocks
from vaetui.render.spans import Row, Span, overlay
from vaetui.render.theme import BRIGHT, DIM, TEXT
from vaetui.runs.curves import Rates
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets.charts import EpochAxis, crossed
from vaetui.tui.widgets.layout import Rect

_LINES = 3  # of title, figures and epoch
_MARGIN = 5  # columns for the numbers of the dimensions, or "high" and "low"
_SCALE = 12  # columns
_DENSITY = "_░▒▓█"  # nothing is left blank where there is no value
TITLE = "rate of each dimension"


def paint(
    canvas: Canvas, rect: Rect, rates: Rates, axis: tuple[int, int], epoch: int, whose: str = ""
) -> EpochAxis:
    """Paint title, values at `epoch` and the heat map of epochs `axis[0]` to `axis[1]`, with a line.

    `whose` says of which seed they are, where there are several.
    """
    lines = max(rect.height - _LINES, 1)
    frame = EpochAxis(rect.x + _MARGIN, rect.y + 2, max(rect.width - _MARGIN, 1), lines, *axis)
    _title(canvas, rect, rates, whose)
    canvas.text(rect.x, rect.y + 1, rates.text(epoch, rect.width), TEXT)
    rows = _rows(rates, frame, theme.needs_letters(canvas.terminal))
    column = frame.column(epoch) - frame.x
    line = [crossed(row, column, lambda cell: Span("│", BRIGHT, cell.bg)) for row in rows]
    canvas.picture(frame.x, frame.y, line)
    pitch = lines // len(rates.dims)
    for place, dim in enumerate(rates.dims if pitch else ()):
        canvas.right(frame.x - 1, frame.y + place * pitch, dimension_name(dim + 1), DIM)
    if not pitch:
        canvas.right(frame.x - 1, frame.y, "high", DIM)
        canvas.right(frame.x - 1, frame.y + lines - 1, "low", DIM)
    return frame


def _title(canvas: Canvas, rect: Rect, rates: Rates, whose: str) -> None:
    """Write the title, and the colours from 0 to the highest rate."""
    column = canvas.text(rect.x, rect.y, f"{TITLE}{whose}", BRIGHT, bold=True) + 2
    end = canvas.right(rect.x + rect.width, rect.y, f"{rates.most:.2f} nats", TEXT) - 1
    if theme.needs_letters(canvas.terminal):
        end = canvas.right(end, rect.y, _DENSITY, TEXT)
    else:
        end -= _SCALE
        for step in range(_SCALE):
            canvas.text(end + step, rect.y, " ", bg=theme.scale_colour(step / (_SCALE - 1)))
    end = canvas.right(end - 1, rect.y, "0", TEXT)
    order = f"largest of {len(rates.dims)} at the top"
    if column + len(order) + 1 < end:
        canvas.text(column, rect.y, order, DIM)


@lru_cache(maxsize=8)
def _rows(rates: Rates, frame: EpochAxis, in_letters: bool) -> list[Row]:
    """Draw the heat map without the cursor's line; cached, so that a step of the cursor is fast."""
    pixels = rates.pixels([frame.epoch(frame.x + column) for column in range(frame.width)], frame.height)
    if in_letters:
        steps = np.rint(np.nan_to_num(pixels[::2]).clip(0, 1) * (len(_DENSITY) - 1)).astype(int)
        rows = [[Span("".join(_DENSITY[step] for step in row), TEXT, None)] for row in steps.tolist()]
    else:
        rows = half_blocks(pixels, colours=theme.scale_colours)
    missing = np.isnan(pixels[::2]) & np.isnan(pixels[1::2])
    return list(map(_blanked, rows, missing.tolist()))


def _blanked(row: Row, is_missing: Sequence[bool]) -> Row:
    """Return `row` with spaces over the cells that have no value."""
    column = 0
    for missing, cells in groupby(is_missing):
        count = len(list(cells))
        if missing:
            row = overlay(row, column, Span(" " * count, None, None))
        column += count
    return row
