"""The figures that the grid can be coloured by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trainer.run import Epoch


@dataclass(frozen=True)
class Metric:
    """One figure of an epoch's held-out images: its name, unit and how it is written."""

    name: str
    unit: str
    pattern: str
    read: Callable[[Epoch], float]

    def write(self, value: float) -> str:
        """`value` without its unit."""
        return format(value, self.pattern)


METRICS = (
    Metric("−ELBO", "nats", ".1f", lambda epoch: -epoch.held_out.elbo),
    Metric("distortion", "nats", ".1f", lambda epoch: epoch.held_out.distortion),
    Metric("rate", "nats", ".1f", lambda epoch: epoch.held_out.rate),
    Metric("MSE", "per pixel", ".4f", lambda epoch: epoch.held_out.mse),
    Metric("active units", "dims", ".0f", lambda epoch: epoch.active_units),
)
