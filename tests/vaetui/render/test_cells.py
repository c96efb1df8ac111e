import itertools
import re

import numpy as np
import numpy.typing as npt
import pyte
import pytest

from vaetui.render.cells import (
    RAMP,
    ColourMap,
    Depth,
    Row,
    Span,
    ascii_rows,
    diverging,
    grey,
    half_blocks,
    ink,
    nearest_16,
    nearest_256,
    thumbnail,
    to_ansi,
)

RNG = np.random.default_rng(0)
Picture = npt.NDArray[np.float32]


def digit() -> Picture:
    """A soft ring on black, like a digit: flat outside, grey at its edges."""
    y, x = np.mgrid[:28, :28]
    distance = np.abs(np.hypot(y - 13.5, x - 13.5) - 7)
    return np.asarray(np.clip(2.5 - distance, 0, 1), np.float32)


def painted(rows: list[Row]) -> npt.NDArray[np.int64]:
    """The pixels (2 · rows, columns, rgb) that spans stand for."""
    pixels = []
    for row in rows:
        upper: list[tuple[int, int, int]] = []
        lower: list[tuple[int, int, int]] = []
        for span in row:
            assert span.bg is not None
            top = span.bg if span.fg is None else span.fg
            upper += [top] * len(span.text)
            lower += [span.bg] * len(span.text)
        pixels += [upper, lower]
    return np.array(pixels)


# --- half blocks ---


def test_a_cell_is_two_pixels() -> None:
    rows = half_blocks(np.array([[0, 1, 1], [0, 0, 1]], np.float32))
    black, white = (0, 0, 0), (255, 255, 255)
    assert rows == [[Span(" ", None, black), Span("▀", white, black), Span(" ", None, white)]]


def test_equal_neighbours_become_one_span() -> None:
    rows = half_blocks(np.array([[0, 0, 1, 1, 1], [0, 0, 0, 0, 0]], np.float32))
    assert [(span.text) for span in rows[0]] == ["  ", "▀▀▀"]


@pytest.mark.parametrize("levels", [2, 16, 256])
def test_every_pixel_is_the_nearest_level(levels: int) -> None:
    pixels = RNG.random((28, 28)).astype(np.float32)
    exact = np.repeat(np.rint(pixels * (levels - 1))[..., None] / (levels - 1) * 255, 3, axis=-1)
    assert np.abs(painted(half_blocks(pixels, levels)) - exact).max() <= 0.5 + 1e-3


def test_bytes_and_fractions_are_the_same_picture() -> None:
    pixels = RNG.integers(0, 256, (28, 28), dtype=np.uint8)
    assert half_blocks(pixels) == half_blocks(pixels.astype(np.float64) / 255)
    assert ascii_rows(pixels) == ascii_rows(pixels.astype(np.float32) / 255)


def test_an_odd_last_row_is_doubled() -> None:
    pixels = np.array([[0.0], [0.0], [1.0]])
    assert half_blocks(pixels) == [[Span(" ", None, (0, 0, 0))], [Span(" ", None, (255, 255, 255))]]
    assert ascii_rows(pixels) == [" ", "@"]


def test_what_is_not_a_number_or_out_of_range_is_drawn_at_the_end_of_the_range() -> None:
    pixels = np.array([[np.nan, -5, 5, np.inf, -np.inf]], np.float32)
    assert painted(half_blocks(pixels))[0, :, 0].tolist() == [0, 0, 255, 255, 0]
    assert ascii_rows(pixels) == ["  @@ "]
    assert len(half_blocks(np.array([[-0.5, -0.1, 0.0]]))[0]) == 1  # all black: one span


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (2, 0)])
def test_an_empty_picture_has_no_cells(shape: tuple[int, int]) -> None:
    assert not any(half_blocks(np.zeros(shape)))
    assert not any(ascii_rows(np.zeros(shape)))
    assert "".join(to_ansi(half_blocks(np.zeros(shape)), "256")) == ""


def test_one_level_is_no_picture() -> None:
    with pytest.raises(ValueError, match="two levels"):
        half_blocks(digit(), levels=1)


# --- ASCII ---


def test_ascii_gets_denser_with_ink() -> None:
    ramp = np.repeat(np.linspace(0, 1, 10)[None], 2, axis=0)
    assert ascii_rows(ramp) == [RAMP]
    assert ascii_rows(ramp, inverted=True) == [RAMP[::-1]]
    assert ascii_rows(np.array([[1.0], [0.0]])) in (["="], ["+"])  # half of it


def test_ascii_is_ascii() -> None:
    lines = ascii_rows(digit())
    assert (len(lines), {len(line) for line in lines}) == (14, {28})
    assert "".join(lines).isascii()


# --- colour maps ---


def test_grey_and_ink_are_complements() -> None:
    values = np.linspace(0, 1, 16, dtype=np.float32)
    assert grey(values)[[0, 15]].tolist() == [[0, 0, 0], [255, 255, 255]]
    np.testing.assert_array_equal(grey(values).astype(int) + ink(values), 255)
    assert grey(values).shape == (16, 3)


def test_diverging_is_black_at_zero_and_grows_to_both_sides() -> None:
    values = np.linspace(-1, 1, 31, dtype=np.float32)
    colours = diverging(values).astype(int)
    assert colours[15].tolist() == [0, 0, 0]
    assert (colours[:15, 2] > colours[:15, 0]).all()  # blue below
    assert (colours[16:, 0] > colours[16:, 2]).all()  # orange above
    brightness = colours.sum(-1)
    assert (np.diff(brightness[15:]) > 0).all()
    assert (np.diff(brightness[:16]) < 0).all()


def test_differences_keep_their_sign_in_every_depth() -> None:
    values = np.array([[-1.0, -0.5, 0.0, 0.5, 1.0]], np.float32)
    (row,) = half_blocks(values, colours=diverging)
    for nearest in (nearest_256, nearest_16):
        numbers = [nearest(span.bg) for span in row if span.bg]
        assert len(set(numbers)) == 5
    below, zero, above = (
        {nearest_16(s.bg) % 8 for s in part if s.bg} for part in (row[:2], row[2:3], row[3:])
    )
    assert (below, zero, above) == ({6}, {0}, {3})  # cyan, black, yellow


# --- thumbnails ---


def test_a_thumbnail_is_the_mean_of_each_area() -> None:
    pixels = RNG.random((28, 28)).astype(np.float32)
    blocks = pixels.reshape(14, 2, 14, 2).mean((1, 3))
    np.testing.assert_allclose(thumbnail(pixels, 14, 14), blocks, atol=1e-6)


@pytest.mark.parametrize("size", [(28, 28), (14, 14), (10, 12), (9, 7), (1, 1), (56, 30)])
def test_a_thumbnail_keeps_the_mean_brightness(size: tuple[int, int]) -> None:
    pixels = RNG.integers(0, 256, (28, 28), dtype=np.uint8)
    small = thumbnail(pixels, *size)
    assert small.shape == size
    assert small.dtype == np.float32
    assert small.mean() == pytest.approx(pixels.mean() / 255, rel=1e-5)


def test_a_partly_covered_pixel_counts_by_its_share() -> None:
    pixels = np.array([[0.0, 0.6, 0.9]])
    np.testing.assert_allclose(thumbnail(pixels, 1, 2), [[0.2, 0.8]], atol=1e-6)


def test_many_thumbnails_at_once() -> None:
    pixels = RNG.random((5, 28, 28)).astype(np.float32)
    each = [thumbnail(one, 14, 14) for one in pixels]
    np.testing.assert_allclose(thumbnail(pixels, 14, 14), each, atol=1e-6)


# --- escape codes ---

_XTERM_16 = ["black", "red", "green", "brown", "blue", "magenta", "cyan", "white"]


def shown(lines: list[str], columns: int) -> list[list[tuple[str, str]]]:
    """Each cell's upper and lower colour as a terminal emulator understands `lines`."""
    screen = pyte.Screen(columns, len(lines))
    pyte.Stream(screen).feed("\r\n".join(lines))
    pixels = []
    for y in range(len(lines)):
        row = []
        for x in range(columns):
            cell = screen.buffer[y][x]
            row.append(
                {
                    " ": (cell.bg, cell.bg),
                    "█": (cell.fg, cell.fg),
                    "▀": (cell.fg, cell.bg),
                    "▄": (cell.bg, cell.fg),
                }[cell.data]
            )
        pixels.append(row)
    return pixels


@pytest.mark.parametrize("picture", ["digit", "noise"])
@pytest.mark.parametrize("colours", [grey, ink, diverging])
def test_a_terminal_shows_the_colours_of_the_spans(picture: str, colours: ColourMap) -> None:
    pixels = digit() if picture == "digit" else RNG.random((28, 28)).astype(np.float32) * 2 - 1
    rows = half_blocks(pixels, colours=colours)
    want = painted(rows)
    got = shown(to_ansi(rows, "truecolor"), 28)
    for y, x in itertools.product(range(14), range(28)):
        expected = tuple("{:02x}{:02x}{:02x}".format(*want[2 * y + half, x]) for half in (0, 1))
        assert got[y][x] == expected


@pytest.mark.parametrize(("depth", "count"), [("256", 16), ("16", 4)])
def test_fewer_colours_keep_the_order_of_the_greys(depth: Depth, count: int) -> None:
    steps = np.repeat(np.linspace(0, 1, 16, dtype=np.float32)[None], 2, axis=0)
    (line,) = to_ansi(half_blocks(steps), depth)
    (cells,) = shown([line], 16)
    colours = [upper for upper, _ in cells]
    assert colours == [lower for _, lower in cells]
    assert len(dict.fromkeys(colours)) == count
    assert [len(list(group)) for _, group in itertools.groupby(colours)] == [
        colours.count(colour) for colour in dict.fromkeys(colours)
    ]
    if depth == "16":
        assert list(dict.fromkeys(colours)) == ["black", "brightblack", "white", "brightwhite"]


@pytest.mark.parametrize("depth", ["truecolor", "256", "16"])
def test_only_what_changes_is_set(depth: Depth) -> None:
    lines = to_ansi(half_blocks(RNG.random((28, 28))), depth)
    for line in lines:
        assert line.endswith("\x1b[0m")
        now: dict[str, str] = {}
        for code in re.findall(r"\x1b\[([\d;]+)m", line)[:-1]:
            for colour in re.findall(r"[34]8;5;\d+|[34]8;2;\d+;\d+;\d+|\d+", code):
                ground = "fg" if colour[0] in "39" else "bg"
                assert now.get(ground) != colour
                now[ground] = colour


def test_a_digit_costs_far_less_than_a_style_a_cell() -> None:
    rows = half_blocks(digit())
    size = {depth: sum(len(line.encode()) for line in to_ansi(rows, depth)) for depth in ("truecolor", "256")}
    assert size["truecolor"] < 28 * 14 * 8
    assert size["256"] < 28 * 14 * 6


def test_blocks_are_swapped_where_that_is_shorter() -> None:
    red, blue = (255, 0, 0), (0, 0, 255)
    (line,) = to_ansi([[Span("▀▀", red, blue), Span("▀", blue, red), Span(" ", None, red)]], "16")
    assert line == "\x1b[91;104m▀▀▄█\x1b[0m"


def test_halves_that_few_colours_cannot_tell_apart_are_a_space() -> None:
    cell = [Span("▀", (0, 0, 0), (9, 9, 9))]
    assert to_ansi([cell], "16") == ["\x1b[40m \x1b[0m"]
    assert to_ansi([cell], "256") == ["\x1b[38;5;16;48;5;232m▀\x1b[0m"]


def test_text_between_pictures_stays_as_it_is() -> None:
    row = [
        Span("a b", None, None),
        Span("c", (255, 0, 0), None),
        Span(" d", None, None),
        Span("▀", None, None),
    ]
    assert to_ansi([row], "16") == ["a b\x1b[91mc\x1b[39m d▀"]
    assert to_ansi([row], "none") == ["a bc d▀"]


def test_without_colours_brightness_becomes_density() -> None:
    pixels = digit()
    lines = to_ansi(half_blocks(pixels), "none")
    assert "".join(lines).isascii()
    assert "\x1b" not in "".join(lines)
    density = np.array([[RAMP.index(c) for c in line] for line in lines])
    exact = np.array([[RAMP.index(c) for c in line] for line in ascii_rows(pixels)])
    assert np.abs(density - exact).max() <= 1


@pytest.mark.parametrize(
    ("colour", "number"),
    [
        ((0, 0, 0), 16),
        ((255, 255, 255), 231),
        ((255, 0, 0), 196),
        ((8, 8, 8), 232),
        ((238, 238, 238), 255),
        ((128, 128, 128), 244),
        ((95, 135, 175), 67),
    ],
)
def test_the_nearest_of_256(colour: tuple[int, int, int], number: int) -> None:
    assert nearest_256(colour) == number
