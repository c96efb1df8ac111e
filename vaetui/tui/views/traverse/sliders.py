"""A slider for each latent dimension: posterior and value; a click sets it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby

from vaetui.format import compact, signed
from vaetui.latent.dimensions import RankedDimensions
from vaetui.latent.traversal import MAX_OFFSET, TraversalOffsets
from vaetui.render.theme import ACCENT, BRIGHT, DIM, LINE, TEXT
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets.layout import first_shown

LONGEST = 61  # columns of a track: a tenth of a standard deviation each
_DIM, _FIGURE, _VALUE = 3, 5, 5  # columns of the labels
_TRACK = 1 + _DIM + _FIGURE + 1  # column where the tracks start
LEGEND = "● value  ┃ mean  ━ ±σ"


@dataclass(frozen=True)
class SliderLayout:
    """A header and `rows` sliders below it, `pitch` lines apart, `width` columns wide, at the upper left."""

    width: int
    rows: int
    pitch: int = 1


def sliders(
    canvas: Canvas, plan: SliderLayout, dims: RankedDimensions, moves: TraversalOffsets, score: str
) -> None:
    """Paint the sliders around the chosen one; those that do not fit are scrolled to.

    `score` is the heading of what the dimensions are sorted by, at most 8 columns wide.
    """
    # Tracks are of odd length, so that 0 has a column.
    length = min(plan.width - _TRACK - 1 - _VALUE, LONGEST)
    length -= (length + 1) % 2
    end, chosen = _TRACK + length, moves.selected_rank(len(dims))
    first = first_shown(chosen, plan.rows, len(dims))
    canvas.right(_TRACK - 1, 0, score, DIM)
    canvas.text(_TRACK, 0, signed(-MAX_OFFSET, 0), DIM)
    canvas.text(_TRACK + length // 2, 0, "0", DIM)
    canvas.right(end, 0, signed(MAX_OFFSET, 0), DIM)
    canvas.right(end + 1 + _VALUE, 0, "σ", DIM)
    shown = range(first, min(first + plan.rows, len(dims)))
    for place, rank in enumerate(shown):
        y = 1 + plan.pitch // 2 + place * plan.pitch
        more = {first: "↑" if first else " ", shown[-1]: "↓" if shown[-1] < len(dims) - 1 else " "}
        canvas.text(0, y, "›" if rank == chosen else more.get(rank, " "), ACCENT, bold=True)
        _labels(canvas, y, end, dims, moves, rank)
        _slider(canvas, _TRACK, y, length, dims, moves, rank)


def _place(value: float, length: int) -> int:
    """Return the column of `value` on a track; what is further out lies at its end."""
    within = min(max(value, -MAX_OFFSET), MAX_OFFSET) if math.isfinite(value) else 0.0
    return round((within + MAX_OFFSET) / (2 * MAX_OFFSET) * (length - 1))


def _labels(
    canvas: Canvas, y: int, end: int, dims: RankedDimensions, moves: TraversalOffsets, rank: int
) -> None:
    """Write name, KL or variance, and value on both sides of a track that ends before column `end`."""
    is_chosen = rank == moves.selected_rank(len(dims))
    colour = DIM if dims.is_dead[rank] else BRIGHT if is_chosen else TEXT
    canvas.right(1 + _DIM, y, dims.name(rank, _DIM), colour, bold=is_chosen)
    known = "–" if dims.score is None else compact(float(dims.score[rank]))
    canvas.right(_TRACK - 1, y, known, colour)
    value = "off" if rank in moves.off else signed(moves.value(rank, float(dims.mean[rank])), width=4)
    canvas.right(end + 1 + _VALUE, y, value, colour, bold=is_chosen)
    canvas.click(0, y, _TRACK, 1, f"pick({rank})")
    canvas.click(end, y, 1 + _VALUE, 1, f"pick({rank})")


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
