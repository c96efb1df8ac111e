"""An interpolation as a picture: the image at the step between two stops, slider, metrics, and all frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vaetui.latent import decoded_path
from vaetui.latent.decoded_path import DecodedPath
from vaetui.latent.interpolation import Interpolation
from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.views.interpolate import slider
from vaetui.tui.views.interpolate.slider import SliderRow
from vaetui.tui.widgets.images import DOUBLE, FULL, THUMB, columns, draw_image
from vaetui.tui.widgets.layout import Rect

_BLOCK = FULL[0] + 2 * THUMB[0]  # columns of a full-size image between two thumbnails
_LARGE = (150, 40)  # columns and rows from which on everything is seen in full size
_FRAME = THUMB[1] + 1  # rows of a frame with its number


@dataclass(frozen=True)
class Layout:
    """Where everything is: the image, both stops of the segment, the map, the first rows of the rest.

    `stops` are empty and `map` is None where there is no room for them; so is `words`, the row of the
    sentence on the segment. A metric takes `curve` rows.
    """

    image: Rect
    stops: tuple[Rect, ...]
    map: Rect | None
    slider: int
    curve: int
    words: int | None
    frames: int


def has_both(width: int) -> bool:
    """Return whether there is room for the map beside the image."""
    return width >= _BLOCK + 38


def layout(width: int, height: int, shows_map: bool) -> Layout:
    """Lay out a view; with `shows_map` a small one has the map instead of the large image."""
    if width >= _LARGE[0] and height >= _LARGE[1]:
        return _large(width, height)
    return _small(width, height, shows_map)


def _large(width: int, height: int) -> Layout:
    """Lay out both stops one over the other, a double-size image, the map."""
    block = 2 * (FULL[1] + 1)
    middle = FULL[0] + 3
    right = middle + DOUBLE[0] + 2
    curve = 3 if height >= block + 8 + _FRAME else 1
    stops = (Rect(1, 0, *FULL), Rect(1, FULL[1] + 1, *FULL))
    map_rect = Rect(right, 0, width - right - 1, block)
    below = block + 1 + 2 * curve
    return Layout(Rect(middle, 0, *DOUBLE), stops, map_rect, block, curve, DOUBLE[1], below)


def _small(width: int, height: int, shows_map: bool) -> Layout:
    """Lay out a full-size image between thumbnails, or the map beside a thumbnail; both where it is wide."""
    lines = 4 if height >= FULL[1] + 4 else 3
    spare = height - FULL[1] - lines
    is_wide = has_both(width)
    block = FULL[1] + (spare % _FRAME if spare >= _FRAME else min(spare, 2))
    if is_wide:
        block = min(height - lines - _FRAME, 26) if spare >= _FRAME else height - lines
    rows = (block, 1, block + 3 if lines > 3 else None, block + lines)
    if shows_map and not is_wide:
        side = width - THUMB[0] - 1
        return Layout(Rect(side, 1, *THUMB), (), Rect(0, 0, side - 1, block), *rows)
    middle, top = ((_BLOCK if is_wide else width) - FULL[0]) // 2, (block - FULL[1]) // 2
    gap = (middle - THUMB[0]) // 2
    thumbs = tuple(Rect(x, top + 3, *THUMB) for x in (gap, middle + FULL[0] + gap)) if gap >= 0 else ()
    map_rect = Rect(_BLOCK + 1, 0, width - _BLOCK - 2, block) if is_wide else None
    return Layout(Rect(middle, top, *FULL), thumbs, map_rect, *rows)


@dataclass(frozen=True, eq=False)
class ShownPath:
    """What to paint: the path of one model; class and origin of each stop; slider, log p(z), nearest code."""

    interpolation: Interpolation
    path: DecodedPath
    names: tuple[tuple[str, str], ...]
    rows: tuple[SliderRow, SliderRow, SliderRow]


def paint(canvas: Canvas, plan: Layout, shown: ShownPath) -> None:
    """Paint everything but the map; clicks run the actions of the view."""
    image, interpolation, path = plan.image, shown.interpolation, shown.path
    size = image.width, image.height
    draw_image(canvas, image.x, image.y, decoded_path.decode_steps(path, (interpolation.step,))[0], size)
    for rect, stop in zip(plan.stops, (interpolation.segment, interpolation.segment + 1), strict=False):
        _paint_stop(canvas, shown, stop, rect)
    if not plan.stops:
        canvas.centred(image.x, image.width, image.y + image.height, f"step {interpolation.step + 1}", TEXT)
    labels, _ = zip(*shown.names, strict=True)
    slider.paint(canvas, plan.slider, interpolation, labels, shown.rows[0])
    for place, row in enumerate(shown.rows[1:]):
        slider.paint_metric(canvas, plan.slider + 1 + place * plan.curve, plan.curve, interpolation, row)
    if plan.words is not None:
        _paint_words(canvas, plan, plan.words, shown)
    _paint_frames(canvas, plan.frames, shown)


def _paint_words(canvas: Canvas, plan: Layout, y: int, shown: ShownPath) -> None:
    """Name the segment and the method, under a double-size image or along the row, as far as they fit."""
    interpolation, names = shown.interpolation, shown.names
    ends = f"{names[interpolation.segment][0]}→{names[interpolation.segment + 1][0]}"
    segment = f"segment {interpolation.segment + 1} of {interpolation.segments}: {ends}"
    vae, steps = shown.path.vae, f"{interpolation.steps_per_segment} steps each"
    words = [segment, interpolation.method, steps]
    words.insert(1 if vae.step else len(words), vae.position_text)
    x, width = (plan.image.x, DOUBLE[0]) if plan.image.width == DOUBLE[0] else (1, canvas.width - 2)
    while len("   ".join(words)) > width and len(words) > 1:
        words.pop()
    for word in words:
        x = canvas.text(x, y, word, TEXT if word is segment else DIM) + 3


def _paint_stop(canvas: Canvas, shown: ShownPath, stop: int, rect: Rect) -> None:
    """Paint a test image with its place on the path and its class; a click takes the next class."""
    interpolation, (label, origin) = shown.interpolation, shown.names[stop]
    draw_image(canvas, rect.x, rect.y, shown.path.images[stop], (rect.width, rect.height))
    canvas.click(rect.x, rect.y, rect.width, rect.height, f"class_of({stop}, 1)")
    place = "A" if stop == 0 else "B" if stop == interpolation.segments else f"stop {stop + 1}"
    is_chosen, y = stop == interpolation.selected_stop, rect.y + rect.height
    title, colour = (f"‹{place}: {label}›", ACCENT) if is_chosen else (f"{place}: {label}", BRIGHT)
    if rect.height == FULL[1]:
        canvas.centred(rect.x, rect.width, y, f"{title}   {origin}", colour)
        return
    canvas.centred(rect.x, rect.width, y, title, colour, bold=True)
    canvas.centred(rect.x, rect.width, y + 1, origin, DIM)


def _paint_frames(canvas: Canvas, y: int, shown: ShownPath) -> None:
    """Paint the frames in rows of thumbnails, spread evenly over the path where there are more than fit."""
    across, pitch, left = columns(canvas.width)
    interpolation, room = shown.interpolation, (canvas.height - y) // _FRAME * across
    if room < 2:
        return
    steps = decoded_path.spread_steps(interpolation, room)
    nearest = int(np.abs(np.array(steps) - interpolation.step).argmin())
    for place, (step, pixels) in enumerate(
        zip(steps, decoded_path.decode_steps(shown.path, steps), strict=True)
    ):
        x, top = left + place % across * pitch, y + place // across * _FRAME
        draw_image(canvas, x, top, pixels)
        stop, rest = divmod(step, interpolation.steps_per_segment)
        label = str(step + 1) if rest else f"{step + 1}: {shown.names[stop][0]}"
        if place == nearest:
            canvas.centred(x, THUMB[0], top + THUMB[1], f"› {label} ‹", ACCENT, bold=True)
        else:
            canvas.centred(x, THUMB[0], top + THUMB[1], label, DIM if rest else BRIGHT, bold=not rest)
        canvas.click(x, top, THUMB[0], _FRAME, f"at({step})")
