"""Which test digits are looked at, in which order, and how they are laid out."""

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
    """Every method gives a new one.

    `only` is the one class that is looked at, None for all. `ranking` is what the order is by; None where
    that is not known yet, so that the digits are as in the set until it is.
    """

    only: int | None = None
    order: Order = "set"
    ranking: ImageRanking | None = None
    layout: Layout = "grid"

    @property
    def lacks_ranking(self) -> bool:
        """Whether an order is wanted that there is no ranking for."""
        return self.order != "set" and self.ranking is None

    def sequence(self, images: int) -> Integers:
        """All images in this order."""
        if self.ranking is None or self.order == "set" or len(self.ranking.images) != images:
            return np.arange(images)
        return self.ranking.images if self.order == "hardest" else self.ranking.images[::-1]

    def listed(self, labels: Bytes) -> Integers:
        """The images that are looked at, in this order."""
        every = self.sequence(len(labels))
        return every if self.only is None else every[labels[every] == self.only]

    def place(self, labels: Bytes, image: int) -> int:
        """Where an image stands among those listed; where it does not, the next of them, or the last."""
        every = self.sequence(len(labels))
        at = int(np.flatnonzero(every == image)[0]) if 0 <= image < len(every) else 0
        if self.only is None:
            return at
        seen = labels[every] == self.only
        return min(int(seen[:at].sum()), max(int(seen.sum()) - 1, 0))

    def next_only(self, by: int) -> Gallery:
        """With the next class alone (before it: −1); after the last, and before the first, all."""
        stops = (None, *range(CLASSES))
        return dataclasses.replace(self, only=stops[(stops.index(self.only) + by) % len(stops)])

    def next_order(self, name: str, epoch: int) -> Gallery:
        """With the next order; a ranking by another model than that `name` after `epoch` is made anew."""
        ranking = self.ranking
        if ranking is not None and (ranking.name, ranking.epoch) != (name, epoch):
            return dataclasses.replace(self, ranking=None)
        order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        return dataclasses.replace(self, order=order, ranking=None if order == "set" else ranking)
