"""Encode what a view or a command shows: images (.png, .svg), animations (.gif) and arrays (.npz).

`ExportContent` holds what can be exported; an `ExportFormat` is one file type. Equal contents give equal
bytes.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from trainer.contract.config import SIDE
from trainer.contract.files import Problem, clean, write_files
from vaetui.arrays import Bytes, Floats
from vaetui.render.colours import Colour
from vaetui.render.drawing import Drawing, DrawnText, Rectangle
from vaetui.render.pixels import to_unit

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

Array = npt.NDArray[Any]
Part = Literal["screen", "sheet", "animation", "arrays"]  # fields of `ExportContent`

GAP, LINE = 2, 4  # pixels between images, and for a line of caption
SCALE, LARGE = 4, 8  # pixels of a file to one of an image, and to one of an image that is animated alone
MOST_ACROSS = 12  # images in a row of a sheet, by default
PAPER, BLACK, PENCIL = (255, 255, 255), (0, 0, 0), (70, 70, 70)
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


# --- contents and formats -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ImageSheet:
    """Columns of images, `across` in a row.

    `layers` are arrays `(columns, 784)` in 0…1: the images of each column from top to bottom. `captions` are
    one a column, below it, or none.
    """

    layers: tuple[Floats, ...]
    across: int
    captions: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Animation:
    """Frames `(frames, images, 784)` of an animation, `across` images in a row.

    Pixels are in 0…1, or uint8.
    """

    images: Array
    across: int = 1
    is_returning: bool = True  # ping-pong


@dataclass(frozen=True, eq=False)
class ExportContent:
    """The parts that can be exported, None or empty if they cannot; `name` begins the names of its files.

    `animation` returns the frames when they are needed, since it may have to read a file.
    """

    name: str = ""
    arrays: Mapping[str, Array] = field(default_factory=dict)
    sheet: ImageSheet | None = None
    animation: Callable[[], Animation] | None = None
    screen: Drawing | None = None

    @property
    def formats(self) -> tuple[ExportFormat, ...]:
        """Return the formats that this content can be exported to."""
        return tuple(each for each in FORMATS if getattr(self, each.part))

    def encode(self, wanted: ExportFormat) -> bytes:
        """Encode the content. Raises `Problem` where an animation cannot be read."""
        if wanted.part == "arrays":
            return npz(self.arrays)
        if wanted.part == "animation":
            assert self.animation is not None
            return gif(self.animation())
        drawing = sheet(self.sheet) if wanted.part == "sheet" and self.sheet else self.screen
        assert drawing is not None
        return png(drawing) if wanted.ending == ".png" else svg(drawing)


@dataclass(frozen=True)
class ExportFormat:
    """One file type: its name, its ending, and the part of a content that it holds."""

    name: str
    ending: str
    part: Part

    @property
    def mark(self) -> str:
        """Return what precedes the ending in file names, to tell the formats of one content apart."""
        return "-screen" if self.part == "screen" else ""


FORMATS = (
    ExportFormat("images only", ".png", "sheet"),
    ExportFormat("images only", ".svg", "sheet"),
    ExportFormat("animated images", ".gif", "animation"),
    ExportFormat("the whole screen", ".png", "screen"),
    ExportFormat("the whole screen", ".svg", "screen"),
    ExportFormat("arrays for numpy", ".npz", "arrays"),
)
ENDINGS = tuple(dict.fromkeys(each.ending for each in FORMATS))


def columns_for(count: int) -> int:
    """Return how many images to put in a row so that rows are full, or nearly."""
    rows = -(-count // MOST_ACROSS)
    return max(-(-count // max(rows, 1)), 1)


# --- drawings ---------------------------------------------------------------------------------------


def sheet(images: ImageSheet) -> Drawing:
    """Draw images white on black, each row of columns over its captions."""
    count, across = len(images.layers[0]), images.across
    band = len(images.layers) * (SIDE + 1) - 1 + (LINE if images.captions else 0) + GAP
    tiles: list[Rectangle] = []
    marks: list[Rectangle] = []
    words: list[DrawnText] = []
    for place in range(count):
        x, y = GAP + place % across * (SIDE + GAP), GAP + place // across * band
        for layer in images.layers:
            tiles.append(Rectangle(x, y, SIDE, SIDE, BLACK))
            marks += _runs(layer[place], x, y)
            y += SIDE + 1
        if images.captions:
            words.append(DrawnText(x + SIDE // 2, y + LINE - 2, images.captions[place], PENCIL, LINE - 1))
    width = GAP + min(count, across) * (SIDE + GAP)
    height = GAP + -(-count // across) * band
    return Drawing(width, height, SCALE, PAPER, tuple(tiles), tuple(marks), tuple(words))


def _runs(pixels: Floats, x: int, y: int) -> list[Rectangle]:
    """Return an image `(784,)` as rectangles of equal grey, without black."""
    boxes = []
    for row, levels in enumerate(_levels(pixels).reshape(SIDE, SIDE).tolist()):
        column = 0
        for level, equal in groupby(levels):
            length = len(list(equal))
            if level:
                boxes.append(Rectangle(x + column, y + row, length, 1, (level, level, level)))
            column += length
    return boxes


def _levels(pixels: Array) -> Bytes:
    """Convert 0…1 to 0…255; NaN becomes 0."""
    return np.asarray(np.rint(to_unit(pixels).clip(0, 1) * 255), np.uint8)


# --- bytes ------------------------------------------------------------------------------------------


def npz(arrays: Mapping[str, Array]) -> bytes:
    """Encode named arrays, compressed."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def gif(frames: Animation) -> bytes:
    """Encode a looping GIF, or a ping-pong one, with a rest where the direction changes."""
    from PIL import Image

    scale = LARGE if frames.images.shape[1] == 1 else SCALE
    grids = [_tiled(_levels(frame), frames.across) for frame in frames.images]
    pictures = [Image.fromarray(grid.repeat(scale, 0).repeat(scale, 1)) for grid in grids]
    seconds = [SECONDS] * len(pictures)
    seconds[-1] = REST
    if frames.is_returning:
        seconds[0] = REST
        pictures, seconds = pictures + pictures[-2:0:-1], seconds + seconds[-2:0:-1]
    file = io.BytesIO()
    durations = [round(1000 * time) for time in seconds]
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    return file.getvalue()


def _tiled(images: Bytes, across: int) -> Bytes:
    """Tile images `(images, 784)` with grey gaps."""
    across = min(across, len(images))
    rows, pitch = -(-len(images) // across), SIDE + GAP
    tiles = np.full((rows * across, pitch, pitch), PENCIL[0], np.uint8)
    tiles[: len(images), :SIDE, :SIDE] = images.reshape(-1, SIDE, SIDE)
    grid = tiles.reshape(rows, across, pitch, pitch).swapaxes(1, 2)
    return grid.reshape(rows * pitch, across * pitch)[:-GAP, :-GAP]


def png(drawing: Drawing) -> bytes:
    """Encode a drawing in pixels."""
    from PIL import Image, ImageDraw

    scale = drawing.scale
    image = Image.new("RGB", (drawing.width * scale, drawing.height * scale), drawing.ground)
    pen = ImageDraw.Draw(image)
    for x, y, width, height, colour in (*drawing.boxes, *drawing.marks):
        pen.rectangle((x * scale, y * scale, (x + width) * scale - 1, (y + height) * scale - 1), colour)
    for words in drawing.words:
        font = _font(words.size * scale, words.is_bold)
        text = "".join(char if _has(font, char) else drawing.plain(char) for char in words.text)
        place = (words.x * scale, words.y * scale)
        if not words.pitch:
            pen.text(place, text, words.colour, font, "ms")
            continue
        for number, char in enumerate(text):
            middle = (words.x + (number + 0.5) * words.pitch) * scale
            pen.text((middle, place[1]), char, words.colour, font, "ms")
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


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


def svg(drawing: Drawing) -> bytes:
    """Encode a drawing as vectors: a path for each colour, and text of fixed width in any font."""
    width, height, scale = drawing.width, drawing.height, drawing.scale
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale}" height="{height * scale}" '
        f'viewBox="0 0 {width} {height}" shape-rendering="crispEdges">',
        f'<rect width="{width}" height="{height}" fill="{_hex(drawing.ground)}"/>',
        *_paths(drawing.boxes),
        *_paths(drawing.marks),
    ]
    if drawing.words:
        lines += [f'<g font-family="{FAMILY}" xml:space="preserve">', *map(_text, drawing.words), "</g>"]
    return "\n".join([*lines, "</svg>", ""]).encode()


def _paths(boxes: Sequence[Rectangle]) -> list[str]:
    """Return a path for each colour of rectangles that do not overlap."""
    outlines: dict[Colour, list[str]] = {}
    for x, y, width, height, colour in boxes:
        outlines.setdefault(colour, []).append(f"M{x} {y}h{width}v{height}h-{width}z")
    return [f'<path fill="{_hex(colour)}" d="{"".join(each)}"/>' for colour, each in outlines.items()]


def _text(words: DrawnText) -> str:
    bold = ' font-weight="bold"' if words.is_bold else ""
    held = f' textLength="{len(words.text) * words.pitch}"' if words.pitch else ' text-anchor="middle"'
    place = f'x="{words.x}" y="{words.y}" font-size="{words.size}" fill="{_hex(words.colour)}"'
    return f"<text {place}{bold}{held}>{escape(words.text, quote=False)}</text>"


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()


# --- files ------------------------------------------------------------------------------------------


def unused_path(path: Path) -> Path:
    """Return `path`, or the first free of picture-2.png, picture-3.png …

    A path that cannot be read counts as free: writing will say why.
    """
    number, unused = 1, path
    while os.path.exists(unused):  # noqa: PTH110 - no error for names that are too long, unlike Path.exists
        number += 1
        unused = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return unused


def save(files: Mapping[Path, bytes]) -> None:
    """Write files atomically, over existing ones: if one cannot be written, none is replaced.

    Raises `Problem` if one cannot be written.
    """
    try:
        for path in files:
            shown = clean(str(path))
            if path.is_dir():
                raise Problem(f"{shown} is a folder: name a file in it")
            if not path.parent.is_dir():
                raise Problem(f"{shown} cannot be written: make its folder first")
        write_files(files.items())
    except OSError as error:
        shown = clean(str(next(iter(files)) if len(files) == 1 else next(iter(files)).parent))
        raise Problem(f"{shown} cannot be written: {error.strerror}") from None
