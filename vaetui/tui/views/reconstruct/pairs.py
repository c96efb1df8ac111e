"""Columns of original, reconstruction and, if there is room, their difference, with values below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vaetui.format import compact
from vaetui.latent.reconstructions import ReconstructedImage
from vaetui.render.terminal import Terminal
from vaetui.render.theme import BRIGHT, DIM, TEXT, difference
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets.images import THUMB, columns, draw_image, has_colours_of_difference

ROW = THUMB[1]


@dataclass(frozen=True)
class Layout:
    """`across` images, `pitch` columns apart from column `left` on, in `bands`.

    A band has `pictures` thumbnails over each other (the third is the difference) and `notes` lines below.
    """

    across: int
    pitch: int
    left: int
    bands: int
    pictures: int
    notes: int

    @property
    def images(self) -> int:
        """Return how many images fit."""
        return self.across * self.bands

    @property
    def lines(self) -> int:
        """Return the rows of a band."""
        return self.pictures * ROW + self.notes


def layout(width: int, height: int) -> Layout:
    """Lay out a pane, under one line of caption."""
    room = height - 1
    pictures = 3 if room >= 3 * ROW + 1 else 2
    bands = max(room // (pictures * ROW + 1), 1)
    notes = 2 if room - bands * (pictures * ROW + 1) > bands else 1
    return Layout(*columns(width), bands, pictures, notes)


def legend(plan: Layout, terminal: Terminal) -> tuple[str, ...]:
    """Return the order of the images in a column, and how a difference is drawn."""
    if plan.pictures == 3:
        is_coloured = has_colours_of_difference(terminal)
        drawn = "orange: too much ink, blue: too little" if is_coloured else "denser: larger difference"
        return "original, reconstruction, difference", drawn
    return ("over their reconstructions",)


def paint(canvas: Canvas, plan: Layout, images: Sequence[ReconstructedImage]) -> None:
    """Paint from the second line on: nats below each image, without nats the squared error."""
    for place, image in enumerate(images[: plan.images]):
        x = plan.left + place % plan.across * plan.pitch
        y = 1 + place // plan.across * plan.lines
        change, error = image.difference, image.error
        if image.original is not None:
            draw_image(canvas, x, y, image.original)
        draw_image(canvas, x, y + ROW, image.image)
        if change is not None and plan.pictures > 2:
            draw_image(canvas, x, y + 2 * ROW, change, colours=difference)
        if error is None:
            continue
        value, unit = (
            (f"{error:.4f}", "/px") if image.distortion is None else (compact(image.distortion, 1), "nats")
        )
        notes = y + plan.pictures * ROW
        column = canvas.text(x + 1, notes, image.label, TEXT)
        column = canvas.text(column + 1, notes, value, BRIGHT, bold=True)
        canvas.text(column + 1, notes, unit, DIM)
        if plan.notes > 1 and image.rate is not None:
            canvas.text(x + 3, notes + 1, f"+{compact(image.rate, 1)} rate", DIM)
