"""Spans, the step between pixels and text, and the characters that draw them."""

from __future__ import annotations

from typing import NamedTuple

from vaetui.render.colours import Colour

UPPER, LOWER, FULL = "▀", "▄", "█"
RAMP = " .:-=+*#%@"  # from no ink to full ink
# By which quarters are filled: bit 0 is the upper left, then upper right, lower left, lower right.
QUARTERS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
COMPLEMENT = {block: QUARTERS[15 - filled] for filled, block in enumerate(QUARTERS)}


class Span(NamedTuple):
    """Neighbouring cells of one style; None is the terminal's own colour, or one that does not show."""

    text: str
    fg: Colour | None
    bg: Colour | None


Row = list[Span]


def overlay(row: Row, start: int, new: Span) -> Row:
    """Return `row` with `new` over its cells from column `start` on; what reaches beyond the row is cut."""
    width = len("".join(next(zip(*row, strict=True), ())))
    text = new.text[max(-start, 0) : max(width - start, 0)]
    if not text:
        return row
    start = max(start, 0)
    return [*part(row, 0, start), Span(text, new.fg, new.bg), *part(row, start + len(text), width)]


def cell_at(row: Row, column: int) -> Span | None:
    """Return the cell of `row` at `column`, None where there is none."""
    return next(iter(part(row, column, column + 1)), None)


def part(row: Row, start: int, end: int) -> Row:
    """Return the cells of `row` from column `start` to before `end`."""
    pieces, column = [], 0
    for span in row:
        kept = span.text[max(start - column, 0) : max(end - column, 0)]
        column += len(span.text)
        if kept:
            pieces.append(Span(kept, span.fg, span.bg))
    return pieces
