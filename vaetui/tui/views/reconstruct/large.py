"""One test image large: original, reconstruction, difference, metrics, and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vaetui.arrays import Floats
from vaetui.format import compact
from vaetui.latent.reconstructions import ReconstructedImage
from vaetui.render.colours import ColourMap
from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT, difference, ink
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.widgets.images import DOUBLE, FULL, THUMB, draw_image

SMALL = (10, 5)  # columns and rows of a difference where there is little room
NAME, VALUE = 13, 8  # columns
LEAST_METRICS = 2  # rows
BY_DISTORTION = " by distortion"


@dataclass(frozen=True)
class Layout:
    """Places as (column, row); `change` is that of the difference, None if there is no room for it.

    Below each image is its name if `has_names`; without, the metrics are there.
    `words` is the place of the metrics, `lines` their rows. `across` neighbours (0 without room) are painted
    from row `strip` on, over their reconstructions if `in_pairs`.
    """

    size: tuple[int, int]
    made: int
    change: tuple[int, int] | None
    change_size: tuple[int, int]
    words: tuple[int, int]
    lines: int
    strip: int
    across: int
    in_pairs: bool
    has_names: bool


def layout(width: int, height: int) -> Layout:
    """Lay out a pane, under one line of caption."""
    is_double = width >= 2 * DOUBLE[0] + FULL[0] + 2 and height >= DOUBLE[1] + 2
    size = DOUBLE if is_double else FULL
    gap = 1 if width > 2 * size[0] else 0
    made, third, below = size[0] + gap, 2 * (size[0] + gap), 2 + size[1]
    spare = height - below - 1 - (0 if is_double else 6)
    pictures = min(max(spare // THUMB[1], 0), 2)
    strip = height - pictures * THUMB[1] - 1 if pictures else height
    has_names = is_double or strip - below >= LEAST_METRICS
    below -= not has_names
    near = (strip, width // (THUMB[0] + 1) if pictures else 0, pictures == 2, has_names)
    if width - third >= FULL[0]:
        words = (third + 1, 2 + FULL[1]) if is_double else (1, below)
        return Layout(size, made, (third, 1), FULL, words, strip - words[1], *near)
    if strip - below > SMALL[1]:
        return Layout(size, made, (1, below), SMALL, (SMALL[0] + 3, below), strip - below, *near)
    return Layout(size, made, None, SMALL, (1, below), strip - below, *near)


def paint(
    canvas: Canvas, plan: Layout, images: Sequence[ReconstructedImage], at: int, rank: str, cost: str
) -> None:
    """Paint `images[at]` large, its metrics, and all of `images` as thumbnails to click on.

    `rank` is its rank by distortion, or why that is unknown; `cost` the formula of the distortion.
    """
    image = images[at]
    assert image.original is not None
    assert image.difference is not None
    names = ("original", "reconstruction", "difference") if plan.has_names else ("", "", "")
    _named(canvas, (0, 1), plan.size, image.original, names[0])
    _named(canvas, (plan.made, 1), plan.size, image.image, names[1])
    if plan.change is not None:
        _named(canvas, plan.change, plan.change_size, image.difference, names[2], difference)
    _metrics(canvas, plan, image, rank, cost)
    for place, near in enumerate(images if plan.across else ()):
        x, y, is_here = place * (THUMB[0] + 1), plan.strip, place == at
        for pixels in (near.original, near.image) if plan.in_pairs else (near.original,):
            assert pixels is not None
            draw_image(canvas, x, y, pixels)
            y += THUMB[1]
        nats = "" if near.distortion is None else f" {compact(near.distortion, 1)} nats"
        note = f"{near.label}{nats}"
        note = f"›{note}‹" if is_here else note
        canvas.centred(x, THUMB[0], y, note, ACCENT if is_here else DIM, bold=is_here)
        canvas.click(x, plan.strip, THUMB[0], y + 1 - plan.strip, f"show_image({near.number})")


def _named(
    canvas: Canvas,
    place: tuple[int, int],
    size: tuple[int, int],
    pixels: Floats,
    name: str,
    colours: ColourMap = ink,
) -> None:
    """Draw an image with its name below."""
    draw_image(canvas, *place, pixels, size, colours)
    canvas.centred(place[0], size[0], place[1] + size[1], name, DIM)


def _metrics(canvas: Canvas, plan: Layout, image: ReconstructedImage, rank: str, cost: str) -> None:
    (x, y), rate, error = plan.words, image.rate, f"{image.error:.4f}"
    room, nats = canvas.width - x - 1, 0.0 if image.distortion is None else image.distortion
    rows, brief = [("squared error", error, "a pixel")], ""
    if image.distortion is not None:
        rows.insert(0, ("distortion", compact(nats, 1), f"nats, {cost}"))
        brief = f"distortion {compact(nats, 1)} nats"
    if rate is not None:
        bound = ("−ELBO", compact(nats + rate, 1), "nats, z at the mean")
        rows[1:1] = [("rate", compact(rate, 1), "nats, KL to the prior"), bound]
        brief = f"distortion {compact(nats, 1)} + rate {compact(rate, 1)} = {compact(nats + rate, 1)} nats"
    if plan.lines < len(rows) + 1:
        canvas.text(x, y, fit(brief, room), BRIGHT, bold=True)
        canvas.text(
            x, y + 1, fit(f"squared error {error} /px  {rank.removesuffix(BY_DISTORTION)}", room), TEXT
        )
        return
    canvas.text(x, y, fit(rank, room), TEXT)
    for line, (name, value, unit) in enumerate(rows, y + 1):
        canvas.text(x, line, name, DIM)
        canvas.right(x + NAME + VALUE, line, value, BRIGHT, bold=True)
        column = x + NAME + VALUE + 1
        canvas.text(column, line, fit(unit, canvas.width - column), DIM)
