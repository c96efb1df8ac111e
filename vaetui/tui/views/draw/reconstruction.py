"""What a model takes a drawing for: what it sees and makes of it, its cost, its code and those near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Floats
from vaetui.format import fixed
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.theme import ACCENT, BRIGHT, DIM, LINE, TEXT
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.widgets.digit import FULL, THUMB, digit

MOST_NEAR = 7
PRIOR_REACH = 3.0  # standard deviations of the prior, the least that a whole bar stands for
CUT = "cut at one half"  # as the images are that binarised models are judged on
NARROWEST = 18  # columns of a dimension's name, bar and figure


@dataclass(frozen=True, eq=False)
class Near:
    """A test digit whose code is near: its class, distance, and pixels `(784,)` where they are known."""

    label: int
    distance: float
    pixels: Floats | None


@dataclass(frozen=True, eq=False)
class Taken:
    """`seen` and `made` `(784,)`, nats (`rate` is None for an AE), the code's `mean` `(latent,)`.

    `near` is None while the codes of the test images are not here.
    """

    seen: Floats
    made: Floats
    distortion: float
    rate: float | None
    mean: Floats
    near: tuple[Near, ...] | None
    epoch: int


def panel(canvas: Canvas, x: int, taken: Taken, ends: str, rows: int, state: ViewState) -> None:
    """Pictures from column `x` on, figures and what is near under or beside them, in `rows` rows."""
    width = canvas.width - x
    size = FULL if width >= 2 * FULL[0] + 2 and rows > FULL[1] + THUMB[1] + 4 else THUMB
    if width < 2 * size[0]:
        return
    gap = 2 if width >= 2 * size[0] + 3 else 0
    second = x + size[0] + gap
    seen = "sees centred" if state.selection.is_centred else "sees as is"
    canvas.centred(x, size[0], 0, f"{seen}, {CUT}" if _is_cut(state) and size == FULL else seen, TEXT)
    canvas.click(x, 0, size[0], size[1] + 1, "centre")
    canvas.centred(second, size[0], 0, "reconstructs", TEXT)
    digit(canvas, x, 1, taken.seen, size)
    digit(canvas, second, 1, taken.made, size)
    is_wide = size == FULL
    beside = second + size[0] + 2
    if is_wide and canvas.width - beside >= 24:
        _figures(canvas, beside, 1, taken, ends)
        _pictures(canvas, x, size[1] + 2, taken, state.waiting)
    elif is_wide:
        _figures(canvas, x, size[1] + 2, taken, ends)
        _list(canvas, x, size[1] + 6, taken, rows - size[1] - 6, state.waiting)
    else:
        _figures(canvas, x + 1, size[1] + 1, taken, ends, rows - 1)
        _list(canvas, x + 1, size[1] + 3, taken, rows - size[1] - 4, state.waiting)


def _figures(canvas: Canvas, x: int, y: int, taken: Taken, ends: str, foot: int | None = None) -> None:
    def line(y: int, name: str, value: str, unit: str) -> None:
        column = canvas.text(x, y, f"{name:<11}", DIM)
        column = canvas.text(column, y, value, BRIGHT, bold=True)
        canvas.text(column + 1, y, unit, DIM)

    line(y, "distortion", f"{taken.distortion:.1f}", "nats")
    line(y + 1, "rate", *(("none", "it is an AE") if taken.rate is None else (f"{taken.rate:.1f}", "nats")))
    foot = y + 3 if foot is None else foot
    column = canvas.text(x, foot, "use as end ", DIM)
    for letter in "AB":
        is_used = letter in ends
        canvas.click(column, foot, 2, 1, f"end('{letter.lower()}')")
        column = canvas.text(column, foot, letter, ACCENT if is_used else TEXT, bold=True) + 1
    if ends:
        canvas.text(column, foot, f"it is {ends}", ACCENT)


def _title(canvas: Canvas, x: int, y: int, taken: Taken, waiting: str) -> bool:
    column = canvas.text(x, y, "nearest test codes", TEXT)
    if taken.near is None:
        canvas.text(x, y + 1, fit(waiting, canvas.width - x - 1), DIM)
        return False
    canvas.text(column + 1, y, "by class", DIM)
    return bool(taken.near)


def _pictures(canvas: Canvas, x: int, y: int, taken: Taken, waiting: str) -> None:
    if not _title(canvas, x, y, taken, waiting):
        return
    fits = (canvas.width - x + 1) // (THUMB[0] + 1)
    for place, near in enumerate((taken.near or ())[:fits]):
        left = x + place * (THUMB[0] + 1)
        if near.pixels is not None:
            digit(canvas, left, y + 1, near.pixels)
        foot = y + 1 + (THUMB[1] if near.pixels is not None else 0)
        canvas.centred(left, THUMB[0], foot, f"a {near.label}", BRIGHT, bold=True)
        canvas.centred(left, THUMB[0], foot + 1, f"{near.distance:.2f} away", DIM)


def _list(canvas: Canvas, x: int, y: int, taken: Taken, lines: int, waiting: str) -> None:
    if lines < 2 or not _title(canvas, x, y, taken, waiting):
        return
    for line, near in enumerate((taken.near or ())[: lines - 1], y + 1):
        column = canvas.text(x, line, f"a {near.label}", BRIGHT, bold=True)
        canvas.text(column + 2, line, f"{near.distance:.2f} away", DIM)


def _is_cut(state: ViewState) -> bool:
    return state.shown is not None and state.shown.is_binarised


def code(canvas: Canvas, y: int, taken: Taken, state: ViewState) -> None:
    """The code from row `y` on: a bar each way from 0, the largest where not all fit."""
    mean, kind = taken.mean, "a point" if taken.rate is None else "posterior mean"
    rows = canvas.height - y - 1
    if rows < 1:
        return
    most = max((canvas.width - 1) // NARROWEST, 1)
    across = min(most, max(-(-len(mean) // rows), 1))
    values = np.nan_to_num(mean)
    count = min(len(mean), rows * across)
    shown = np.arange(len(mean)) if count == len(mean) else np.argsort(-np.abs(values), kind="stable")[:count]
    reach = max(PRIOR_REACH, float(np.abs(values).max(initial=0.0)))
    which = f"all {len(mean)}" if count == len(mean) else f"the {count} largest of {len(mean)}"
    column = canvas.text(1, y, "code z", BRIGHT, bold=True) + 1
    cut = f"drawing {CUT}, " if _is_cut(state) else ""
    words = f"{cut}{kind}, {which} dims, bars reach to {reach:.1f}"
    canvas.text(column, y, fit(words, canvas.width - column - 1), DIM)
    width = min((canvas.width - 1) // across, 60)
    per = -(-count // across)
    for place, dim in enumerate(shown.tolist()):
        _bar(canvas, 1 + place // per * width, y + 1 + place % per, width - 1, dim, float(values[dim]), reach)


def _bar(canvas: Canvas, x: int, y: int, width: int, dim: int, value: float, reach: float) -> None:
    half = (width - 4 - 6) // 2
    length = min(round(abs(value) / reach * half), half)
    middle = x + 4 + half
    number = str(dim + 1)
    canvas.right(x + 3, y, f"z{number}" if len(number) < 3 else number, DIM)
    canvas.text(middle if value > 0 else middle - length, y, "━" * length, ACCENT) if length else None
    canvas.text(middle + (length if value > 0 else 0), y, "│" if not (value > 0 and length) else "", LINE)
    canvas.right(x + width, y, fixed(value)[:5], TEXT)


def manual(canvas: Canvas, x: int) -> None:
    """What can be done with an empty field, from column `x` on."""
    keys = ("space", "e", "p", "a b", "n")
    does = (
        "pen down, or up",
        "erase, or draw",
        "one of three pens",
        "as end of the path",
        "centring on, off",
    )
    if canvas.terminal.has_mouse:
        canvas.text(x, 2, "left button    draws", DIM)
        canvas.text(x, 3, "right button   erases", DIM)
    for y, (key, what) in enumerate(zip(keys, does, strict=True), 5):
        canvas.text(x, y, key, ACCENT)
        canvas.text(x + 7, y, what, DIM)
