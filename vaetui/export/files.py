"""Encode what a view or a command shows: images (.png, .svg), animations (.gif) and arrays (.npz).

`ExportContent` holds what can be exported; an `ExportFormat` is one file type. Equal contents give equal
bytes.
"""

from __future__ import annotations

import io
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
Part = Literal["screen", "digits", "frames", "arrays"]

GAP, LINE = 2, 4  # pixels between digits, and for a line of caption
SCALE, LARGE = 4, 8  # pixels of a picture to one of a digit, and to one of a digit that moves alone
MOST_ACROSS = 12  # digits in a row of a sheet, where nothing else says
PAPER, BLACK, PENCIL = (255, 255, 255), (0, 0, 0), (70, 70, 70)
SECONDS, REST = 0.1, 0.6  # for which a frame is seen, and one where the way turns
# Whichever of these a machine has; the numbers and letters in a picture are of one width.
FONTS = (
    ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf"),
    ("LiberationMono-Regular.ttf", "LiberationMono-Bold.ttf"),
    ("NotoSansMono-Regular.ttf", "NotoSansMono-Bold.ttf"),
    ("Menlo.ttc", "Menlo.ttc"),
    ("consola.ttf", "consolab.ttf"),
)
FAMILY = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"


# --- what there is to write -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ImageSheet:
    """Rows of columns of images, `across` columns in a row.

    `layers` are arrays `(columns, 784)` in 0…1: what stands in a column from top to bottom. `captions` are
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
    is_returning: bool = True  # they run back to the first, too


@dataclass(frozen=True, eq=False)
class ExportContent:
    """The parts that can be exported, None or empty if they cannot; `name` begins the names of its files.

    `animation` are made when they are wanted, since that may take reading a file.
    """

    name: str = ""
    arrays: Mapping[str, Array] = field(default_factory=dict)
    sheet: ImageSheet | None = None
    animation: Callable[[], Animation] | None = None
    screen: Drawing | None = None

    @property
    def formats(self) -> tuple[ExportFormat, ...]:
        """Return the formats that this content can be exported to."""
        has = {
            "screen": self.screen is not None,
            "digits": self.sheet is not None,
            "frames": self.animation is not None,
            "arrays": bool(self.arrays),
        }
        return tuple(one for one in FORMATS if has[one.part])

    def encode(self, wanted: ExportFormat) -> bytes:
        """Encode the content. Raises `Problem` where an animation cannot be read."""
        if wanted.part == "arrays":
            return npz(self.arrays)
        if wanted.part == "frames":
            assert self.animation is not None
            return gif(self.animation())
        drawing = self.screen if wanted.part == "screen" else sheet(self.sheet) if self.sheet else None
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
    ExportFormat("the digits alone", ".png", "digits"),
    ExportFormat("the digits alone", ".svg", "digits"),
    ExportFormat("the digits, moving", ".gif", "frames"),
    ExportFormat("the screen as it is", ".png", "screen"),
    ExportFormat("the screen as it is", ".svg", "screen"),
    ExportFormat("the numbers, for numpy", ".npz", "arrays"),
)
ENDINGS = tuple(dict.fromkeys(one.ending for one in FORMATS))


def columns_for(count: int) -> int:
    """Return how many images to put in a row so that rows are full, or nearly."""
    rows = -(-count // MOST_ACROSS)
    return max(-(-count // max(rows, 1)), 1)


# --- drawings ---------------------------------------------------------------------------------------


def sheet(digits: ImageSheet) -> Drawing:
    """Draw images white on black, each row of columns over its captions."""
    count, per_row = len(digits.layers[0]), digits.across
    line = LINE if digits.captions else 0
    band = len(digits.layers) * (SIDE + 1) - 1 + line + GAP
    tiles: list[Rectangle] = []
    marks: list[Rectangle] = []
    words: list[DrawnText] = []
    for place in range(count):
        x, y = GAP + place % per_row * (SIDE + GAP), GAP + place // per_row * band
        for layer in digits.layers:
            tiles.append(Rectangle(x, y, SIDE, SIDE, BLACK))
            marks += _runs(layer[place], x, y)
            y += SIDE + 1
        if digits.captions:
            words.append(DrawnText(x + SIDE // 2, y + LINE - 2, digits.captions[place], PENCIL, LINE - 1))
    width = GAP + min(count, per_row) * (SIDE + GAP)
    height = GAP + -(-count // per_row) * band
    return Drawing(width, height, SCALE, PAPER, tuple(tiles), tuple(marks), tuple(words))


def _runs(pixels: Floats, x: int, y: int) -> list[Rectangle]:
    """Return an image `(784,)` as rectangles of equal grey, without black."""
    boxes = []
    for row, levels in enumerate(_levels(pixels).reshape(SIDE, SIDE).tolist()):
        column = 0
        for level, alike in groupby(levels):
            length = len(list(alike))
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
    """Encode a looping GIF, ping-pong where the animation asks for it, with a rest at the turns."""
    from PIL import Image

    scale = LARGE if frames.images.shape[1] == 1 else SCALE
    grids = [_tiled(_levels(frame), frames.across) for frame in frames.images]
    pictures = [Image.fromarray(np.kron(grid, np.ones((scale, scale), np.uint8))) for grid in grids]
    seconds = [SECONDS] * len(pictures)
    seconds[-1] = REST
    if frames.is_returning:
        seconds[0] = REST
        pictures, seconds = pictures + pictures[-2:0:-1], seconds + seconds[-2:0:-1]
    file = io.BytesIO()
    durations = [round(1000 * time) for time in seconds]
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    return file.getvalue()


def _tiled(images: Bytes, per_row: int) -> Bytes:
    """Tile images `(images, 784)` with grey gaps."""
    rows = -(-len(images) // per_row)
    pitch = SIDE + GAP
    grid = np.full((rows * pitch - GAP, min(per_row, len(images)) * pitch - GAP), PENCIL[0], np.uint8)
    for place, image in enumerate(images):
        y, x = place // per_row * pitch, place % per_row * pitch
        grid[y : y + SIDE, x : x + SIDE] = image.reshape(SIDE, SIDE)
    return grid


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
    ways: dict[Colour, list[str]] = {}
    for x, y, width, height, colour in boxes:
        ways.setdefault(colour, []).append(f"M{x} {y}h{width}v{height}h-{width}z")
    return [f'<path fill="{_hex(colour)}" d="{"".join(way)}"/>' for colour, way in ways.items()]


def _text(words: DrawnText) -> str:
    bold = ' font-weight="bold"' if words.is_bold else ""
    held = f' textLength="{len(words.text) * words.pitch}"' if words.pitch else ' text-anchor="middle"'
    place = f'x="{words.x}" y="{words.y}" font-size="{words.size}" fill="{_hex(words.colour)}"'
    return f"<text {place}{bold}{held}>{escape(words.text, quote=False)}</text>"


def _hex(colour: Colour) -> str:
    return "#" + bytes(colour).hex()


# --- files ------------------------------------------------------------------------------------------


def unused_path(path: Path) -> Path:
    """Return `path`, or with the first number that no file has: picture.png, picture-2.png …"""
    number, found = 1, path
    while _is_there(found):
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, a folder that lets nobody in: writing will say so
        return False


def save(path: Path, data: bytes) -> None:
    """Write a file whole, in the place of one that is there. Raises `Problem` where that cannot be."""
    save_all({path: data})


def save_all(files: Mapping[Path, bytes]) -> None:
    """Write several files atomically: if one cannot be written, none is replaced.

    Raises `Problem` where that cannot be.
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
