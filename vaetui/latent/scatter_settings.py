"""Settings of the scatter plot of codes: projection, axes, cursor, zoom and class."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from trainer.contract.config import CLASSES

Projection = Literal["dims", "pca", "tsne"]
PROJECTIONS: tuple[Projection, ...] = ("dims", "pca", "tsne")
MAX_ZOOM = 6  # doublings
MAX_POINT = 4  # pixels along each side of a point


@dataclass(frozen=True)
class ScatterSettings:
    """Settings of the plot; every method returns new ones.

    `across` and `up` are the dimensions (or principal axes) of the two directions, 0 that of the largest
    spread; `x` and `y` the cursor in units of the projection; `zoom` counts doublings; `point` is the side of
    a point in pixels; `only_class` is the one class in colour, None for all; `is_grid` shows a grid of
    decoded images in place of the codes.
    """

    projection: Projection = "dims"
    across: int = 0
    up: int = 1
    x: float = 0.0
    y: float = 0.0
    zoom: int = 0
    point: int = 1
    only_class: int | None = None
    is_grid: bool = False

    def axes(self, latent: int) -> tuple[int, int]:
        """Return two different dimensions among `latent`, as set if possible; (0, 0) of one."""
        across, up = min(self.across, latent - 1), min(self.up, latent - 1)
        if across == up:
            across, up = (across - 1, up) if across else (0, min(1, latent - 1))
        return across, up

    def with_next_axis(self, direction: Literal["across", "up"], by: int, latent: int) -> ScatterSettings:
        """Take the next dimension in one direction, skipping that of the other."""
        across, up = self.axes(latent)
        if latent < 3:
            return self
        axes = {"across": across, "up": up}
        axes[direction] = (axes[direction] + by) % latent
        if axes["across"] == axes["up"]:
            axes[direction] = (axes[direction] + by) % latent
        return dataclasses.replace(self, across=axes["across"], up=axes["up"])

    def with_next_projection(self) -> ScatterSettings:
        """Take the next projection, with the cursor in its centre."""
        place = (PROJECTIONS.index(self.projection) + 1) % len(PROJECTIONS)
        return dataclasses.replace(self.with_reset_view(), projection=PROJECTIONS[place])

    def with_cursor(self, x: float, y: float) -> ScatterSettings:
        """Move the cursor."""
        return dataclasses.replace(self, x=x, y=y)

    def with_zoom(self, by: int) -> ScatterSettings:
        """Zoom in by `by` doublings, from 1 to 2⁶ times."""
        return dataclasses.replace(self, zoom=min(max(self.zoom + by, 0), MAX_ZOOM))

    def with_point(self, by: int) -> ScatterSettings:
        """Make the points larger by `by` pixels, from 1 to 4."""
        return dataclasses.replace(self, point=min(max(self.point + by, 1), MAX_POINT))

    def with_class(self, only: int | None) -> ScatterSettings:
        """Colour one class, or all."""
        return dataclasses.replace(self, only_class=only)

    def with_next_class(self, by: int) -> ScatterSettings:
        """Colour the next class alone: all, 0, 1 … 9, all."""
        choices = (None, *range(CLASSES))
        return self.with_class(choices[(choices.index(self.only_class) + by) % len(choices)])

    def with_reset_view(self) -> ScatterSettings:
        """Centre the cursor and show everything."""
        return dataclasses.replace(self, x=0.0, y=0.0, zoom=0)

    def with_toggled_grid(self) -> ScatterSettings:
        """Show decoded images in place of codes, or codes again."""
        return dataclasses.replace(self, is_grid=not self.is_grid)
