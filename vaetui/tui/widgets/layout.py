"""Rectangles of cells, and which part of a long list is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Rect:
    """A rectangle of cells on a canvas."""

    x: int
    y: int
    width: int
    height: int

    def holds(self, x: int, y: int) -> bool:
        """Return whether the cell at column `x` of row `y` is inside."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def first_shown(chosen: int, room: int, count: int) -> int:
    """Return the first of the `room` items to show of `count`, with item `chosen` in the middle."""
    return min(max(chosen - room // 2, 0), max(count - room, 0))


def window(items: Sequence[Item], chosen: Item | None, room: int) -> tuple[Item, ...]:
    """Return the `room` items around the chosen one, the first if it is not among them."""
    start = first_shown(items.index(chosen) if chosen in items else 0, room, len(items))
    return tuple(items[start : start + room])
