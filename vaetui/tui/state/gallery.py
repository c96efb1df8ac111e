"""Which test images are shown, in which order and layout."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainer.contract.config import CLASSES
from vaetui.arrays import Bytes, Integers
from vaetui.models.image_ranking import ImageRanking

Order = Literal["set", "hardest", "easiest"]
Layout = Literal["grid", "one", "row", "column", "all"]

ORDERS: tuple[Order, ...] = ("set", "hardest", "easiest")


@dataclass(frozen=True)
class Gallery:
    """Filter, order and layout of the test images; every method returns a new one.

    `only` is the one class that is shown, None for all. Until there is a `ranking` to sort by, images keep
    the order of the dataset.
    """

    only: int | None = None
    order: Order = "set"
    ranking: ImageRanking | None = None
    layout: Layout = "grid"

    @property
    def lacks_ranking(self) -> bool:
        """Return whether there is no ranking for the order."""
        return self.order != "set" and self.ranking is None

    def sequence(self, images: int) -> Integers:
        """Return the indices of all images in this order."""
        if self.ranking is None or self.order == "set" or len(self.ranking.images) != images:
            return np.arange(images)
        return self.ranking.images if self.order == "hardest" else self.ranking.images[::-1]

    def listed(self, labels: Bytes) -> Integers:
        """Return the indices of the images that are shown, in this order."""
        every = self.sequence(len(labels))
        return every if self.only is None else every[labels[every] == self.only]

    def place(self, labels: Bytes, image: int) -> int:
        """Return the place of an image among those shown; else that of the next one shown, or the last."""
        every = self.sequence(len(labels))
        at = int(np.flatnonzero(every == image)[0]) if 0 <= image < len(every) else 0
        if self.only is None:
            return at
        seen = labels[every] == self.only
        return min(int(seen[:at].sum()), max(int(seen.sum()) - 1, 0))

    def next_only(self, by: int) -> Gallery:
        """Filter by the next class (previous: −1): all, 0, 1 … 9, all."""
        stops = (None, *range(CLASSES))
        return dataclasses.replace(self, only=stops[(stops.index(self.only) + by) % len(stops)])

    def next_order(self, name: str, epoch: int) -> Gallery:
        """Select the next order; drop a ranking by another model than `name` after `epoch`."""
        ranking = self.ranking
        if ranking is not None and (ranking.name, ranking.epoch) != (name, epoch):
            return dataclasses.replace(self, ranking=None)
        order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        return dataclasses.replace(self, order=order, ranking=None if order == "set" else ranking)
