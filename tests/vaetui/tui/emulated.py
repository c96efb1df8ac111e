"""What is seen on a terminal that was sent escape codes: a cell of a picture has two colours."""

from collections.abc import Sequence

import numpy as np
import pyte
from rich.console import Console
from rich.segment import Segment

from vaetui.render.colours import Colour
from vaetui.render.terminal import Depth
from vaetui.render.theme import style
from vaetui.tui.screen.strips import SYSTEMS, DiffStrip, is_narrow, styled_text

Seen = tuple[object, ...]
COLOURS: tuple[Colour | None, ...] = (None, (0, 0, 0), (10, 10, 12), (200, 40, 40), (120, 120, 120))
COLOURS += ((255, 255, 255), (60, 90, 200))
TEXTS = ("▀", "▀▀▀", "▀▀▀▀▀▀▀▀▀", " ", "   ", "       ", "x", "β = 1", "│", "a b")


def console(depth: Depth) -> Console:
    """What Textual writes with on a terminal of so many colours."""
    return Console(color_system=SYSTEMS[depth], force_terminal=True, _environ={})  # type: ignore[arg-type]


def diff_strip(segments: Sequence[Segment], depth: Depth) -> DiffStrip:
    """Return a line as a canvas makes it for a terminal of so many colours."""
    width = sum(segment.cell_length for segment in segments)
    runs = [styled_text(segment, depth) for segment in segments]
    return DiffStrip(segments, width, runs, all(is_narrow(text) for text, _, _ in runs))


def seen(screen: pyte.Screen) -> list[list[Seen]]:
    """Every cell as it looks."""
    return [[_seen(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


def _seen(cell: pyte.screens.Char) -> Seen:
    front = "own front" if cell.fg == "default" else cell.fg
    back = "own back" if cell.bg == "default" else cell.bg
    halves = {"▀": (front, back), "▄": (back, front), "█": (front, front), " ": (back, back)}
    if cell.data not in halves:
        return (cell.data, front, back, cell.bold)
    upper, lower = halves[cell.data]
    return (upper,) if upper == lower else (upper, lower, cell.bold)


def some_segments(random: np.random.Generator, depth: Depth, width: int) -> list[Segment]:
    """A line of pieces of a few texts and looks, `width` cells."""
    segments: list[Segment] = []
    while room := width - sum(len(segment.text) for segment in segments):
        text = TEXTS[random.integers(len(TEXTS))][:room]
        fg, bg = (COLOURS[random.integers(len(COLOURS))] for _ in range(2))
        segments.append(Segment(text, style(fg, bg, bool(random.integers(4) == 0), depth)))
    return segments


def changed(random: np.random.Generator, segments: Sequence[Segment], depth: Depth) -> list[Segment]:
    """The line with other pieces here and there, as wide as before."""
    line = [*segments]
    for place in random.integers(len(line), size=random.integers(4)):
        line[place : place + 1] = some_segments(random, depth, len(line[place].text))
    return line
