"""A walk as a picture: the digit at the step between two stops, slider, curves, map, and all frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Floats
from vaetui.latent import decoded_path
from vaetui.latent.decoded_path import DecodedPath
from vaetui.latent.interpolation import Interpolation
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.theme import ACCENT, BRIGHT, DIM, TEXT
from vaetui.tui.views.interpolate import slider
from vaetui.tui.views.interpolate.slider import Line
from vaetui.tui.widgets.digit import DOUBLE, FULL, THUMB, columns, digit

_BLOCK = FULL[0] + 2 * THUMB[0]  # columns of a full-size digit between two thumbnails
_LARGE = (150, 40)  # columns and rows from which on everything is seen in full size
_FRAME = THUMB[1] + 1  # rows of a frame with its number


@dataclass(frozen=True)
class Box:
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Layout:
    """Where everything is: `digit` with its size, both stops of the leg, the map, the rows of the rest.

    `stops` are empty and `map` is None where there is no room for them or the other is wanted; `words` is the
    row of the sentence on the leg, None without room.
    """

    digit: Box
    stops: tuple[Box, ...]
    map: Box | None
    table: int
    curve: int
    words: int | None
    frames: int


def has_both(width: int) -> bool:
    """Whether there is room for the map beside the digit."""
    return width >= _BLOCK + 38


def layout(width: int, height: int, sees_map: bool) -> Layout:
    """What there is room for; `sees_map` where a small view shows the map instead of the large digit."""
    return (
        _large(width, height)
        if width >= _LARGE[0] and height >= _LARGE[1]
        else _small(width, height, sees_map)
    )


def _large(width: int, height: int) -> Layout:
    """Both stops one over the other, a double-size digit, the map; curves of three rows where they fit."""
    block = 2 * (FULL[1] + 1)
    middle = FULL[0] + 3
    right = middle + DOUBLE[0] + 2
    curve = 3 if height >= block + 8 + _FRAME else 1
    stops = (Box(1, 0, *FULL), Box(1, FULL[1] + 1, *FULL))
    shown = Box(middle, 0, *DOUBLE)
    table = block
    below = table + 1 + 2 * curve
    return Layout(shown, stops, Box(right, 0, width - right - 1, block), table, curve, DOUBLE[1], below)


def _small(width: int, height: int, sees_map: bool) -> Layout:
    """A full-size digit between thumbnails, or the map beside a thumbnail; both where it is wide."""
    lines = 4 if height >= FULL[1] + 4 else 3
    spare = height - FULL[1] - lines
    is_wide = has_both(width)
    block = FULL[1] + (spare % _FRAME if spare >= _FRAME else min(spare, 2))
    if is_wide and spare >= _FRAME:
        block = min(height - lines - _FRAME, 26)
    elif is_wide:
        block = height - lines
    table, top = block, (block - FULL[1]) // 2
    words = table + 3 if lines > 3 else None
    below = table + lines
    if sees_map and not is_wide:
        side = width - THUMB[0] - 1
        return Layout(Box(side, 1, *THUMB), (), Box(0, 0, side - 1, block), table, 1, words, below)
    room = _BLOCK if is_wide else width
    middle = (room - FULL[0]) // 2
    gap = (middle - THUMB[0]) // 2
    thumbs = tuple(Box(x, top + 3, *THUMB) for x in (gap, middle + FULL[0] + gap)) if gap >= 0 else ()
    trail = Box(_BLOCK + 1, 0, width - _BLOCK - 2, block) if is_wide else None
    return Layout(Box(middle, top, *FULL), thumbs, trail, table, 1, words, below)


@dataclass(frozen=True, eq=False)
class Path:
    """What there is to paint: the walk, and as one model sees it; class and origin of each stop; figures.

    `lines` are those of the step, of log p(z) and of the nearest code.
    """

    walk: Interpolation
    way: DecodedPath
    names: tuple[tuple[str, str], ...]
    lines: tuple[Line, Line, Line]

    @property
    def words(self) -> tuple[str, ...]:
        """The leg, and how the walk is made, the most important first."""
        walk = self.walk
        (here, _), (there, _) = self.names[walk.segment], self.names[walk.segment + 1]
        leg = f"leg {walk.segment + 1} of {walk.segments}: {here}→{there}"
        return leg, walk.method, f"{walk.steps_per_segment} steps a leg", f"epoch {self.way.vae.epoch}"


def paint(canvas: Canvas, plan: Layout, path: Path) -> None:
    """Everything but the map; clicks run the actions of the view around it."""
    shown, walk = plan.digit, path.walk
    digit(canvas, shown.x, shown.y, _frames(path, (walk.step,))[0], (shown.width, shown.height))
    for box, stop in zip(plan.stops, (walk.segment, walk.segment + 1), strict=False):
        _paint_stop(canvas, path, stop, box)
    if not plan.stops:
        canvas.centred(shown.x, shown.width, shown.y + shown.height, f"step {walk.step + 1}", TEXT)
    labels = tuple(label for label, _ in path.names)
    slider.paint(canvas, plan.table, walk, labels, path.lines[0])
    for place, line in enumerate(path.lines[1:]):
        slider.curve(canvas, plan.table + 1 + place * plan.curve, plan.curve, walk, line)
    if plan.words is not None:
        _paint_words(canvas, plan, path.words)
    _paint_frames(canvas, plan.frames, path)


def _frames(path: Path, steps: tuple[int, ...]) -> Floats:
    return decoded_path.decode_steps(path.way, steps)


def _paint_words(canvas: Canvas, plan: Layout, words: tuple[str, ...]) -> None:
    """The sentence under a double-size digit, or along the row; the last parts go where there is no room."""
    is_large = plan.digit.width == DOUBLE[0]
    x, width = (plan.digit.x, DOUBLE[0]) if is_large else (1, canvas.width - 2)
    while len("   ".join(words)) > width and len(words) > 1:
        words = words[:-1]
    y = plan.words or 0
    for place, word in enumerate(words):
        x = canvas.text(x, y, word, TEXT if place == 0 else DIM) + 3


def _paint_stop(canvas: Canvas, path: Path, stop: int, box: Box) -> None:
    """A test image with its place on the walk and its class; a click takes the next class."""
    walk, (label, origin) = path.walk, path.names[stop]
    digit(canvas, box.x, box.y, path.way.images[stop], (box.width, box.height))
    place = "A" if stop == 0 else "B" if stop == walk.segments else f"stop {stop + 1}"
    is_chosen = stop == walk.selected_stop
    title = f"{place}: {label}"
    title = f"‹{title}›" if is_chosen else title
    y = box.y + box.height
    canvas.click(box.x, box.y, box.width, box.height, f"class_of({stop}, 1)")
    if box.height == FULL[1]:
        canvas.centred(box.x, box.width, y, f"{title}   {origin}", ACCENT if is_chosen else BRIGHT)
        return
    canvas.centred(box.x, box.width, y, title, ACCENT if is_chosen else BRIGHT, bold=True)
    canvas.centred(box.x, box.width, y + 1, origin, DIM)


def _paint_frames(canvas: Canvas, y: int, path: Path) -> None:
    """The frames in rows of thumbnails, spread evenly over the walk where there are more than fit."""
    across, pitch, left = columns(canvas.width)
    walk, room = path.walk, (canvas.height - y) // _FRAME * across
    if room < 2:
        return
    steps = decoded_path.spread_steps(walk, room)
    nearest = int(np.abs(np.array(steps) - walk.step).argmin())
    for place, (step, pixels) in enumerate(zip(steps, _frames(path, steps), strict=True)):
        x, top = left + place % across * pitch, y + place // across * _FRAME
        digit(canvas, x, top, pixels)
        stop, rest = divmod(step, walk.steps_per_segment)
        label = str(step + 1) if rest else f"{step + 1}: {path.names[stop][0]}"
        if place == nearest:
            canvas.centred(x, THUMB[0], top + THUMB[1], f"› {label} ‹", ACCENT, bold=True)
        else:
            canvas.centred(x, THUMB[0], top + THUMB[1], label, DIM if rest else BRIGHT, bold=not rest)
        canvas.click(x, top, THUMB[0], _FRAME, f"at({step})")
