"""The test card of `vaetui doctor`: ramps, a digit at every rung, and a ruler that shows wide characters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trainer.contract.datasets import digits
from trainer.contract.files import Problem
from vaetui.render.cells import ColourMap, Depth, Pixels, diverging, grey, ink, picture, to_ansi
from vaetui.render.colours import perceptual
from vaetui.render.terminal import Glyphs, Terminal

LEVELS = 16
STEP = 4  # cells that a level of a ramp is wide, where there is room
SIDE, HEIGHT = 24, 12  # of a digit, in cells: three fit into 80 columns
GAP = 2
INDENT = 12
RULER = "▀▄█▘▞▌▟│─┼●◆▲β×·−…"  # what pictures and tables are made of
_RAMPS: tuple[tuple[str, ColourMap, float], ...] = (
    ("grey", grey, 0.0),
    ("colour", perceptual, 0.0),
    ("difference", diverging, -1.0),
)
_RUNGS: tuple[Glyphs, ...] = ("half", "quadrant", "ascii")


def lines(terminal: Terminal) -> Iterator[str]:
    """The card for a terminal, as lines of text; only ASCII where that is what it shows."""
    step = max(1, min(STEP, (terminal.columns - INDENT) // LEVELS))
    for name, colours, low in _RAMPS:
        values = np.repeat(np.linspace(low, 1, LEVELS, dtype=np.float32), step)
        (drawn,) = _drawn(np.stack([values, values]), LEVELS * step, 1, _rung(terminal), terminal, colours)
        yield f"{name:<{INDENT}}{drawn}"
    yield ""
    yield from _digits(terminal)
    if terminal.glyphs != "ascii":
        yield ""
        yield f"{'widths':<{INDENT}}|{RULER}|"
        yield f"{'':<{INDENT}}|{'-' * len(RULER)}| the bars must stand under each other;"
        yield f"{'':<{INDENT}}if not, the font draws characters two cells wide: --glyphs ascii"


def _rung(terminal: Terminal) -> Glyphs:
    """What ramps are drawn in: the rung below the protocols, which would make an image of each."""
    return terminal.glyphs if terminal.glyphs in _RUNGS else "half"


def _digits(terminal: Terminal) -> Iterator[str]:
    """One bundled digit at every rung that the terminal shows, as many side by side as fit."""
    try:
        pixels, _ = digits.read(slice(0, 1))
    except Problem as problem:
        yield str(problem)
        return
    rungs = tuple(rung for rung in _RUNGS if _shows(terminal, rung))
    across = max(1, (terminal.columns + GAP) // (SIDE + GAP))
    for start in range(0, len(rungs), across):
        band = rungs[start : start + across]
        yield (" " * GAP).join(f"{rung:^{SIDE}}" for rung in band).rstrip()
        colours = ink if terminal.background == "light" else grey
        drawn = [_drawn(pixels.reshape(28, 28), SIDE, HEIGHT, rung, terminal, colours) for rung in band]
        for parts in zip(*drawn, strict=True):
            yield (" " * GAP).join(parts)
    if terminal.glyphs == "ascii":
        yield "half and quadrant: `vaetui doctor --glyphs half` shows them"


def _shows(terminal: Terminal, rung: Glyphs) -> bool:
    """Half blocks are nothing without colours, and no block is where the characters are ASCII."""
    return rung == "ascii" or (
        terminal.glyphs != "ascii" and not (rung == "half" and terminal.depth == "none")
    )


def _drawn(
    pixels: Pixels, columns: int, rows: int, glyphs: Glyphs, terminal: Terminal, colours: ColourMap
) -> list[str]:
    depth: Depth = "none" if glyphs == "ascii" else terminal.depth
    return to_ansi(picture(pixels, columns, rows, glyphs, depth, colours), depth)
