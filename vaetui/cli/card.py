"""The test pattern of `vaetui doctor`: ramps, an image in each kind of characters, and a ruler of symbols."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trainer.contract.datasets import digits
from trainer.contract.files import Problem
from vaetui.commands import command
from vaetui.render.ansi import to_ansi
from vaetui.render.cells import picture
from vaetui.render.colours import ColourMap, diverging, grey, ink, perceptual
from vaetui.render.pixels import Pixels
from vaetui.render.terminal import Depth, Glyphs, Terminal

LEVELS = 16
STEP = 4  # columns of a level of a ramp, on a wide terminal
SIDE, HEIGHT = 24, 12  # of an image, in cells: three fit into 80 columns
GAP = 2
INDENT = 12
RULER = "▀▄█▘▞▌▟│─┼●◆▲β×·−…"  # the characters of images and tables
_RAMPS: tuple[tuple[str, ColourMap, float], ...] = (
    ("grey", grey, 0.0),
    ("colour", perceptual, 0.0),
    ("difference", diverging, -1.0),
)
_KINDS: tuple[Glyphs, ...] = ("half", "quadrant", "ascii")


def lines(terminal: Terminal) -> Iterator[str]:
    """Yield the lines of the pattern, in ASCII on an ASCII terminal."""
    glyphs = terminal.glyphs if terminal.glyphs in _KINDS else "half"  # protocols would send many images
    step = max(1, min(STEP, (terminal.columns - INDENT) // LEVELS))
    for name, colours, low in _RAMPS:
        values = np.repeat(np.linspace(low, 1, LEVELS, dtype=np.float32), step)
        (ramp,) = _drawn(np.stack([values, values]), LEVELS * step, 1, glyphs, terminal, colours)
        yield f"{name:<{INDENT}}{ramp}"
    yield ""
    yield from _images(terminal)
    if terminal.glyphs != "ascii":
        yield ""
        yield f"{'widths':<{INDENT}}|{RULER}|"
        yield f"{'':<{INDENT}}|{'-' * len(RULER)}| the bars must stand under each other;"
        yield f"{'':<{INDENT}}if not, the font draws characters two cells wide: --glyphs ascii"


def _images(terminal: Terminal) -> Iterator[str]:
    """Yield a bundled image in each kind of characters that the terminal shows, side by side."""
    try:
        pixels, _ = digits.read(slice(0, 1))
    except Problem as problem:
        yield str(problem)
        return
    kinds = _KINDS if terminal.depth != "none" else _KINDS[1:]  # half blocks need colours
    if terminal.glyphs == "ascii":
        kinds = ("ascii",)
    across = max(1, (terminal.columns + GAP) // (SIDE + GAP))
    for start in range(0, len(kinds), across):
        band = kinds[start : start + across]
        yield (" " * GAP).join(f"{kind:^{SIDE}}" for kind in band).rstrip()
        colours = ink if terminal.background == "light" else grey
        drawn = [_drawn(pixels.reshape(28, 28), SIDE, HEIGHT, kind, terminal, colours) for kind in band]
        for parts in zip(*drawn, strict=True):
            yield (" " * GAP).join(parts)
    if terminal.glyphs == "ascii":
        yield f"half and quadrant: `{command('doctor', '--glyphs', 'half')}` shows them"


def _drawn(
    pixels: Pixels, columns: int, rows: int, glyphs: Glyphs, terminal: Terminal, colours: ColourMap
) -> list[str]:
    depth: Depth = "none" if glyphs == "ascii" else terminal.depth
    return to_ansi(picture(pixels, columns, rows, glyphs, depth, colours), depth)
