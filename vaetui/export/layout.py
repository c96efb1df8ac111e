"""Lay out images with their texts as drawings; a unit is one pixel of a still image.

Above the images stand title and description, left of them the names of rows, below them captions and what
their grey levels mean.
"""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len

from trainer.contract.config import SIDE
from vaetui.arrays import Floats
from vaetui.export.images import Animation, ImageSheet, Label, levels
from vaetui.render.colours import Colour
from vaetui.render.drawing import Anchor, Drawing, DrawnText, Rectangle

GAP, LINE = 2, 4  # units between images, and for a line of text
SCALE, LARGE = 4, 8  # pixels of a file to one of an image, and to one of an image that is animated alone
SIZE, TITLE = LINE - 1, LINE  # of letters, and of those of the title
LETTER = 0.61  # width of a monospaced letter in units of its size
LEAST = 112  # units across, where there is a title
PAPER, BLACK, PENCIL = (255, 255, 255), (0, 0, 0), (70, 70, 70)
STEPS = 32  # grey levels of the scale


class _Page:
    """A drawing that is being made."""

    def __init__(self) -> None:
        self.boxes: list[Rectangle] = []
        self.marks: list[Rectangle] = []
        self.words: list[DrawnText] = []

    def image(self, pixels: Floats, x: int, y: int) -> None:
        """Draw an image `(784,)`, white on black, as rectangles of equal grey."""
        self.boxes.append(Rectangle(x, y, SIDE, SIDE, BLACK))
        for row, line in enumerate(levels(pixels).reshape(SIDE, SIDE).tolist()):
            column = 0
            for level, equal in groupby(line):
                length = len(list(equal))
                if level:
                    self.marks.append(Rectangle(x + column, y + row, length, 1, (level, level, level)))
                column += length

    def text(
        self,
        x: int,
        y: int,
        text: str,
        anchor: Anchor = "start",
        *,
        colour: Colour = PENCIL,
        size: int = SIZE,
        bold: bool = False,
    ) -> None:
        """Write one line, whose upper edge is at `y`."""
        self.words.append(DrawnText(x, y + size - 1, text, colour, size, bold, anchor=anchor))

    def heading(self, label: Label, y: int, width: int) -> int:
        """Write title and description, wrapped to `width`; return the `y` below them."""
        for line in textwrap.wrap(label.title, letters(width, TITLE)):
            self.text(GAP, y, line, colour=BLACK, size=TITLE, bold=True)
            y += TITLE + 1
        for line in textwrap.wrap(label.description, letters(width, SIZE)):
            self.text(GAP, y, line)
            y += LINE
        return y + 1

    def scale(self, y: int) -> None:
        """Draw the grey levels from 0 to 1."""
        x = GAP + room(before := "pixel value 0 ")
        self.text(GAP, y, before.rstrip())
        self.boxes.append(Rectangle(x - 1, y - 1, STEPS + 2, LINE, PENCIL))
        for step in range(STEPS):
            level = round(step / (STEPS - 1) * 255)
            self.marks.append(Rectangle(x + step, y, 1, LINE - 2, (level, level, level)))
        self.text(x + STEPS + GAP, y, "1")

    def drawing(self, width: int, height: int) -> Drawing:
        """Return the drawing on white paper."""
        return Drawing(width, height, SCALE, PAPER, tuple(self.boxes), tuple(self.marks), tuple(self.words))


def letters(width: int, size: int) -> int:
    """Return how many letters fit into `width` units, with a gap at both ends."""
    return max(1, int((width - 2 * GAP) / (LETTER * size)))


def room(text: str) -> int:
    """Return the units that the longest line of a text takes."""
    return math.ceil(max(map(cell_len, text.split("\n"))) * LETTER * SIZE)


def sheet(images: ImageSheet, label: Label | None = None) -> Drawing:
    """Draw images white on black in rows with the texts of the sheet, below a `label` where there is one."""
    page, rows = _Page(), list(images.rows)
    left = GAP + max((room(name) + GAP for name in images.row_names), default=0)
    pitch = SIDE + GAP
    width = left + max(map(len, rows)) * pitch
    y = GAP
    if label:
        width = max(width, LEAST)
        y = page.heading(label, y, width)
    if images.column_names:
        for place, name in enumerate(images.column_names):
            page.text(left + place * pitch + SIDE // 2, y, name, "middle")
        y += LINE
    names = iter(images.row_names)
    for row in rows:
        for layer in images.layers:
            if name := next(names, ""):
                _row_name(page, name, y)
            for place, column in enumerate(row):
                page.image(layer[column], left + place * pitch, y)
            y += SIDE + 1
        if images.captions:
            for place, column in enumerate(row):
                middle = left + place * pitch + SIDE // 2
                page.text(middle, y, images.captions[column], "middle")
            y += LINE
        y += GAP - 1
    if label:
        page.scale(y + GAP)
        y += LINE + GAP + 1
    return page.drawing(width, y)


def _row_name(page: _Page, name: str, y: int) -> None:
    """Write the lines of a name in the middle of the row of images at `y`."""
    lines = name.split("\n")
    top = y + (SIDE - len(lines) * LINE) // 2
    for number, line in enumerate(lines):
        page.text(GAP, top + number * LINE, line)


@dataclass(frozen=True, eq=False)
class AnimationLayout:
    """The unchanging part of an animation, and the units where its images and its captions are.

    `side` is that of an image; an animated image that stands alone is twice as large.
    """

    base: Drawing
    places: tuple[tuple[int, int], ...]
    side: int
    caption: tuple[int, int]


def animation_layout(frames: Animation, label: Label) -> AnimationLayout:
    """Lay out the images of a frame below a `label`, each over its name, and above the frame's caption."""
    page, count = _Page(), frames.images.shape[1]
    side = SIDE * (LARGE // SCALE if count == 1 else 1)
    across = min(frames.across, count)
    width = max(GAP + across * (side + GAP), LEAST)
    top = page.heading(label, GAP, width)
    pitch = side + GAP + (LINE if frames.names else 0)
    places = tuple(
        (GAP + number % across * (side + GAP), top + number // across * pitch) for number in range(count)
    )
    for (x, y), name in zip(places, frames.names or [""] * count, strict=True):
        page.text(x + side // 2, y + side + 1, name, "middle")
    y = top + -(-count // across) * pitch
    page.scale(y + LINE + 1)
    return AnimationLayout(page.drawing(width, y + 2 * LINE + GAP), places, side, (GAP, y))
