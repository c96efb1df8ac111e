"""What the panes of the comparison share: its entries in their order, who is marked, colours, a rectangle."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vaetui.render.cells import Colour
from vaetui.runs.compare import ComparedRun, ModelChoice
from vaetui.tui.screen.theme import BRIGHT, CURVE_COLOURS, DIM


@dataclass(frozen=True)
class Rect:
    """A part of a canvas, in cells."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Order:
    """One way to sort the table: by which column, and what of an entry, lowest first."""

    column: str
    key: Callable[[ComparedRun], float]


ORDERS = (
    Order("−ELBO", lambda entry: math.inf if entry.negative_elbo is None else entry.negative_elbo),
    Order("distortion", lambda entry: entry.figures.distortion),
    Order("rate", lambda entry: entry.figures.rate),
    Order("active", lambda entry: -entry.active_units),
    Order("MSE draw", lambda entry: entry.figures.mse),
    Order(
        "MSE mean", lambda entry: math.inf if entry.mse_posterior_mean is None else entry.mse_posterior_mean
    ),
    Order("z", lambda entry: entry.latent),
    Order("β", lambda entry: -1.0 if entry.beta is None else entry.beta),
)


@dataclass(frozen=True, eq=False)
class Board:
    """The comparison as it is to be painted.

    `ranked` are the entries of one protocol, VAEs before autoencoders; `apart` those measured otherwise, a
    list a protocol. `without` counts the runs that have no figures yet.
    """

    ranked: Sequence[ComparedRun]
    apart: Sequence[Sequence[ComparedRun]]
    without: int
    choice: ModelChoice
    cursor: Path | None
    order: Order = ORDERS[0]
    by_latent: bool = True  # lines and colours of the plane
    by_error: bool = False  # classes by squared error instead of distortion

    @property
    def shown(self) -> list[ComparedRun]:
        """Every entry, in the order of the table."""
        return [*self.ranked, *(entry for group in self.apart for entry in group)]

    @property
    def marked(self) -> ComparedRun | None:
        """The entry that the cursor is on."""
        return next((entry for entry in self.shown if entry.path == self.cursor), None)

    @property
    def protocol(self) -> str:
        """How the figures that are ranked were measured."""
        vaes = [entry for entry in self.ranked if entry.beta is not None]
        every = vaes or list(self.ranked)
        return every[0].protocol.description if every else ""

    def number(self, path: Path) -> int:
        """The place of an entry in `shown`, for clicks."""
        return next(place for place, entry in enumerate(self.shown) if entry.path == path)

    def colour(self, value: float | None, by_latent: bool) -> Colour:
        """The colour of one latent size, or of one β; autoencoders are grey where β decides."""
        if value is None:
            return DIM
        kinds = {e.latent if by_latent else e.beta for e in self.shown}
        values = sorted(kind for kind in kinds if kind is not None)
        return CURVE_COLOURS[values.index(value) % len(CURVE_COLOURS)] if value in values else BRIGHT


def ordered(found: Sequence[ComparedRun], order: Order) -> list[ComparedRun]:
    """VAEs before autoencoders, which are not ranked with them, each by `order`."""
    return sorted(found, key=lambda entry: (entry.beta is None, order.key(entry), entry.latent))
