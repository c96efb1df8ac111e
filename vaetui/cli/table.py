"""Tables that fit the terminal: less important columns are dropped first."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vaetui.cli.messages import fill
from vaetui.cli.streams import plain
from vaetui.preferences import DEFAULTS, default_path, load_preferences
from vaetui.render.cut_text import shorten
from vaetui.render.terminal import Depth, Terminal, is_ascii, is_dumb

GAP = 2
# Rich's names of the colour depths.
SYSTEMS: Mapping[Depth, Literal["truecolor", "256", "standard"] | None] = {
    "truecolor": "truecolor",
    "256": "256",
    "16": "standard",
    "none": None,
}
# Cells of a name: at most; before columns are dropped for it; at least.
LONGEST, LONG, SHORT = 120, 40, 12
UNBOUNDED = 10_000  # output that is not a terminal is read by programs: nothing is left out


@dataclass(frozen=True)
class Column:
    """A heading and a cell per row; the column with the highest `drop` is dropped first, 0 never.

    The cells of a column of names, which `shrinks`, are shortened before columns are dropped; those of a
    column of sentences, which `wraps`, take several lines.
    """

    heading: str
    cells: Sequence[str]
    drop: int = 0
    left: bool = False
    shrinks: bool = False
    wraps: bool = False

    @property
    def width(self) -> int:
        """Terminal cells of the widest line."""
        return max(map(cell_len, (self.heading, *self.cells)))

    def within(self, width: int) -> Column:
        """Return the column with its cells shortened to `width`, if it shrinks."""
        if not self.shrinks:
            return self
        return replace(self, cells=[shorten(cell, width) for cell in self.cells])


def fit(columns: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that fit in `width` terminal cells, in order; empty ones are dropped first.

    Long names are shortened, then columns are dropped, then names are shortened to the room that is left.
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
    """Return the columns that fit as a table without lines."""
    result = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    if is_ascii(os.environ, sys.stdout):  # before widths are measured: β gets longer
        columns = [
            replace(one, heading=plain(one.heading), cells=[*map(plain, one.cells)]) for one in columns
        ]
    kept = fit(columns, width)
    for column in kept:
        side: Literal["left", "right"] = "left" if column.left else "right"
        result.add_column(column.heading, justify=side, no_wrap=not column.wraps)
    for cells in zip(*(column.cells for column in kept), strict=True):
        result.add_row(*cells)
    return result


def print_text(console: Console, text: str, style: str = "") -> None:
    """Print paragraphs, wrapped at blanks to the width of a terminal; a word, such as a path, stays whole."""
    shown = plain(text) if is_ascii(os.environ, sys.stdout) else text
    lines = [fill(line, console.width) for line in shown.split("\n")]
    console.print(Text("\n".join(lines), style), soft_wrap=True)


class _AsciiConsole(Console):
    """A Rich console that draws bars in ASCII."""

    encoding = "ascii"


def console_for(*, stderr: bool = False, live: bool = False, terminal: Terminal | None = None) -> Console:
    """Return a Rich console for stdout or stderr with the detected colours.

    It wraps only on terminals. If `live`, its width follows that of the terminal.
    """
    if terminal is None:
        stream = sys.stderr if stderr else sys.stdout
        try:
            terminal = load_preferences(os.environ, default_path()).detect(os.environ, stream)
        except ValueError:  # `doctor` and the commands that print images report invalid preferences
            terminal = DEFAULTS.detect(os.environ, stream)
    width = terminal.columns if terminal.is_tty else UNBOUNDED
    kind = _AsciiConsole if terminal.glyphs == "ascii" else Console
    return kind(
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
        _environ={},  # Rich's own rules for environment variables differ from ours
    )
