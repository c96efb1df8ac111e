"""Lean lines: few bytes, and on the screen what Textual's own would be."""

import numpy as np
import pyte
import pytest
from rich.segment import Segment
from textual.strip import Strip

from tests.vaetui.tui.emulated import console, seen, some_segments
from vaetui.render.colours import Colour
from vaetui.render.terminal import Depth
from vaetui.tui.screen.strips import DiffStrip
from vaetui.tui.screen.theme import style

RED, BLACK = (255, 0, 0), (0, 0, 0)
DEPTHS: tuple[Depth, ...] = ("truecolor", "256", "16", "none")
Piece = tuple[str, Colour | None, Colour | None]


def written(depth: Depth, *pieces: Piece, bold: bool = False) -> str:
    segments = [Segment(text, style(fg, bg, bold, depth)) for text, fg, bg in pieces]
    return DiffStrip(segments).render(console(depth))


GOLDEN: dict[Depth, str] = {
    "truecolor": "\x1b[38;2;255;0;0;48;2;0;0;0m▀▀▄ x\x1b[48;2;255;0;0m \x1b[0m",
    "256": "\x1b[38;5;196;48;5;16m▀▀▄ x\x1b[48;5;196m \x1b[0m",
    "16": "\x1b[91;40m▀▀▄ x\x1b[101m \x1b[0m",
    "none": "▀▀▀ x ",
}


@pytest.mark.parametrize("depth", DEPTHS)
def test_what_is_set_is_used(depth: Depth) -> None:
    """Turned halves, a space and a letter of the same two colours: one code for all."""
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
def test_nothing_is_set_that_is_not_seen(pieces: list[Piece], line: str) -> None:
    assert written("256", *pieces) == line


def test_bold_is_told_and_taken_back() -> None:
    segments = [Segment("a", style(None, None, True, "256")), Segment("b", style(None, None, False, "256"))]
    assert DiffStrip(segments).render(console("256")) == "\x1b[1ma\x1b[22mb"


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("seed", range(12))
def test_lean_lines_draw_what_textual_would(depth: Depth, seed: int) -> None:
    """Cell by cell, also beside Textual's own strips."""
    random = np.random.default_rng(seed)
    parts = [some_segments(random, depth, width) for width in (20, 90, 20)]
    screens = []
    for middle in (Strip, DiffStrip):
        screen = pyte.Screen(130, 1)
        kinds = (Strip, middle, Strip)
        for kind, segments in zip(kinds, parts, strict=True):
            pyte.Stream(screen).feed(kind(segments).render(console(depth)))
        screens.append(seen(screen))
    assert screens[0] == screens[1]
    lean, own = (kind(parts[1]).render(console(depth)) for kind in (DiffStrip, Strip))
    assert len(lean.encode()) <= len(own.encode())
