"""How the run list is filtered and sorted."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textual.message import Message

from vaetui.commands import command
from vaetui.runs.run_fields import RunField
from vaetui.runs.run_query import RunFilter, RunOrder, parse_filter
from vaetui.runs.run_watcher import Run


@dataclass
class RunsChanged(Message):
    """Runs were marked, renamed or deleted, or got another note."""


@dataclass
class RunPicked(Message):
    """Open the run in the directory `path`."""

    path: Path


@dataclass(frozen=True)
class RunListSettings:
    """Filter and order of the run list; every method returns new ones.

    `text` is the filter as typed, `filter` the last one that could be read, `error` why `text` could not, ""
    if it could. Without an `order` the runs keep theirs, the nearest to the words of the filter first.
    `has_pane` is whether the list is shown beside the view, where there is room.
    """

    text: str = ""
    filter: RunFilter = field(default_factory=RunFilter)
    error: str = ""
    order: RunOrder | None = None
    has_pane: bool = False

    def typed(self, text: str) -> RunListSettings:
        """Filter by what was typed; where it cannot be read, the filter stays."""
        try:
            return dataclasses.replace(self, text=text, filter=parse_filter(text), error="")
        except ValueError as error:
            return dataclasses.replace(self, text=text, error=str(error))

    def sorted_by(self, column: RunField) -> RunListSettings:
        """Sort by `column`; if that is so already, reverse the order."""
        is_same = self.order is not None and self.order.field is column
        return self.reversed() if is_same else dataclasses.replace(self, order=RunOrder(column))

    def reversed(self) -> RunListSettings:
        """Reverse the order, if there is one."""
        if self.order is None:
            return self
        return dataclasses.replace(self, order=RunOrder(self.order.field, not self.order.descending))

    def stepped(self, fields: Sequence[RunField], by: int) -> RunListSettings:
        """Sort by the next of `fields` (1) or the previous one (−1); before the first: unsorted."""
        at = fields.index(self.order.field) if self.order and self.order.field in fields else -1
        place = min(max(at + by, -1), len(fields) - 1)
        return dataclasses.replace(self, order=None if place < 0 else RunOrder(fields[place]))

    def listed(self, runs: Sequence[Run]) -> tuple[Run, ...]:
        """Return the runs that pass the filter, in this order."""
        passing = self.filter.nearest_first(runs)
        return tuple(self.order.sorted(passing) if self.order else passing)

    def command(self, folder: Path) -> str:
        """Return the command that lists the same runs."""
        words = ["--filter", self.filter.text] if self.filter.text.strip() else []
        if self.order is not None:
            words.append(f"--sort={'-' * self.order.descending}{self.order.field.name}")
        return command("ls", *words, runs=folder.absolute())
