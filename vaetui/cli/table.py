"""Tables that fit: columns that matter less leave first."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from vaetui.cli.streams import plain
from vaetui.preferences import default_path, preferences
from vaetui.render.terminal import Depth, Terminal, detect, is_ascii, is_dumb

GAP = 2
# What Rich calls the colours of each depth.
SYSTEMS: Mapping[Depth, Literal["truecolor", "256", "standard"] | None] = {
    "truecolor": "truecolor",
    "256": "256",
    "16": "standard",
    "none": None,
}
# Cells of a name: where there is room; before columns leave for it; however little room there is.
LONGEST, LONG, SHORT = 120, 40, 12
UNBOUNDED = 10_000  # what is not printed on a terminal is read by programs: nothing is left out


@dataclass(frozen=True)
class Column:
    """A heading over one cell a row; of the columns that do not fit, the one with the highest `drop` leaves
    first, and 0 stays. One of names `shrinks` before that.
    """

    heading: str
    cells: Sequence[str]
    drop: int = 0
    left: bool = False
    shrinks: bool = False

    @property
    def width(self) -> int:
        """Terminal cells that the widest line takes."""
        return max(map(cell_len, (self.heading, *self.cells)))

    def within(self, width: int) -> Column:
        """Return the column with its cells shortened to `width`, where it shrinks."""
        if not self.shrinks:
            return self
        return replace(self, cells=[shorten(cell, width) for cell in self.cells])


def shorten(text: str, width: int) -> str:
    """Shorten `text` to `width` terminal cells, with … in the middle; more of the beginning is kept.

    A letter keeps its accents.
    """
    if cell_len(text) <= width:
        return text
    room = max(0, width - 1)
    letters = _letters(text)
    first = _as_many(letters, room - room // 3)
    last = _as_many(letters[::-1], room - sum(map(cell_len, first)))
    return "".join([*first, "…", *last[::-1]])


def _letters(text: str) -> list[str]:
    """Split `text` into characters, each with the zero-width characters that follow it."""
    letters: list[str] = []
    for character in text:
        if letters and not cell_len(character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _as_many(letters: Sequence[str], width: int) -> list[str]:
    """Return the first letters that fit in `width` cells."""
    found: list[str] = []
    for letter in letters:
        width -= cell_len(letter)
        if width < 0:
            break
        found.append(letter)
    return found


def fit(columns: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that fit in `width` terminal cells, in order; empty ones are dropped first.

    Long names are shortened, then columns leave, then names are shortened to what room there is.
    """
    kept = [column.within(LONGEST) for column in columns if any(column.cells)]
    if _total(kept) > width:
        kept = [column.within(LONG) for column in kept]
    while _total(kept) > width:
        droppable = [column for column in kept if column.drop]
        if not droppable:
            break
        kept.remove(max(droppable, key=lambda column: column.drop))
    over = max(0, _total(kept) - width)
    return [column.within(max(SHORT, column.width - over)) for column in kept]


def _total(columns: Sequence[Column]) -> int:
    return sum(column.width + GAP for column in columns) - GAP


def table(columns: Sequence[Column], width: int) -> Table:
    """The columns that fit as a table without lines."""
    made = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    if is_ascii(os.environ, sys.stdout):  # before widths are measured: β becomes longer
        columns = [
            replace(one, heading=plain(one.heading), cells=[*map(plain, one.cells)]) for one in columns
        ]
    kept = fit(columns, width)
    for column in kept:
        made.add_column(column.heading, justify="left" if column.left else "right", no_wrap=True)
    for cells in zip(*(column.cells for column in kept), strict=True):
        made.add_row(*cells)
    return made


class _Console(Console):
    """A Rich console that draws bars in ASCII if the locale is ASCII only."""

    is_ascii = False

    @property
    def encoding(self) -> str:
        """What Rich asks before it draws."""
        return "ascii" if self.is_ascii else super().encoding


def console_for(*, stderr: bool = False, live: bool = False, terminal: Terminal | None = None) -> Console:
    """Return a Rich console for stdout or stderr with the detected colours.

    It never wraps where nobody looks. Where it is `live`, its width is that of the terminal at any time.
    """
    terminal = terminal or _detected(sys.stderr if stderr else sys.stdout)
    width = terminal.columns if terminal.is_tty else UNBOUNDED
    console = _Console(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        width=None if live and terminal.is_tty else width,
        force_terminal=terminal.is_tty,
        force_jupyter=False,
        force_interactive=terminal.is_tty and not is_dumb(os.environ),
        legacy_windows=False,
        color_system=SYSTEMS[terminal.depth],
        no_color=False,
        _environ={},  # it has rules of its own for variables, which are not ours
    )
    console.is_ascii = terminal.glyphs == "ascii"
    return console


def _detected(stream: TextIO) -> Terminal:
    """What `stream` shows; preferences that mean nothing are refused by who draws, and by `doctor`."""
    try:
        wanted = preferences(os.environ, default_path())
    except ValueError:
        return detect(os.environ, stream)
    return detect(os.environ, stream, glyphs=wanted.glyphs, colors=wanted.colors)


def nats(value: float | None) -> str:
    """Format a number of nats, None as an empty text; long numbers use exponents."""
    if value is None:
        return ""
    return f"{value:.2f}" if abs(value) < 1e7 else f"{value:.3g}"


def per_pixel(error: float) -> str:
    """Format a squared error per pixel for a table."""
    return f"{error:.4f}" if abs(error) < 1e5 else f"{error:.3g}"


def duration(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def age(seconds: float) -> str:
    """A time ago in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(max(0, seconds))} s"
