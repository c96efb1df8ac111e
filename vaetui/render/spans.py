"""What pictures are made of on the way from pixels to text, and the characters that draw them."""

from __future__ import annotations

from typing import NamedTuple

from vaetui.render.colours import Colour

UPPER, LOWER, FULL = "▀", "▄", "█"
RAMP = " .:-=+*#%@"  # from no ink to full ink
# Each block beside the one that fills what it leaves out.
_PAIRS = " █ ▀▄ ▌▐ ▚▞ ▘▟ ▝▙ ▖▜ ▗▛"
OTHER = {
    pair[side]: pair[1 - side] for pair in (_PAIRS[at : at + 2] for at in range(0, 24, 3)) for side in (0, 1)
}


class Span(NamedTuple):
    """Neighbouring cells of one look; a colour that is None is the terminal's own, or does not show."""

    text: str
    fg: Colour | None
    bg: Colour | None


Row = list[Span]
