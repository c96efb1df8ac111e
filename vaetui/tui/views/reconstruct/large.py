"""One test image large: original, reconstruction, difference, metrics, and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vaetui.format import compact
from vaetui.latent.reconstructions import ReconstructedImage
from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT, difference
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.widgets.images import DOUBLE, FULL, THUMB, draw_image

SMALL = (10, 5)  # columns and rows of a difference where there is little room
NAME, VALUE = 13, 8  # columns
BY_DISTORTION = " by distortion"


@dataclass(frozen=True)
class Layout:
    """Places as (column, row); `change` is that of the difference, None if there is no room for it.

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


def layout(width: int, height: int) -> Layout:
    """Lay out a pane, under one line of caption."""
    is_double = width >= 2 * DOUBLE[0] + FULL[0] + 2 and height >= DOUBLE[1] + 2
    size = DOUBLE if is_double else FULL
    gap = 1 if width > 2 * size[0] else 0
    made, third, below = size[0] + gap, 2 * (size[0] + gap), 2 + size[1]
    spare = height - below - 1 - (0 if is_double else 6)
    pictures = min(max(spare // THUMB[1], 0), 2)
    strip = height - pictures * THUMB[1] - 1 if pictures else height
    near = (strip, width // (THUMB[0] + 1) if pictures else 0, pictures == 2)
    top = below - (strip - below < SMALL[1])  # without the blank line if there are few rows
    if width - third >= FULL[0]:
        words = (third + 1, 2 + FULL[1]) if is_double else (1, top)
        return Layout(size, made, (third, 1), FULL, words, strip - words[1], *near)
    if strip - top >= SMALL[1]:
        return Layout(size, made, (1, top), SMALL, (SMALL[0] + 3, top), strip - top, *near)
    return Layout(size, made, None, SMALL, (1, top), strip - top, *near)


def paint(
    canvas: Canvas, plan: Layout, images: Sequence[ReconstructedImage], at: int, rank: str, cost: str
) -> None:
    """Paint `images[at]` large, its metrics, and all of `images` as thumbnails to click on.

    `rank` is its rank by distortion, or why that is unknown; `cost` the formula of the distortion.
    """
    image = images[at]
    assert image.original is not None
    assert image.difference is not None
    draw_image(canvas, 0, 1, image.original, plan.size)
    draw_image(canvas, plan.made, 1, image.image, plan.size)
    if plan.change is not None:
        draw_image(canvas, *plan.change, image.difference, plan.change_size, difference)
    _metrics(canvas, plan, image, rank, cost)
    for place, near in enumerate(images if plan.across else ()):
        x, y, is_here = place * (THUMB[0] + 1), plan.strip, place == at
        for pixels in (near.original, near.image) if plan.in_pairs else (near.original,):
            assert pixels is not None
            draw_image(canvas, x, y, pixels)
            y += THUMB[1]
        note = f"{near.label} {compact(near.distortion or 0.0, 1)}"
        note = f"›{note}‹" if is_here else note
        canvas.centred(x, THUMB[0], y, note, ACCENT if is_here else DIM, bold=is_here)
        canvas.click(x, plan.strip, THUMB[0], y + 1 - plan.strip, f"show_image({near.number})")


def _metrics(canvas: Canvas, plan: Layout, image: ReconstructedImage, rank: str, cost: str) -> None:
    (x, y), nats, rate, error = plan.words, image.distortion or 0.0, image.rate, f"{image.error:.4f}"
    room = canvas.width - x - 1
    rows = [("distortion", compact(nats, 1), f"nats, {cost}"), ("squared error", error, "a pixel")]
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
