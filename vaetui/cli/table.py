"""Tables that fit: columns that matter less leave first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

GAP = 2
UNBOUNDED = 10_000  # what is not printed on a terminal is read by programs: nothing is left out


@dataclass(frozen=True)
class Column:
    """A heading over one cell a row; of the columns that do not fit, the one with the highest `drop` leaves
    first, and 0 stays.
    """

    heading: str
    cells: Sequence[str]
    drop: int = 0
    left: bool = False

    @property
    def width(self) -> int:
        """Terminal cells that the widest line takes."""
        return max(map(cell_len, (self.heading, *self.cells)))


def fit(columns: Sequence[Column], width: int) -> list[Column]:
    """The columns that fit into `width` terminal cells, in their order; empty ones are left out first."""
    kept = [column for column in columns if any(column.cells)]
    while sum(column.width + GAP for column in kept) - GAP > width:
        droppable = [column for column in kept if column.drop]
        if not droppable:
            break
        kept.remove(max(droppable, key=lambda column: column.drop))
    return kept


def table(columns: Sequence[Column], width: int) -> Table:
    """The columns that fit as a table without lines."""
    made = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, header_style="bold")
    kept = fit(columns, width)
    for column in kept:
        made.add_column(column.heading, justify="left" if column.left else "right", no_wrap=True)
    for cells in zip(*(column.cells for column in kept), strict=True):
        made.add_row(*cells)
    return made


def console_for(*, stderr: bool = False) -> Console:
    """A console that never wraps where nobody looks."""
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    return (
        console
        if console.is_terminal
        else Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=UNBOUNDED)
    )


def nats(value: float | None) -> str:
    """A number of nats, or nothing."""
    return "" if value is None else f"{value:.2f}"


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
