"""The columns of a list of runs: name, state, epoch, the settings that differ, figures, age, note."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from vaetui.runs.run_fields import RunField, differing, find_field
from vaetui.runs.run_watcher import Run
from vaetui.settings import SETTINGS

GAP = 2  # cells between columns
SHORT_NAME, LONG_NAME, SHORT_NOTE = 18, 60, 24  # cells: a name at least and at most, a note at least
AGE_WIDTH = 6  # cells of any age
STATE_MARK = 2  # cells of the mark before a state
NAME, STATE, AGE, NOTE = map(find_field, ("name", "state", "age", "note"))
# Before the settings, where a narrow terminal shows them, and after them.
FIRST = (STATE, *map(find_field, ("epoch", "elbo")))
LAST = (AGE, *map(find_field, ("active", "distortion", "rate", "mse")))


@dataclass(frozen=True)
class Column:
    """A field with the width of its column in cells."""

    field: RunField
    width: int


@dataclass(frozen=True)
class RunTable:
    """Runs with the columns that tell them apart, the first of which is the name."""

    runs: tuple[Run, ...]
    columns: tuple[Column, ...]

    @property
    def fields(self) -> tuple[RunField, ...]:
        """Return the fields in the order of their columns."""
        return tuple(column.field for column in self.columns)

    def fitting(self, width: int, wanted: RunField | None) -> tuple[Column, ...]:
        """Return the columns that fit into `width` cells: the name, then those around the `wanted` one.

        The name is cut, down to `SHORT_NAME`, before a column is left out; what is spare goes to the note.
        """
        if not self.columns:
            return ()
        name, *others = self.columns
        room = width - min(name.width, SHORT_NAME)
        end = self.fields.index(wanted) if wanted in self.fields else 0  # the columns before it, it included
        first = next(at for at in range(len(others) + 1) if at >= end or _total(others[at:end]) <= room)
        ends = itertools.accumulate(column.width + GAP for column in others[first:])
        shown = others[first : first + sum(end <= room for end in ends)]
        spare = width - _total(shown)
        names = Column(NAME, min(name.width, spare))
        spare -= names.width
        return (names, *(Column(c.field, c.width + spare) if c.field is NOTE else c for c in shown))


def _total(columns: Sequence[Column]) -> int:
    return sum(column.width + GAP for column in columns)


def run_table(runs: Sequence[Run]) -> RunTable:
    """Return the table of `runs`; a column that would be empty is left out."""
    settings = [field for field in differing(runs) if field.name != "epochs"]  # the column "epoch" has it
    chosen = [field for field in settings if field.name in SETTINGS]
    chosen.sort(key=lambda field: field.name != "dataset")
    following = [field for field in settings if field not in chosen]  # such as the number of images
    fields = (NAME, *FIRST, *chosen, *LAST, *following, NOTE)
    columns = [Column(field, _width(field, runs)) for field in fields]
    return RunTable(tuple(runs), tuple(column for column in columns if column.width))


def _width(field: RunField, runs: Sequence[Run]) -> int:
    """Return the cells of the widest text or the heading with its arrow, 0 where all texts are empty."""
    longest = max((cell_len(field.text(run)) for run in runs), default=0)
    if not longest:
        return 0
    longest += STATE_MARK * (field is STATE)
    most = {NAME: LONG_NAME, NOTE: SHORT_NOTE, AGE: AGE_WIDTH}.get(field, longest)
    return max(min(longest, most), AGE_WIDTH if field is AGE else cell_len(field.label) + 1)
