"""A path between two digits as a picture: its ends, the digit at the step, a slider, all its frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vaetui.tui.canvas import Canvas
from vaetui.tui.look import ACCENT, BRIGHT, DIM, LINE, TEXT
from vaetui.tui.scene import Floats
from vaetui.tui.subject import Subject
from vaetui.tui.widgets.digit import DOUBLE, FULL, THUMB, columns, digit

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Path:
    """What there is to paint.

    `ends` (2, 784) are the test images, `names` what they are called, `frames` (steps, 784) what the points
    between their codes decode to, `facts` name and value of what is told about the step of `subject`.
    """

    ends: Floats
    names: tuple[tuple[str, str], tuple[str, str]]
    frames: Floats
    subject: Subject
    facts: Facts


def paint(canvas: Canvas, path: Path) -> None:
    """Lay out what there is room for; clicks run the actions of the view around it."""
    is_large = canvas.width >= 2 * FULL[0] + DOUBLE[0] + 4 and canvas.height >= DOUBLE[1] + 3
    y = (_paint_large if is_large else _paint_small)(canvas, path)
    _paint_frames(canvas, y, path)


def _paint_large(canvas: Canvas, path: Path) -> int:
    """Both ends in full size beside a double-size digit; returns the row below."""
    apart = (canvas.width - 2 * FULL[0] - DOUBLE[0]) // 4
    middle = 2 * apart + FULL[0]
    _paint_end(canvas, path, 0, apart, 0, FULL)
    _paint_end(canvas, path, 1, middle + DOUBLE[0] + apart, 0, FULL)
    digit(canvas, middle, 0, path.frames[path.subject.step], DOUBLE)
    for y, (name, value) in enumerate(path.facts, FULL[1] + 4):
        canvas.text(apart, y, name, DIM)
        canvas.text(apart + 14, y, value, TEXT)
    _paint_slider(canvas, DOUBLE[1], path.subject)
    return DOUBLE[1] + 1


def _paint_small(canvas: Canvas, path: Path) -> int:
    """A full-size digit between thumbnails of the ends; returns the row below."""
    spare = canvas.height - FULL[1] - 3
    top = 1 if spare > 1 else 0
    middle = (canvas.width - FULL[0]) // 2
    digit(canvas, middle, top, path.frames[path.subject.step], FULL)
    if middle >= THUMB[0]:
        gap = (middle - THUMB[0]) // 2
        _paint_end(canvas, path, 0, gap, top + 3, THUMB)
        _paint_end(canvas, path, 1, middle + FULL[0] + gap, top + 3, THUMB)
    y = top + FULL[1] + (1 if spare > 0 else 0)
    _paint_slider(canvas, y, path.subject)
    column, y = 1, y + 1
    for name, value in path.facts:
        if column > 1 and column + len(name) + 1 + len(value) >= canvas.width:
            column, y = 1, y + 1
        column = canvas.text(column, y, name, DIM) + 1
        column = canvas.text(column, y, value, TEXT) + 2
    return y + 1


def _paint_end(canvas: Canvas, path: Path, end: int, x: int, y: int, size: tuple[int, int]) -> None:
    letter, (label, image) = "AB"[end], path.names[end]
    digit(canvas, x, y, path.ends[end], size)
    canvas.centred(x, size[0], y + size[1], f"{letter}  {label}", BRIGHT, bold=True)
    canvas.centred(x, size[0], y + size[1] + 1, image, DIM)
    canvas.click(x, y, *size, f"next_class('{letter.lower()}')")


def _paint_slider(canvas: Canvas, y: int, subject: Subject) -> None:
    """The way from A to B as a line, a mark at the step; a click goes there."""
    start, length = 3, canvas.width - 6
    canvas.text(1, y, "A", TEXT)
    canvas.text(start + length + 1, y, "B", TEXT)
    place = round(subject.step / (subject.steps - 1) * (length - 1))
    canvas.text(start, y, "━" * place, ACCENT)
    canvas.text(start + place, y, "●", BRIGHT, bold=True)
    canvas.text(start + place + 1, y, "─" * (length - 1 - place), LINE)
    for column in range(length):
        step = round(column / (length - 1) * (subject.steps - 1))
        canvas.click(start + column, y, 1, 1, f"at({step})")


def _paint_frames(canvas: Canvas, y: int, path: Path) -> None:
    """The frames in rows of thumbnails, spread evenly over the path where there are more than fit."""
    across, pitch, left = columns(canvas.width)
    subject, room = path.subject, (canvas.height - y) // (THUMB[1] + 1) * across
    if room < 2:
        return
    spread = np.linspace(0, subject.steps - 1, min(room, subject.steps)).round().astype(int)
    nearest = int(np.abs(spread - subject.step).argmin())
    for place, step in enumerate(spread.tolist()):
        x, top = left + place % across * pitch, y + place // across * (THUMB[1] + 1)
        digit(canvas, x, top, path.frames[step])
        is_here = place == nearest
        label = f"› {step + 1} ‹" if is_here else str(step + 1)
        canvas.centred(x, THUMB[0], top + THUMB[1], label, ACCENT if is_here else DIM, bold=is_here)
        canvas.click(x, top, THUMB[0], THUMB[1] + 1, f"at({step})")
