"""Lines take few bytes and draw the same as Textual's own."""

import numpy as np
import pyte
import pytest
from rich.segment import Segment
from textual.strip import Strip

from tests.vaetui.tui.emulated import console, diff_strip, seen, some_segments
from vaetui.render.colours import Colour
from vaetui.render.terminal import Depth
from vaetui.render.theme import style

RED, BLACK = (255, 0, 0), (0, 0, 0)
DEPTHS: tuple[Depth, ...] = ("truecolor", "256", "16", "none")
Piece = tuple[str, Colour | None, Colour | None]


def written(depth: Depth, *pieces: Piece, bold: bool = False) -> str:
    segments = [Segment(text, style(fg, bg, bold, depth)) for text, fg, bg in pieces]
    return diff_strip(segments, depth).render(console(depth))


GOLDEN: dict[Depth, str] = {
    "truecolor": "\x1b[38;2;255;0;0;48;2;0;0;0m▀▀▄ x\x1b[48;2;255;0;0m \x1b[0m",
    "256": "\x1b[38;5;196;48;5;16m▀▀▄ x\x1b[48;5;196m \x1b[0m",
    "16": "\x1b[91;40m▀▀▄ x\x1b[101m \x1b[0m",
    "none": "▀▀▀ x ",
}


@pytest.mark.parametrize("depth", DEPTHS)
def test_current_colours_are_used(depth: Depth) -> None:
    """Use one code for swapped halves, a space and a letter of the same two colours."""
    pieces = [("▀▀", RED, BLACK), ("▀", BLACK, RED), (" ", None, BLACK), ("x", RED, BLACK), (" ", None, RED)]
    assert written(depth, *pieces) == GOLDEN[depth]


@pytest.mark.parametrize(
    ("pieces", "line"),
    [
        ([("a", RED, None), ("b", None, None)], "\x1b[38;5;196ma\x1b[39mb"),
        ([("a", RED, BLACK), ("b", None, BLACK)], "\x1b[38;5;196;48;5;16ma\x1b[39mb\x1b[0m"),
        ([("  ", RED, None)], "  "),
        ([("ab", None, None)], "ab"),
        ([("▀", RED, RED)], "\x1b[48;5;196m \x1b[0m"),
        ([("▀", RED, None)], "\x1b[38;5;196m▀\x1b[0m"),
    ],
)
def test_no_colour_is_set_that_does_not_show(pieces: list[Piece], line: str) -> None:
    assert written("256", *pieces) == line


def test_bold_is_set_and_reset() -> None:
    segments = [Segment("a", style(None, None, True, "256")), Segment("b", style(None, None, False, "256"))]
    assert diff_strip(segments, "256").render(console("256")) == "\x1b[1ma\x1b[22mb"


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("seed", range(12))
def test_lines_draw_the_same_as_textuals(depth: Depth, seed: int) -> None:
    """Cell by cell, also beside Textual's own strips."""
    random = np.random.default_rng(seed)
    parts = [some_segments(random, depth, width) for width in (20, 90, 20)]
    first, own, last = (Strip(segments).render(console(depth)) for segments in parts)
    short = diff_strip(parts[1], depth).render(console(depth))
    screens = [pyte.Screen(130, 1), pyte.Screen(130, 1)]
    for screen, middle in zip(screens, (own, short), strict=True):
        pyte.Stream(screen).feed(first + middle + last)
    assert seen(screens[0]) == seen(screens[1])
    assert len(short.encode()) <= len(own.encode())
