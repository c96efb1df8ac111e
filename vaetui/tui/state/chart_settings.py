"""Settings of the charts: epoch of the cursor, page, axis and split."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

Split = Literal["validation", "training", "both"]
SPLITS: tuple[Split, ...] = ("validation", "training", "both")


@dataclass(frozen=True)
class ChartSettings:
    """Settings of the charts; every method returns new ones.

    `epoch` is the epoch of the cursor, None for the last one, also of a run in training. `chart` names a page
    of charts, "" for the first. `is_robust` leaves the first epochs out of the vertical axis where they are
    outliers. `split` None is the default: both splits of one run, validation of several.
    """

    epoch: int | None = None
    chart: str = ""
    is_log: bool = False
    is_robust: bool = True
    split: Split | None = None

    def place(self, first: int, last: int) -> int:
        """Return the epoch of the cursor, within `first` to `last`."""
        return last if self.epoch is None else min(max(self.epoch, first), last)

    def at(self, epoch: int, first: int, last: int) -> ChartSettings:
        """Move the cursor to another epoch; at the last one it follows new ones."""
        return dataclasses.replace(self, epoch=None if epoch >= last else max(epoch, first))

    def moved(self, by: int, first: int, last: int) -> ChartSettings:
        """Move the cursor by `by` epochs."""
        return self.at(self.place(first, last) + by, first, last)

    def split_of(self, is_single: bool) -> Split:
        """Return the split to show of a single run or of several."""
        return self.split or ("both" if is_single else "validation")

    def next_split(self, is_single: bool) -> ChartSettings:
        """Show the next split."""
        place = (SPLITS.index(self.split_of(is_single)) + 1) % len(SPLITS)
        return dataclasses.replace(self, split=SPLITS[place])
