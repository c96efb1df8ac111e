"""A changed code as a picture: sliders, the image it decodes to, the original, a dimension's traversal."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Floats
from vaetui.format import fixed, signed
from vaetui.latent.dimensions import RankedDimensions
from vaetui.latent.reconstructions import ChangedCode
from vaetui.latent.traversal import MAX_OFFSET, TraversalOffsets
from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT, difference, ink
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.views.traverse.sliders import SliderLayout, sliders
from vaetui.tui.widgets.images import DOUBLE, FULL, THUMB, draw_image, has_colours_of_difference
from vaetui.tui.widgets.layout import Rect

Size = tuple[int, int]
Place = tuple[int, int]

MINI = (9, 5)
_FEWEST_WORDS = 3  # lines for head of the sliders and two sentences
_STRIPS = (FULL, (18, 9), THUMB, (10, 5), (8, 4))  # sizes of the pictures of a traversal


@dataclass(frozen=True)
class Strip:
    """`count` images of `size`, `pitch` columns apart from (`x`, `y`) on, labels below, a title above."""

    x: int
    y: int
    size: Size
    count: int
    pitch: int
    has_title: bool

    @property
    def values(self) -> Floats:
        """Return their values of the dimension, in standard deviations."""
        return np.linspace(-MAX_OFFSET, MAX_OFFSET, self.count, dtype=np.float32)


@dataclass(frozen=True)
class Layout:
    """Where things go, in columns and rows.

    `others` are the places of original, reconstruction and difference, `notes` the room for text.
    """

    sliders: SliderLayout
    notes: tuple[Rect, ...]
    main: Place
    main_size: Size
    others: tuple[Place, Place, Place]
    other_size: Size
    strip: Strip | None


@dataclass(frozen=True, eq=False)
class ShownCode:
    """What to paint: the image `original` and its changed code, names and words.

    `names` are those of original, reconstruction and difference; `words` are sentences, the most important
    first; `score` is the heading of what the dimensions are sorted by.
    """

    dims: RankedDimensions
    offsets: TraversalOffsets
    original: Floats
    code: ChangedCode
    names: tuple[str, str, str]
    words: tuple[str, ...]
    position: str
    score: str


def layout(width: int, height: int, latent: int) -> Layout:
    """Lay out images beside the sliders, the traversal below."""
    if width >= DOUBLE[0] + FULL[0] + 46 and height >= 3 * FULL[1] + 3:
        return _large(width, height, latent)
    if width >= 2 * FULL[0] + 32 and height >= 2 * FULL[1] + 8:
        return _square(width, height, latent)
    return _compact(width, height, latent)


def _large(width: int, height: int, latent: int) -> Layout:
    """Lay out a double-size image, the others in a column at the right."""
    left, top = width - FULL[0] - DOUBLE[0] - 4, DOUBLE[1] + 2
    edge, pitch = width - FULL[0], FULL[1] + 1
    strip = _strip(0, edge - 2, top, height)
    return Layout(
        _box(left, top - 2, latent),
        (Rect(0, top, edge - 2, 0 if strip is None else strip.y - 1 - top),),
        (left + 1, 0),
        DOUBLE,
        ((edge, 0), (edge, pitch), (edge, 2 * pitch)),
        FULL,
        strip,
    )


def _square(width: int, height: int, latent: int) -> Layout:
    """Lay out four full-size images, two over two."""
    left, pitch = width - 2 * FULL[0] - 2, FULL[1] + 1
    top = 2 * pitch
    first, second = left + 1, width - FULL[0]
    return Layout(
        _box(left, top - 8, latent),
        (Rect(0, top - 6, left, 6),),
        (first, 0),
        FULL,
        ((second, 0), (second, pitch), (first, pitch)),
        FULL,
        _strip(0, width, top, height),
    )


def _compact(width: int, height: int, latent: int) -> Layout:
    """Lay out one full-size image, the others small below the sliders."""
    left = width - FULL[0] - 1
    strip = _strip(0, width, FULL[1], height)
    top = height if strip is None else strip.y - strip.has_title
    size = THUMB if left >= 3 * THUMB[0] + 2 and top >= THUMB[1] + 9 else MINI
    y = top - size[1] - 1
    pitch = size[0] + min((left - 3 * size[0]) // 2, 2)
    rows = min(latent, y - _FEWEST_WORDS)
    others = ((0, y), (pitch, y), (2 * pitch, y))
    below = FULL[1] + (1 if top > FULL[1] else 0)  # the line after the name of the large image
    notes = (Rect(0, rows + 1, left, y - rows - 1), Rect(left + 1, below, FULL[0], top - below))
    return Layout(SliderLayout(left, rows), notes, (width - FULL[0], 0), FULL, others, size, strip)


def _box(width: int, room: int, latent: int) -> SliderLayout:
    """Lay out as many sliders as fit into `room` lines below the head, spread over them."""
    return SliderLayout(width, min(latent, room), min(max(room // latent, 1), 5))


def _strip(x: int, width: int, top: int, height: int) -> Strip | None:
    """Lay out the largest images that fit below row `top`: seven or more, else five; None without room."""
    room = height - top - 1
    sizes = [size for size in _STRIPS if size[1] <= room and (size[1] > 4 or room == 4)]  # 4 only in need
    for least in (7, 5):
        for size in sizes:
            count = (width + 1) // (size[0] + 1)
            pitch = size[0] + 1
            if count < least and width // size[0] >= least:
                count, pitch = width // size[0], size[0]
            count -= (count + 1) % 2
            if count >= least:
                used, y = (count - 1) * pitch + size[0], height - size[1] - 1
                return Strip(x + (width - used) // 2, y, size, count, pitch, y > top)
    return None


def paint(canvas: Canvas, plan: Layout, shown: ShownCode) -> None:
    """Paint everything; clicks run the actions of the view."""
    sliders(canvas, plan.sliders, shown.dims, shown.offsets, shown.score)
    is_coloured = has_colours_of_difference(canvas.terminal)
    legend = f"Difference: {'orange more ink, blue less' if is_coloured else 'denser is larger'}."
    _words(canvas, plan.notes, (*shown.words, legend))
    code = shown.code
    draw_image(canvas, *plan.main, code.image, plan.main_size)
    _name(canvas, plan, plan.main, plan.main_size, f"decoded: {fixed(code.nats[0], 1)} nats", BRIGHT)
    others = (shown.original, ink), (code.reconstruction, ink), (code.difference, difference)
    for place, (pixels, colours), name in zip(plan.others, others, shown.names, strict=True):
        draw_image(canvas, *place, pixels, plan.other_size, colours)
        _name(canvas, plan, place, plan.other_size, name, TEXT)
    if plan.strip:
        _frames(canvas, plan.strip, shown)


def _words(canvas: Canvas, rects: tuple[Rect, ...], words: tuple[str, ...]) -> None:
    """Write each sentence where there is still room for all of it."""
    used = dict.fromkeys(rects, 0)
    for sentence in words:
        for rect, count in used.items():
            lines = textwrap.wrap(sentence, max(rect.width - 1, 1), break_on_hyphens=False)
            if count + len(lines) <= rect.height:
                for line, text in enumerate(lines, rect.y + count):
                    canvas.text(rect.x + 1, line, text, TEXT if sentence in words[:2] else DIM)
                used[rect] += len(lines)
                break


def _name(
    canvas: Canvas, plan: Layout, place: Place, size: Size, name: str, colour: tuple[int, int, int]
) -> None:
    """Write the name of an image below it, where nothing else begins."""
    y, strip = place[1] + size[1], plan.strip
    is_over = strip is not None and place[0] < strip.x + strip.count * strip.pitch
    if y < (strip.y - strip.has_title if strip and is_over else canvas.height):
        canvas.centred(place[0], size[0], y, name, colour)


def _frames(canvas: Canvas, strip: Strip, shown: ShownCode) -> None:
    """Paint the traversal of the chosen dimension; the image nearest to its value is marked."""
    dims, rank = shown.dims, shown.offsets.selected_rank(len(shown.dims))
    value = shown.offsets.value(rank, float(dims.mean[rank]))
    if strip.has_title:
        whose = "of the prior" if dims.std is not None else "of its codes"
        title = f"traversal of {dims.name(rank)}, σ {whose}  {shown.position}"
        canvas.text(max(strip.x, 1), strip.y - 1, title, DIM)
    values = strip.values.tolist()
    nearest = min(range(strip.count), key=lambda place: abs(values[place] - value))
    for place, at in enumerate(values):
        x, is_here = strip.x + place * strip.pitch, place == nearest
        draw_image(canvas, x, strip.y, shown.code.frames[place], strip.size)
        label = signed(at, next(digits for digits in (0, 1, 2) if round(at, digits) == round(at, 2)))
        label = f"› {label} ‹" if is_here else label
        colour = ACCENT if is_here else DIM
        canvas.centred(x, strip.size[0], strip.y + strip.size[1], label, colour, bold=is_here)
        canvas.click(x, strip.y, strip.size[0], strip.size[1] + 1, f"put({rank}, {at:.4f})")
