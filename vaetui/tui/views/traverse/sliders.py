"""A slider for each latent dimension, drawn in characters: posterior, present value, a click sets it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby

from vaetui.format import compact, signed
from vaetui.latent.dimensions import RankedDimensions
from vaetui.latent.traversal import MAX_OFFSET, TraversalOffsets
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.theme import ACCENT, BRIGHT, DIM, LINE, TEXT

LONGEST = 61  # columns of a track: a tenth of a standard deviation each
_DIM, _FIGURE, _VALUE = 3, 5, 5  # columns of the labels
LEGEND = "● value  ┃ mean  ━ ±σ"


@dataclass(frozen=True)
class Box:
    """A head and `rows` sliders below it, `pitch` lines apart, `width` columns wide, at the upper left."""

    width: int
    rows: int
    pitch: int = 1


def sliders(canvas: Canvas, box: Box, dims: RankedDimensions, moves: TraversalOffsets) -> None:
    """The sliders around the chosen one; those that do not fit are scrolled to."""
    x, y, width, rows = 0, 0, box.width, box.rows
    start, length = _track(x, width)
    first, chosen = _first(rows, dims, moves), moves.selected_rank(len(dims))
    canvas.right(x + 1 + _DIM, y, "dim", DIM)
    canvas.right(start - 1, y, "nats" if dims.std is not None else "var", DIM)
    canvas.text(start, y, signed(-MAX_OFFSET, 0), DIM)
    canvas.text(start + length // 2, y, "0", DIM)
    canvas.right(start + length, y, signed(MAX_OFFSET, 0), DIM)
    canvas.right(start + length + 1 + _VALUE, y, "σ", DIM)
    shown = range(first, min(first + rows, len(dims)))
    for place, rank in enumerate(shown):
        line = y + 1 + box.pitch // 2 + place * box.pitch
        more = {first: "↑" if first else " ", shown[-1]: "↓" if shown[-1] < len(dims) - 1 else " "}
        canvas.text(x, line, "›" if rank == chosen else more.get(rank, " "), ACCENT, bold=True)
        _labels(canvas, x, line, width, dims, moves, rank)
        _slider(canvas, start, line, length, dims, moves, rank)


def _track(x: int, width: int) -> tuple[int, int]:
    """Column where the tracks start and their length, which is odd, so that 0 has a column."""
    length = min(width - 1 - _DIM - _FIGURE - 1 - 1 - _VALUE, LONGEST)
    return x + 1 + _DIM + _FIGURE + 1, length - (length + 1) % 2


def _first(rows: int, dims: RankedDimensions, moves: TraversalOffsets) -> int:
    middle = moves.selected_rank(len(dims)) - rows // 2
    return max(min(middle, len(dims) - rows), 0)


def _place(value: float, length: int) -> int:
    """The column of `value` on a track; what is further out lies at its end."""
    within = min(max(value, -MAX_OFFSET), MAX_OFFSET) if math.isfinite(value) else 0.0
    return round((within + MAX_OFFSET) / (2 * MAX_OFFSET) * (length - 1))


def _labels(
    canvas: Canvas, x: int, y: int, width: int, dims: RankedDimensions, moves: TraversalOffsets, rank: int
) -> None:
    start, length = _track(x, width)
    is_chosen = rank == moves.selected_rank(len(dims))
    colour = DIM if dims.is_dead[rank] else BRIGHT if is_chosen else TEXT
    canvas.right(x + 1 + _DIM, y, dims.name(rank, _DIM), colour, bold=is_chosen)
    known = "–" if dims.score is None else compact(float(dims.score[rank]))
    canvas.right(start - 1, y, known, colour)
    value = "off" if rank in moves.off else signed(moves.value(rank, float(dims.mean[rank])), width=4)
    canvas.right(start + length + 1 + _VALUE, y, value, colour, bold=is_chosen)
    canvas.click(x, y, start - x, 1, f"pick({rank})")
    canvas.click(start + length, y, 1 + _VALUE, 1, f"pick({rank})")


def _slider(
    canvas: Canvas, x: int, y: int, length: int, dims: RankedDimensions, moves: TraversalOffsets, rank: int
) -> None:
    own = float(dims.mean[rank])
    value, is_off = moves.value(rank, own), rank in moves.off
    is_dead = bool(dims.is_dead[rank])
    mean, here = _place(own, length), _place(value, length)
    ink = LINE if is_dead else DIM
    inks = dict.fromkeys(range(length), ("─·"[is_dead], LINE)) | {length // 2: ("┼", LINE)}
    if dims.std is not None:
        reach = float(dims.std[rank])
        inks |= dict.fromkeys(range(_place(own - reach, length), _place(own + reach, length) + 1), ("━", ink))
    inks[mean] = ("┃", DIM if is_dead else TEXT)
    beyond = "›" if value > MAX_OFFSET else "‹" if value < -MAX_OFFSET else ""
    knob = beyond or ("○" if is_off else "●")
    is_moved = is_off or value != own
    inks[here] = (knob, DIM if is_dead else ACCENT if is_moved else BRIGHT)
    column = x
    for (character, colour), alike in groupby(inks[place] for place in range(length)):
        column = canvas.text(column, y, character * len(list(alike)), colour)
    for column in range(length):
        at = (column / (length - 1) * 2 - 1) * MAX_OFFSET
        canvas.click(x + column, y, 1, 1, f"put({rank}, {at:.4f})")
