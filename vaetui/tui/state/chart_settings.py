"""What the charts are asked for: at which epoch they are read off, which of them, on which axis."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

Split = Literal["validation", "training", "both"]
SPLITS: tuple[Split, ...] = ("validation", "training", "both")


@dataclass(frozen=True)
class ChartSettings:
    """Every method gives a new one.

    `epoch` is where the cursor stands, None at the end, wherever that has come to; `chart` names one of the
    charts, "" for the first. `split` says whose curves are wanted, None for the usual: both of a run alone,
    validation of several.
    """

    epoch: int | None = None
    chart: str = ""
    is_log: bool = False
    split: Split | None = None

    def place(self, first: int, last: int) -> int:
        """Where the cursor stands among epochs `first` to `last`."""
        return last if self.epoch is None else min(max(self.epoch, first), last)

    def at(self, epoch: int, first: int, last: int) -> ChartSettings:
        """With the cursor at another epoch; at the last one it follows what comes."""
        return dataclasses.replace(self, epoch=None if epoch >= last else max(epoch, first))

    def moved(self, by: int, first: int, last: int) -> ChartSettings:
        """With the cursor `by` epochs on."""
        return self.at(self.place(first, last) + by, first, last)

    def of(self, is_alone: bool) -> Split:
        """Whose curves are shown of a run that is alone or among others."""
        return self.split or ("both" if is_alone else "validation")

    def next_split(self, is_alone: bool) -> ChartSettings:
        """With the curves of other images."""
        place = (SPLITS.index(self.of(is_alone)) + 1) % len(SPLITS)
        return dataclasses.replace(self, split=SPLITS[place])
