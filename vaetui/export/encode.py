"""Encode drawings (.png, .svg), animations (.gif) and arrays (.npz), with a label as metadata.

Equal contents give equal bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from trainer.contract.config import SIDE
from vaetui.arrays import Bytes
from vaetui.export.images import Animation, Array, Label, levels
from vaetui.export.layout import GAP, LARGE, PENCIL, SCALE, SIZE, animation_layout
from vaetui.render.colours import Colour
from vaetui.render.drawing import Drawing, DrawnText, Rectangle

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from PIL.ImageDraw import ImageDraw as Pen
    from PIL.ImageFont import FreeTypeFont, ImageFont

SECONDS, REST = 0.1, 0.6  # that a frame is seen, and one where the direction changes
# The first that is installed; all are monospaced.
FONTS = (
    ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"),
    ("LiberationMono-Regular.ttf", "LiberationMono-Bold.ttf"),
    ("NotoSansMono-Regular.ttf", "NotoSansMono-Bold.ttf"),
    ("Menlo.ttc", "Menlo.ttc"),
    ("consola.ttf", "consolab.ttf"),
)
FAMILY = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"


def npz(arrays: Mapping[str, Array]) -> bytes:
    """Encode named arrays, compressed."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


# --- animations -------------------------------------------------------------------------------------


def gif(frames: Animation, label: Label | None = None) -> bytes:
    """Encode a looping GIF, or a ping-pong one, with a rest where the direction changes.

    With a `label`, it stands above the images and in the comment; without one there are images only.
    """
    pictures = _labelled(frames, label) if label else _bare(frames)
    seconds = [SECONDS] * len(pictures)
    seconds[-1] = REST
    if frames.is_returning:
        seconds[0] = REST
        pictures, seconds = pictures + pictures[-2:0:-1], seconds + seconds[-2:0:-1]
    file = io.BytesIO()
    durations = [round(1000 * time) for time in seconds]
    comment = {"comment": label.comment.encode()} if label else {}
    pictures[0].save(
        file, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0, **comment
    )
    return file.getvalue()


def _bare(frames: Animation) -> list[PillowImage]:
    """Return the frames without texts."""
    from PIL import Image

    scale = LARGE if frames.images.shape[1] == 1 else SCALE
    grids = [_tiled(levels(frame), frames.across) for frame in frames.images]
    return [Image.fromarray(grid.repeat(scale, 0).repeat(scale, 1)) for grid in grids]


def _tiled(images: Bytes, across: int) -> Bytes:
    """Tile images `(images, 784)` with grey gaps."""
    across = min(across, len(images))
    rows, pitch = -(-len(images) // across), SIDE + GAP
    tiles = np.full((rows * across, pitch, pitch), PENCIL[0], np.uint8)
    tiles[: len(images), :SIDE, :SIDE] = images.reshape(-1, SIDE, SIDE)
    grid = tiles.reshape(rows, across, pitch, pitch).swapaxes(1, 2)
    return grid.reshape(rows * pitch, across * pitch)[:-GAP, :-GAP]


def _labelled(frames: Animation, label: Label) -> list[PillowImage]:
    """Return the frames below their label, each over its caption."""
    from PIL import Image, ImageDraw

    plan = animation_layout(frames, label)
    base = np.array(_rasterised(plan.base).convert("L"))
    side, scale = plan.side * SCALE, plan.side * SCALE // SIDE
    pictures = []
    for number, frame in enumerate(frames.images):
        pixels = base.copy()
        for (x, y), image in zip(plan.places, levels(frame).reshape(-1, SIDE, SIDE), strict=True):
            top, left = y * SCALE, x * SCALE
            pixels[top : top + side, left : left + side] = image.repeat(scale, 0).repeat(scale, 1)
        picture = Image.fromarray(pixels)
        if frames.captions:
            x, y = plan.caption
            caption = DrawnText(x, y + SIZE - 1, frames.captions[number], PENCIL, SIZE, anchor="start")
            _write(ImageDraw.Draw(picture), caption, SCALE, PENCIL[0], str)
        pictures.append(picture)
    return pictures


# --- drawings ---------------------------------------------------------------------------------------


def png(drawing: Drawing, label: Label | None = None) -> bytes:
    """Encode a drawing in pixels, with a `label` in text chunks."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    if label:
        for name, text in label.facts.items():
            info.add_itxt(name, text)
    file = io.BytesIO()
    _rasterised(drawing).save(file, "PNG", optimize=True, pnginfo=info)
    return file.getvalue()


def _rasterised(drawing: Drawing) -> PillowImage:
    """Return a drawing in pixels."""
    from PIL import Image, ImageDraw

    scale = drawing.scale
    image = Image.new("RGB", (drawing.width * scale, drawing.height * scale), drawing.ground)
    pen = ImageDraw.Draw(image)
    for x, y, width, height, colour in (*drawing.boxes, *drawing.marks):
        pen.rectangle((x * scale, y * scale, (x + width) * scale - 1, (y + height) * scale - 1), colour)
    for words in drawing.words:
        _write(pen, words, scale, words.colour, drawing.plain)
    return image


def _write(pen: Pen, words: DrawnText, scale: int, colour: Colour | int, plain: Callable[[str], str]) -> None:
    """Write text in `colour`; characters that the font lacks are made `plain`."""
    font = _font(words.size * scale, words.is_bold)
    text = "".join(char if _has(font, char) else plain(char) for char in words.text)
    x, y = words.x * scale, words.y * scale
    if not words.pitch:
        pen.text((x, y), text, colour, font, "ms" if words.anchor == "middle" else "ls")
        return
    for number, char in enumerate(text):
        middle = x + (number + 0.5) * words.pitch * scale
        pen.text((middle, y), char, colour, font, "ms")


@lru_cache(maxsize=8)
def _font(size: int, is_bold: bool) -> FreeTypeFont | ImageFont:
    """Load a monospaced font, or the one that comes with Pillow."""
    from PIL import ImageFont

    for names in FONTS:
        try:
            return ImageFont.truetype(names[is_bold], size)
        except OSError:
            continue
    return ImageFont.load_default(size)


@lru_cache(maxsize=2048)
def _has(font: FreeTypeFont | ImageFont, char: str) -> bool:
    """Return whether a font has a glyph: one that it lacks looks like U+10FFFD."""
    return char.isascii() or bytes(font.getmask(char)) != bytes(font.getmask("\U0010fffd"))


def svg(drawing: Drawing, label: Label | None = None) -> bytes:
    """Encode a drawing as vectors: a path for each colour, and text of fixed width in any font.

    A `label` is its title and description.
    """
    width, height, scale = drawing.width, drawing.height, drawing.scale
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale}" height="{height * scale}" '
        f'viewBox="0 0 {width} {height}" shape-rendering="crispEdges">',
        *(_metadata(label) if label else []),
        f'<rect width="{width}" height="{height}" fill="{_hex(drawing.ground)}"/>',
        *_paths(drawing.boxes),
        *_paths(drawing.marks),
    ]
    if drawing.words:
        lines += [f'<g font-family="{FAMILY}" xml:space="preserve">', *map(_text, drawing.words), "</g>"]
    return "\n".join([*lines, "</svg>", ""]).encode()


def _metadata(label: Label) -> list[str]:
    title, comment = (escape(text, quote=False) for text in (label.title, label.comment))
    return [f"<title>{title}</title>", f"<desc>{comment}</desc>"]


def _paths(boxes: Sequence[Rectangle]) -> list[str]:
    """Return a path for each colour of rectangles that do not overlap."""
    outlines: dict[Colour, list[str]] = {}
    for x, y, width, height, colour in boxes:
        outlines.setdefault(colour, []).append(f"M{x} {y}h{width}v{height}h-{width}z")
    return [f'<path fill="{_hex(colour)}" d="{"".join(each)}"/>' for colour, each in outlines.items()]


def _text(words: DrawnText) -> str:
    bold = ' font-weight="bold"' if words.is_bold else ""
    anchor = f' text-anchor="{words.anchor}"' if words.anchor != "start" else ""
    held = f' textLength="{len(words.text) * words.pitch}"' if words.pitch else anchor
    place = f'x="{words.x}" y="{words.y}" font-size="{words.size}" fill="{_hex(words.colour)}"'
    return f"<text {place}{bold}{held}>{escape(words.text, quote=False)}</text>"


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()
