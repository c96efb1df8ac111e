"""What is written to a terminal: byte by byte, and as a terminal emulator sees it."""

import itertools
import re

import numpy as np
import pytest

from tests.vaetui.render.seeing import Seen, digit, halves, quarters, real, shown
from vaetui.render.ansi import _codes, to_ansi
from vaetui.render.cells import ascii_rows, half_blocks, picture
from vaetui.render.colours import ColourMap, diverging, grey, ink
from vaetui.render.spans import RAMP, Row, Span
from vaetui.render.terminal import Depth, Glyphs

RNG = np.random.default_rng(0)
RUNGS: tuple[Glyphs, ...] = ("half", "quadrant", "ascii")
DEPTHS: tuple[Depth, ...] = ("truecolor", "256", "16", "none")
ENDS = {"truecolor": 0, "256": 5, "16": 64}  # how far a grey may be from what it should be, of 255


# --- bytes ---

SMALL = np.array(
    [[0, 0, 0, 1, 1, 1], [0, 0.2, 1, 1, 1, 0], [0, 0, 0.6, 0.6, 1, 0], [0.2, 0, 0.6, 0.6, 0, 0]], np.float32
)
GOLDEN: dict[tuple[Glyphs, Depth], list[str]] = {
    ("half", "truecolor"): [
        "\x1b[48;2;0;0;0m \x1b[38;2;0;0;0;48;2;51;51;51m▀\x1b[48;5;231m▀  ▄\x1b[m",
        "\x1b[38;2;51;51;51;48;2;0;0;0m▄ \x1b[48;2;153;153;153m  \x1b[38;5;231;48;2;0;0;0m▀ \x1b[m",
    ],
    ("half", "256"): [
        "\x1b[48;5;16m \x1b[38;5;16;48;5;236m▀\x1b[48;5;231m▀  ▄\x1b[m",
        "\x1b[38;5;236;48;5;16m▄ \x1b[48;5;246m  \x1b[38;5;231;48;5;16m▀ \x1b[m",
    ],
    ("half", "16"): [
        "\x1b[40m  \x1b[30;107m▀  ▄\x1b[m",
        "\x1b[40m  \x1b[100m  \x1b[97;40m▀ \x1b[m",
    ],
    ("half", "none"): [
        " .=@@=",
        ". ++= ",
    ],
    ("quadrant", "truecolor"): [
        "\x1b[38;2;0;0;0;48;2;51;51;51m▛\x1b[48;5;231m▘▗\x1b[m",
        "\x1b[38;2;0;0;0;48;2;51;51;51m▜\x1b[48;2;153;153;153m \x1b[48;5;231m▟\x1b[m",
    ],
    ("quadrant", "256"): [
        "\x1b[38;5;16;48;5;236m▛\x1b[48;5;231m▘▗\x1b[m",
        "\x1b[38;5;16;48;5;236m▜\x1b[48;5;246m \x1b[48;5;231m▟\x1b[m",
    ],
    ("quadrant", "16"): [
        "\x1b[97;40m ▟▛\x1b[m",
        "\x1b[40m \x1b[100m \x1b[97;40m▘\x1b[m",
    ],
    ("quadrant", "none"): [
        " ▟▛",
        " █▘",
    ],
    ("ascii", "truecolor"): [
        " .=@@=",
        ". ++= ",
    ],
    ("ascii", "256"): [
        " .=@@=",
        ". ++= ",
    ],
    ("ascii", "16"): [
        " .=@@=",
        ". ++= ",
    ],
    ("ascii", "none"): [
        " .=@@=",
        ". ++= ",
    ],
}


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("glyphs", RUNGS)
def test_a_small_picture_byte_by_byte(glyphs: Glyphs, depth: Depth) -> None:
    columns = 3 if glyphs == "quadrant" else 6
    assert to_ansi(picture(SMALL, columns, 2, glyphs, depth), depth) == GOLDEN[glyphs, depth]


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("glyphs", ["kitty", "sixel"])
def test_what_a_protocol_draws_has_half_blocks_too(glyphs: Glyphs, depth: Depth) -> None:
    assert to_ansi(picture(SMALL, 6, 2, glyphs, depth), depth) == GOLDEN["half", depth]


def test_a_foreground_is_set_with_the_ground_before_it() -> None:
    black, grey_, white = (0, 0, 0), (8, 8, 8), (255, 255, 255)
    row = [Span("  ", None, black), Span(" ", None, black), Span("▀", grey_, black), Span("a", white, None)]
    assert to_ansi([row], "256") == ["\x1b[38;5;232;48;5;16m   ▀\x1b[38;5;231;49ma\x1b[m"]


def test_black_is_never_a_colour_that_themes_change_where_it_can_be_said_outright() -> None:
    for level in range(256):
        (foreground, _) = _codes((level, level, level), "truecolor")
        assert not re.fullmatch("38;5;(1[6-9]|2[01])", foreground)


def _fewest(row: Row, depth: Depth) -> int:
    """The bytes of the shortest of all ways to draw a row, each block either way."""
    ways: list[list[tuple[str | None, str, int]]] = []
    for span in row:
        assert span.bg is not None
        fg, bg = _codes(span.fg or span.bg, depth), _codes(span.bg, depth)
        if span.fg is None:
            ways.append([(None, bg[1], 1)])
        else:
            ways.append([(fg[0], bg[1], 3), (bg[0], fg[1], 3)])
    fewest = []
    for chosen in itertools.product(*ways):
        now, size, late = {"fg": "39", "bg": "49"}, len("\x1b[m"), False
        for span, (foreground, background, width) in zip(row, chosen, strict=True):
            wanted = {"fg": foreground, "bg": background}
            codes = [new for ground, new in wanted.items() if new is not None and now[ground] != new]
            size += len(span.text) * width + (len(f"\x1b[{';'.join(codes)}m") if codes else 0)
            if late and len(codes) == 1 and codes[0] == foreground:
                size -= len("\x1b[m") - len(";")  # both can be set at once, before the spaces
            now |= {ground: new for ground, new in wanted.items() if new is not None}
            late = width == 1 and (late or bool(codes))
        fewest.append(size)
    return min(fewest)


@pytest.mark.parametrize("depth", ["truecolor", "256"])
@pytest.mark.parametrize("seed", range(20))
def test_no_way_to_draw_a_line_is_shorter(seed: int, depth: Depth) -> None:
    levels = np.random.default_rng(seed).choice([0, 0, 0.2, 0.6, 1], (2, 14)).astype(np.float32)
    (row,) = half_blocks(levels)
    (line,) = to_ansi([row], depth)
    assert len(line.encode()) <= _fewest(row, depth) + 2  # what could be set at once is not foreseen


@pytest.mark.parametrize(("depth", "most"), [("truecolor", 23_557), ("256", 18_049), ("16", 9_113)])
def test_ten_digits_cost_no_more_than_they_did(depth: Depth, most: int) -> None:
    lines = [line for number in range(10) for line in to_ansi(half_blocks(real(number)), depth)]
    assert len("".join(lines).encode()) <= most


# --- pixels ---


def _wanted(pixels: Seen) -> Seen:
    """Bytes as the nearest of 16 greys."""
    level = np.rint(pixels / 17).astype(np.int64) * 17
    return np.repeat(level[..., None], 3, axis=-1)


@pytest.mark.parametrize("depth", ["truecolor", "256", "16"])
@pytest.mark.parametrize("number", range(5))
def test_a_digit_of_half_blocks_is_read_back(depth: Depth, number: int) -> None:
    pixels = real(number)
    seen = halves(to_ansi(picture(pixels, 28, 14, "half", depth), depth), 28)
    assert np.abs(seen - _wanted(pixels.astype(np.int64))).max() <= ENDS[depth]


@pytest.mark.parametrize("depth", ["truecolor", "256", "16"])
@pytest.mark.parametrize("number", range(5))
def test_a_digit_of_quadrants_is_read_back(depth: Depth, number: int) -> None:
    """At full size each pixel is as wide as a cell; at half of it, cells have the least error."""
    pixels = real(number)
    large = halves(to_ansi(picture(pixels, 28, 14, "quadrant", depth), depth), 28)
    assert np.abs(large - _wanted(pixels.astype(np.int64))).max() <= ENDS[depth]
    small = shown(to_ansi(picture(pixels, 14, 14, "quadrant", depth), depth), 14)[..., 0]
    for y, x in np.ndindex(14, 14):
        there = (slice(2 * y, 2 * y + 2), slice(2 * x, 2 * x + 2))
        wanted = pixels[there].ravel().astype(float)
        best = _least_error(wanted)
        rounding = 8.5 + 0.5 + ENDS[depth]
        drawn = np.sqrt(np.square(small[there].ravel() - wanted).sum())
        assert drawn <= np.sqrt(best) + 2 * rounding + 1e-6
        if best == 0 and depth == "truecolor":
            np.testing.assert_array_equal(small[there], _wanted(pixels[there].astype(np.int64))[..., 0])


def _least_error(quarters: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """The least sum of squares of four values that become two."""
    found = []
    for bits in range(16):
        filled = np.array([bits >> place & 1 for place in range(4)], bool)
        parts = [quarters[filled], quarters[~filled]]
        found.append(sum(float(np.square(part - part.mean()).sum()) for part in parts if part.size))
    return min(found)


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_digit_in_ascii_is_read_back(depth: Depth) -> None:
    pixels = real()
    lines = to_ansi(picture(pixels, 28, 14, "ascii", depth), depth)
    density = np.array([[RAMP.index(char) for char in line] for line in lines]) / (len(RAMP) - 1)
    mean = pixels.reshape(14, 2, 28).mean(1) / 255
    assert np.abs(density - mean).max() <= 0.5 / (len(RAMP) - 1) + 1e-6


def test_without_colours_quadrants_are_a_silhouette() -> None:
    pixels = real()
    lines = to_ansi(picture(pixels, 14, 14, "quadrant", "none"), "none")
    filled = shown([f"\x1b[97;40m{line}\x1b[m" for line in lines], 14)[..., 0] == 255
    np.testing.assert_array_equal(filled, pixels >= 128)
    assert to_ansi(picture(pixels, 28, 14, "half", "none"), "none") == ascii_rows(pixels)


@pytest.mark.parametrize("what", ["digit", "noise"])
@pytest.mark.parametrize("colours", [grey, ink, diverging])
@pytest.mark.parametrize("glyphs", ["half", "quadrant"])
def test_a_terminal_shows_the_colours_of_the_spans(glyphs: Glyphs, what: str, colours: ColourMap) -> None:
    pixels = digit() if what == "digit" else RNG.random((28, 28)).astype(np.float32) * 2 - 1
    rows = picture(pixels, 14, 7, glyphs, "truecolor", colours)
    np.testing.assert_array_equal(shown(to_ansi(rows, "truecolor"), 14), quarters(rows))


@pytest.mark.parametrize("depth", ["truecolor", "256", "16"])
def test_every_line_stands_on_its_own(depth: Depth) -> None:
    gap = Span("  ", None, None)
    lines = to_ansi([[*row, gap, *row] for row in half_blocks(real())], depth)
    assert all(line.endswith("\x1b[m") for line in lines)
    seen = halves(lines, 58)
    np.testing.assert_array_equal(seen[:, :28], seen[:, 30:])
    assert (seen[:, 28:30] == (1, 2, 3)).all()  # what the terminal has of its own
    upside_down = halves(lines[::-1], 58).reshape(14, 2, 58, 3)[::-1]
    np.testing.assert_array_equal(upside_down.reshape(28, 58, 3), seen)


@pytest.mark.parametrize(
    ("columns", "rows"), [(1, 1), (1, 100), (300, 1), (300, 100), (2, 3), (7, 5), (31, 17), (80, 24)]
)
@pytest.mark.parametrize("glyphs", RUNGS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_every_size_is_drawn(columns: int, rows: int, glyphs: Glyphs, depth: Depth) -> None:
    for pixels in (real(), RNG.random((28, 28)).astype(np.float32)):
        lines = to_ansi(picture(pixels, columns, rows, glyphs, depth), depth)
        text = [re.sub("\x1b\\[[\\d;]*m", "", line) for line in lines]
        assert (len(text), {len(line) for line in text}) == (rows, {columns})
        assert "\x1b" not in "".join(text)


@pytest.mark.parametrize("depth", ["truecolor", "256", "16"])
@pytest.mark.parametrize("glyphs", ["half", "quadrant"])
def test_ink_is_read_on_light_paper(glyphs: Glyphs, depth: Depth) -> None:
    seen = shown(to_ansi(picture(real(), 14, 7, glyphs, depth, ink), depth), 14)
    light = np.array([_luminance(colour) for colour in seen.reshape(-1, 3)])
    assert np.median(light) == light.max() > 0.9  # paper
    assert (light.max() + 0.05) / (light.min() + 0.05) > 7  # as WCAG 2 asks of text, at its strictest


def _luminance(colour: Seen) -> float:
    level = colour / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize(("depth", "count"), [("256", 16), ("16", 4)])
def test_fewer_colours_keep_the_order_of_the_greys(depth: Depth, count: int) -> None:
    steps = np.repeat(np.linspace(0, 1, 16, dtype=np.float32)[None], 2, axis=0)
    seen = halves(to_ansi(half_blocks(steps), depth), 16)
    np.testing.assert_array_equal(seen[0], seen[1])
    greys = seen[0, :, 0].tolist()
    assert greys == sorted(greys)
    assert len(set(greys)) == count
    if depth == "16":
        assert sorted(set(greys)) == [0, 127, 229, 255]


# --- economy ---


@pytest.mark.parametrize("depth", ["truecolor", "256", "16"])
def test_only_what_changes_is_set(depth: Depth) -> None:
    lines = to_ansi(half_blocks(RNG.random((28, 28))), depth)
    for line in lines:
        assert line.endswith("\x1b[m")
        now: dict[str, str] = {}
        for code in re.findall(r"\x1b\[([\d;]+)m", line):
            for colour in re.findall(r"[34]8;5;\d+|[34]8;2;\d+;\d+;\d+|\d+", code):
                ground = "fg" if colour[0] in "39" else "bg"
                assert now.get(ground) != colour
                now[ground] = colour


def test_blocks_are_swapped_where_that_is_shorter() -> None:
    red, blue = (255, 0, 0), (0, 0, 255)
    (line,) = to_ansi([[Span("▀▀", red, blue), Span("▀", blue, red), Span(" ", None, red)]], "16")
    assert line == "\x1b[94;101m▄▄▀ \x1b[m"


def test_halves_that_few_colours_cannot_tell_apart_are_a_space() -> None:
    cell = [Span("▀", (0, 0, 0), (9, 9, 9))]
    assert to_ansi([cell], "16") == ["\x1b[40m \x1b[m"]
    assert to_ansi([cell], "256") == ["\x1b[38;5;16;48;5;232m▀\x1b[m"]


def test_text_between_pictures_stays_as_it_is() -> None:
    row = [
        Span("a b", None, None),
        Span("c", (255, 0, 0), None),
        Span(" d", None, None),
        Span("▀", None, None),
    ]
    assert to_ansi([row], "16") == ["a b\x1b[91mc\x1b[m d▀"]
    assert to_ansi([row], "none") == ["a bc d▀"]


def test_without_colours_brightness_becomes_density() -> None:
    pixels = digit()
    lines = to_ansi(half_blocks(pixels), "none")
    assert "".join(lines).isascii()
    assert "\x1b" not in "".join(lines)
    density = np.array([[RAMP.index(c) for c in line] for line in lines])
    exact = np.array([[RAMP.index(c) for c in line] for line in ascii_rows(pixels)])
    assert np.abs(density - exact).max() <= 1
