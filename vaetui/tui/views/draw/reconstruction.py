"""A drawing reconstructed by a model: both images, distortion and rate, code and nearest codes."""

from __future__ import annotations

import numpy as np

from vaetui.format import dimension_name, fixed
from vaetui.latent.reconstructions import ReconstructedDrawing
from vaetui.render.theme import ACCENT, BRIGHT, DIM, LINE, TEXT
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.widgets.images import FULL, THUMB, draw_image

PRIOR_REACH = 3.0  # standard deviations of the prior; a full bar is this or the largest value
CUT = "binarised at 0.5"  # as the test images of binarised models are
NARROWEST = 18  # columns of a dimension's name, bar and value


def panel(
    canvas: Canvas, x: int, found: ReconstructedDrawing, ends: str, rows: int, state: ViewState
) -> None:
    """Paint both images from column `x` on, values and nearest codes under or beside them, in `rows` rows."""
    width = canvas.width - x
    size = FULL if width >= 2 * FULL[0] + 2 and rows > FULL[1] + THUMB[1] + 4 else THUMB
    if width < 2 * size[0]:
        return
    second = x + size[0] + (2 if width >= 2 * size[0] + 3 else 0)
    is_wide = size == FULL
    marks = ["centred"] * state.selection.is_centred + ["binarised"] * (_is_cut(state) and is_wide)
    title = " ".join(["input,", " and ".join(marks)]) if is_wide and marks else "".join(marks[:1]) or "input"
    canvas.centred(x, size[0], 0, title, TEXT)
    canvas.click(x, 0, size[0], size[1] + 1, "centre")
    canvas.centred(second, size[0], 0, "reconstruction", TEXT)
    draw_image(canvas, x, 1, found.input, size)
    draw_image(canvas, second, 1, found.image, size)
    beside = second + size[0] + 2
    if is_wide and canvas.width - beside >= 24:
        _values(canvas, beside, 1, found, ends)
        _nearest(canvas, x, size[1] + 2, found, state.waiting)
    elif is_wide:
        _values(canvas, x, size[1] + 2, found, ends)
        _nearest(canvas, x, size[1] + 6, found, state.waiting, rows - size[1] - 6)
    else:
        _values(canvas, x + 1, size[1] + 1, found, ends, rows - 1)
        _nearest(canvas, x + 1, size[1] + 3, found, state.waiting, rows - size[1] - 4)


def _values(
    canvas: Canvas, x: int, y: int, found: ReconstructedDrawing, ends: str, foot: int | None = None
) -> None:
    """Write distortion and rate, and in row `foot` which ends of the path the drawing is."""
    rate = ("none", "of an AE") if found.rate is None else (f"{found.rate:.1f}", "nats")
    for line, (name, value, unit) in enumerate(
        (("distortion", f"{found.distortion:.1f}", "nats"), ("rate", *rate)), y
    ):
        column = canvas.text(x, line, f"{name:<11}", DIM)
        column = canvas.text(column, line, value, BRIGHT, bold=True)
        canvas.text(column + 1, line, unit, DIM)
    foot = y + 3 if foot is None else foot
    column = canvas.text(x, foot, "use as end ", DIM)
    for letter in "AB":
        canvas.click(column, foot, 2, 1, f"end('{letter.lower()}')")
        column = canvas.text(column, foot, letter, ACCENT if letter in ends else TEXT, bold=True) + 1
    if ends:
        canvas.text(column, foot, f"now {ends}", ACCENT)


def _nearest(
    canvas: Canvas, x: int, y: int, found: ReconstructedDrawing, waiting: str, lines: int | None = None
) -> None:
    """Paint the test images with the nearest codes side by side, or list them in `lines` lines."""
    if lines is not None and lines < 2:
        return
    canvas.text(x, y, "nearest test codes", TEXT)
    if found.near is None:
        canvas.text(x, y + 1, fit(waiting, canvas.width - x - 1), DIM)
        return
    if lines is not None:
        for line, near in enumerate(found.near[: lines - 1], y + 1):
            column = canvas.text(x, line, f"class {near.label}", BRIGHT, bold=True)
            canvas.text(column + 2, line, f"distance {near.distance:.2f}", DIM)
        return
    for place, near in enumerate(found.near[: (canvas.width - x + 1) // (THUMB[0] + 1)]):
        left, foot = x + place * (THUMB[0] + 1), y + 1
        if near.pixels is not None:
            draw_image(canvas, left, foot, near.pixels)
            foot += THUMB[1]
        canvas.centred(left, THUMB[0], foot, f"class {near.label}", BRIGHT, bold=True)
        canvas.centred(left, THUMB[0], foot + 1, f"distance {near.distance:.2f}", DIM)


def _is_cut(state: ViewState) -> bool:
    return state.shown is not None and state.shown.is_binarised


def code(canvas: Canvas, y: int, found: ReconstructedDrawing, state: ViewState) -> None:
    """Paint the code from row `y` on: a bar each way from 0, the largest where not all fit."""
    rows, size = canvas.height - y - 1, len(found.mean)
    if rows < 1:
        return
    across = min(max((canvas.width - 1) // NARROWEST, 1), max(-(-size // rows), 1))
    values = np.nan_to_num(found.mean)
    count = min(size, rows * across)
    dims = np.arange(size) if count == size else np.argsort(-np.abs(values), kind="stable")[:count]
    reach = max(PRIOR_REACH, float(np.abs(values).max(initial=0.0)))
    which = f"all {size}" if count == size else f"largest {count} of {size}"
    column = canvas.text(1, y, "code z", BRIGHT, bold=True) + 1
    cut = f"drawing {CUT}, " if _is_cut(state) else ""
    kind = "a point" if found.rate is None else "posterior mean"
    words = f"{cut}{kind}, {which}, full bar {reach:.1f}"
    canvas.text(column, y, fit(words, canvas.width - column - 1), DIM)
    width, per = min((canvas.width - 1) // across, 60), -(-count // across)
    for place, dim in enumerate(dims.tolist()):
        x = 1 + place // per * width
        _bar(canvas, x, y + 1 + place % per, width - 1, dim, float(values[dim]), reach)


def _bar(canvas: Canvas, x: int, y: int, width: int, dim: int, value: float, reach: float) -> None:
    half = (width - 4 - 6) // 2
    length = min(round(abs(value) / reach * half), half)
    middle = x + 4 + half
    name = dimension_name(dim + 1)
    canvas.right(x + 3, y, name if len(name) <= 3 else str(dim + 1), DIM)
    bar = canvas.text(middle if value > 0 else middle - length, y, "━" * length, ACCENT)
    if not (value > 0 and length):
        canvas.text(bar, y, "│", LINE)
    canvas.right(x + width, y, fixed(value)[:5], TEXT)


def manual(canvas: Canvas, x: int) -> None:
    """List what the keys do with an empty field, from column `x` on."""
    if canvas.terminal.has_mouse:
        canvas.text(x, 2, "left button    draws", DIM)
        canvas.text(x, 3, "right button   erases", DIM)
    keys = {
        "space": "pen down, or up",
        "e": "erase, or draw",
        "< >": "pen width, one of 3",
        "a b": "endpoint A or B",
        "w": "centring on, off",
    }
    for y, (key, what) in enumerate(keys.items(), 5):
        canvas.text(x, y, key, ACCENT)
        canvas.text(x + 7, y, what, DIM)
