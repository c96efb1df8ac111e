"""What the scatter of codes shows: projection, axes, cursor, zoom and class."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

Projection = Literal["dims", "pca", "tsne"]
PROJECTIONS: tuple[Projection, ...] = ("dims", "pca", "tsne")
MAX_ZOOM = 6  # doublings
CLASSES = 10


@dataclass(frozen=True)
class ScatterSettings:
    """Every method gives a new one.

    `across` and `up` are the dimensions (or principal axes) of the two directions, 0 the widest; `x` and `y`
    the cursor in units of the projection; `zoom` counts doublings; `only` is the one class in colour, None
    for all; `is_sheet` is whether a plane of digits is wanted instead of codes.
    """

    projection: Projection = "dims"
    across: int = 0
    up: int = 1
    x: float = 0.0
    y: float = 0.0
    zoom: int = 0
    only: int | None = None
    is_sheet: bool = False

    def axes(self, latent: int) -> tuple[int, int]:
        """Two different dimensions that there are among `latent`, as wanted if possible; (0, 0) of one."""
        across, up = min(self.across, latent - 1), min(self.up, latent - 1)
        if across == up:
            across, up = (across - 1, up) if across else (0, min(1, latent - 1))
        return across, up

    def turned(self, direction: Literal["across", "up"], by: int, latent: int) -> ScatterSettings:
        """With the next dimension in one direction, passing over the one of the other."""
        across, up = self.axes(latent)
        if latent < 3:
            return self
        here, other = (across, up) if direction == "across" else (up, across)
        here = (here + by) % latent
        if here == other:
            here = (here + by) % latent
        across, up = (here, other) if direction == "across" else (other, here)
        return dataclasses.replace(self, across=across, up=up)

    def next_projection(self) -> ScatterSettings:
        """With the next projection, the cursor in its middle."""
        place = (PROJECTIONS.index(self.projection) + 1) % len(PROJECTIONS)
        return dataclasses.replace(self.reset(), projection=PROJECTIONS[place])

    def at(self, x: float, y: float) -> ScatterSettings:
        """With the cursor elsewhere."""
        return dataclasses.replace(self, x=x, y=y)

    def zoomed(self, by: int) -> ScatterSettings:
        """`by` doublings closer, from all to 2⁶ times."""
        return dataclasses.replace(self, zoom=min(max(self.zoom + by, 0), MAX_ZOOM))

    def with_only(self, only: int | None) -> ScatterSettings:
        """With one class in colour, or all."""
        return dataclasses.replace(self, only=only)

    def next_only(self, by: int) -> ScatterSettings:
        """With the next class alone: all, 0, 1 … 9, all."""
        place = (0 if self.only is None else self.only + 1) + by
        place %= CLASSES + 1
        return self.with_only(None if place == 0 else place - 1)

    def reset(self) -> ScatterSettings:
        """With the cursor in the middle and everything in sight."""
        return dataclasses.replace(self, x=0.0, y=0.0, zoom=0)

    def flipped(self) -> ScatterSettings:
        """Digits over the plane instead of codes, or codes again."""
        return dataclasses.replace(self, is_sheet=not self.is_sheet)
