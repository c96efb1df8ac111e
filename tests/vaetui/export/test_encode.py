"""Files read back: the pixels of PNG, GIF and SVG are those that were given, the arrays of npz equal."""

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from trainer.contract.config import SIDE
from trainer.contract.tensors import Array
from vaetui.export import encode, layout
from vaetui.export.images import Animation, ImageSheet, columns_for
from vaetui.export.layout import GAP, LARGE, LINE, SCALE
from vaetui.render.drawing import (
    BASE,
    HIGH,
    SIZE,
    WIDE,
    Drawing,
    DrawnText,
    Rectangle,
    StyledCells,
    draw_screen,
)

SVG = "{http://www.w3.org/2000/svg}"
GROUND, INK = (10, 20, 30), (200, 100, 50)
rng = np.random.default_rng(3)


def pictures(count: int) -> Array:
    """Grey levels that a byte holds exactly, as 0…1."""
    levels = rng.integers(0, 256, (count, SIDE * SIDE)) * (rng.random((count, SIDE * SIDE)) > 0.5)
    return (levels / 255).astype(np.float32)


def as_levels(pixels: Array) -> Array:
    return np.asarray(np.rint(255 * pixels), int).reshape(SIDE, SIDE)


def from_png(data: bytes) -> Array:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def from_svg(data: bytes) -> tuple[Array, list[str]]:
    """The pixels, one a unit, and the words of an SVG as this module writes them."""
    root = ElementTree.fromstring(data)
    width, height = (int(part) for part in root.attrib["viewBox"].split()[2:])
    pixels = np.zeros((height, width, 3), int)
    for rect in root.iter(f"{SVG}rect"):
        pixels[:] = list(bytes.fromhex(rect.attrib["fill"][1:]))
    for path in root.iter(f"{SVG}path"):
        for x, y, w, h in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", path.attrib["d"]):
            pixels[int(y) : int(y) + int(h), int(x) : int(x) + int(w)] = list(
                bytes.fromhex(path.attrib["fill"][1:])
            )
    return pixels, [text.text or "" for text in root.iter(f"{SVG}text")]


def corners(count: int, across: int, layers: int, captions: bool) -> list[list[tuple[int, int]]]:
    """Where, in pixels of digits, each digit of each layer lies: column and row."""
    band = layers * (SIDE + 1) - 1 + LINE * captions + GAP
    return [
        [
            (GAP + place % across * (SIDE + GAP), GAP + place // across * band + layer * (SIDE + 1))
            for place in range(count)
        ]
        for layer in range(layers)
    ]


# --- digits


@pytest.mark.parametrize("captions", [(), ("7  80.1 nats", "a <b>", "", "4", "5")])
def test_a_sheet_has_every_pixel_where_it_belongs(captions: tuple[str, ...]) -> None:
    layers = (pictures(5), pictures(5))
    drawing = layout.sheet(ImageSheet(layers, 3, captions))
    as_png, (as_svg, words) = from_png(encode.png(drawing)), from_svg(encode.svg(drawing))
    assert as_png.shape[:2] == (drawing.height * SCALE, drawing.width * SCALE)
    assert words == list(captions)
    places = corners(5, 3, 2, bool(captions))
    for layer, pixels in enumerate(layers):
        for place, (x, y) in enumerate(places[layer]):
            wanted = as_levels(pixels[place])
            for channel in range(3):
                seen = as_svg[y : y + SIDE, x : x + SIDE, channel]
                np.testing.assert_array_equal(seen, wanted)
                large = as_png[y * SCALE : (y + SIDE) * SCALE, x * SCALE : (x + SIDE) * SCALE, channel]
                np.testing.assert_array_equal(large, np.kron(wanted, np.ones((SCALE, SCALE), int)))
    assert (as_png[0] == 255).all()  # paper around them
    assert (as_svg[:, -1] == 255).all()


def test_captions_are_seen_below_their_digits() -> None:
    without = from_png(encode.png(layout.sheet(ImageSheet((pictures(2),), 2, ("", "")))))
    drawing = layout.sheet(ImageSheet((np.zeros((2, 784), np.float32),), 2, ("", "12.3 nats")))
    seen = from_png(encode.png(drawing))
    foot = slice((GAP + SIDE) * SCALE, seen.shape[0])
    half = seen.shape[1] // 2
    assert (without[foot] == 255).all()
    assert (seen[foot, :half] == 255).all()
    assert (seen[foot, half:] < 128).any()


def test_what_is_no_number_is_black() -> None:
    pixels = np.full((1, 784), np.nan, np.float32)
    drawing = layout.sheet(ImageSheet((pixels,), 1))
    assert from_png(encode.png(drawing)).min() == 0


@pytest.mark.parametrize(
    ("count", "wanted"), [(0, 1), (1, 1), (8, 8), (12, 12), (13, 7), (21, 11), (25, 9), (81, 12)]
)
def test_rows_are_nearly_full(count: int, wanted: int) -> None:
    assert columns_for(count) == wanted


# --- frames


@pytest.mark.parametrize("is_returning", [True, False])
def test_a_gif_runs_there_and_back_without_end_and_rests_where_it_turns(is_returning: bool) -> None:
    images = pictures(5)
    made = GifImageFile(io.BytesIO(encode.gif(Animation(images[:, None], is_returning=is_returning))))
    order = [0, 1, 2, 3, 4, 3, 2, 1] if is_returning else [0, 1, 2, 3, 4]
    assert made.n_frames == len(order)
    assert made.info["loop"] == 0
    durations = []
    for place, number in enumerate(order):
        made.seek(place)
        durations.append(made.info["duration"])
        seen = np.asarray(made.convert("L")).astype(int)
        np.testing.assert_array_equal(seen, np.kron(as_levels(images[number]), np.ones((LARGE, LARGE), int)))
    assert {place for place, time in enumerate(durations) if time == 600} == ({0, 4} if is_returning else {4})
    assert set(durations) == {100, 600}


def test_frames_of_several_digits_lie_side_by_side() -> None:
    images = rng.integers(0, 256, (2, 3, 784), dtype=np.uint8)
    made = Image.open(io.BytesIO(encode.gif(Animation(images, across=2))))
    assert made.size == ((2 * SIDE + GAP) * SCALE, (2 * SIDE + GAP) * SCALE)
    seen = np.asarray(made.convert("L"))[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE]
    np.testing.assert_array_equal(seen[SIDE + GAP :, :SIDE], images[0, 2].reshape(SIDE, SIDE))


def test_one_frame_is_a_gif_too() -> None:
    assert GifImageFile(io.BytesIO(encode.gif(Animation(pictures(1)[:, None])))).n_frames == 1


# --- numbers


def test_arrays_come_back_equal_and_twice_the_same_bytes(tmp_path: Path) -> None:
    arrays = {"z": pictures(3), "labels": np.arange(3, dtype=np.uint8), "run": np.array("vae-z2")}
    data = encode.npz(arrays)
    assert data == encode.npz(arrays)
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        assert sorted(found) == sorted(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype


# --- screens


def cell(data: Array, x: int, y: int) -> Array:
    """The pixels of one cell of a screen, one a unit."""
    return data[y * HIGH : (y + 1) * HIGH, x * WIDE : (x + 1) * WIDE]


def shown(text: str) -> Array:
    """One row of text in ink on the ground, as SVG and PNG both have it: `(16, 8 a cell)`, 1 where ink is."""
    drawing = draw_screen([[StyledCells(text, INK, GROUND)]], GROUND, str)
    large = from_png(encode.png(drawing))
    as_png, (as_svg, _) = large[::2, ::2], from_svg(encode.svg(drawing))
    np.testing.assert_array_equal(as_png, large[1::2, 1::2])
    np.testing.assert_array_equal(as_png, as_svg)
    return np.asarray((as_svg == INK).all(-1))


def test_blocks_are_exact() -> None:
    seen = shown("▀▄█▌▐▂▘")
    halves = [cell(seen, x, 0).sum() for x in range(7)]
    assert halves == [64, 64, 128, 64, 64, 32, 32]
    assert cell(seen, 0, 0)[:8].all()
    assert cell(seen, 1, 0)[8:].all()
    assert cell(seen, 4, 0)[:, 4:].all()


@pytest.mark.parametrize(
    ("pair", "filled"),
    [("▘▟", 1000), ("▝▙", 100), ("▖▜", 10), ("▗▛", 1), ("▚▞", 1001), ("▌▐", 1010), ("▀▄", 1100)],
)
def test_quarters_leave_no_seam(pair: str, filled: int) -> None:
    """Two blocks that fill a cell between them: the first fills those quarters, the second the others."""
    one, other = (cell(shown(pair), x, 0) for x in (0, 1))
    quarters = [int(digit) for digit in f"{filled:04}"]
    wanted = np.kron(np.reshape(quarters, (2, 2)), np.ones((HIGH // 2, WIDE // 2), int))
    np.testing.assert_array_equal(one, wanted)
    np.testing.assert_array_equal(other, 1 - wanted)


def test_lines_meet_at_the_edges_of_their_cells() -> None:
    seen = shown("┌─┬┐│┃└┘")
    assert seen[8, 4 : 3 * WIDE + 5].all()  # from corner to corner
    assert not seen[:8, : 4 * WIDE].any()
    assert cell(seen, 4, 0)[:, 4].all()
    assert cell(seen, 5, 0).sum() == 2 * HIGH
    assert cell(seen, 6, 0)[:9, 4].all()
    assert not cell(seen, 6, 0)[9:].any()
    assert not cell(seen, 7, 0)[:, 5:].any()


def test_braille_has_a_dot_for_every_bit() -> None:
    seen = shown("⠁⠈⡀⢀⣿")
    for x, (row, column) in enumerate([(1, 1), (1, 5), (13, 1), (13, 5)]):
        dot = cell(seen, x, 0)
        assert dot[row : row + 2, column : column + 2].all()
        assert dot.sum() == 4
    assert cell(seen, 4, 0).sum() == 8 * 4


def test_shades_are_between_ground_and_ink() -> None:
    pixels = from_svg(
        encode.svg(draw_screen([[StyledCells("░▒▓", (200, 0, 0), (0, 0, 0))]], (0, 0, 0), str))
    )[0]
    assert [int(cell(pixels, x, 0)[3, 3, 0]) for x in range(3)] == [50, 100, 150]


def test_letters_stand_in_their_cells_with_their_ground() -> None:
    rows = [
        [StyledCells("ab  c▀", INK, GROUND, is_bold=True), StyledCells("<&>", GROUND, INK)],
        [StyledCells("数x", INK, GROUND)],
    ]
    drawing = draw_screen(rows, GROUND, str)
    assert (drawing.width, drawing.height) == (9 * WIDE, 2 * HIGH)
    assert [(word.x, word.y, word.text, word.pitch) for word in drawing.words] == [
        (0, BASE, "ab", WIDE),
        (4 * WIDE, BASE, "c", WIDE),
        (6 * WIDE, BASE, "<&>", WIDE),
        (0, HIGH + BASE, "数", 2 * WIDE),
        (2 * WIDE, HIGH + BASE, "x", WIDE),
    ]
    assert drawing.boxes == (Rectangle(6 * WIDE, 0, 3 * WIDE, HIGH, INK),)
    assert from_svg(encode.svg(drawing))[1] == ["ab", "c", "<&>", "数", "x"]
    seen = from_png(encode.png(drawing))[::2, ::2]
    inked = (np.abs(seen - GROUND).sum(-1) > 60)[:HIGH]
    assert [bool(cell(inked, x, 0).any()) for x in range(6)] == [True, True, False, False, True, True]


def test_an_svg_asks_nobody_for_anything() -> None:
    data = encode.svg(draw_screen([[StyledCells("a", INK, GROUND)]], GROUND, str)).replace(
        b"http://www.w3.org/2000/svg", b""
    )
    assert b"http" not in data
    assert b"url(" not in data
    assert b"monospace" in data


def test_without_fonts_letters_are_those_that_pillow_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its font lacks is written plainly, so nothing becomes an empty box."""

    def picture(text: str) -> Array:
        words = (DrawnText(0, BASE, text, INK, SIZE, pitch=WIDE),)
        drawing = Drawing(WIDE, HIGH, 2, GROUND, (), (), words, lambda char: {"β": "b"}.get(char, char))
        return from_png(encode.png(drawing))

    monkeypatch.setattr(encode, "FONTS", (("no such font", "no such font"),))
    encode._font.cache_clear()
    try:
        np.testing.assert_array_equal(picture("β"), picture("b"))
        assert (picture("b") != picture("c")).any()
    finally:
        encode._font.cache_clear()
