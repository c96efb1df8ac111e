"""The figures that the grid can be coloured by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trainer.contract.metrics import Epoch
from vaetui.format import fixed
from vaetui.runs.run_watcher import Run


@dataclass(frozen=True)
class Metric:
    """One figure of a run's held-out images: its name, unit and how it is written.

    An autoencoder's code is a point, so it has neither rate nor ELBO.
    """

    name: str
    unit: str
    digits: int
    figure: Callable[[Epoch], float]
    of_vaes_only: bool = False

    def read(self, run: Run) -> float | None:
        """The figure after the last epoch; None before there is one, or where the run can have none."""
        if run.latest is None or (self.of_vaes_only and not run.config.model.is_vae):
            return None
        return self.figure(run.latest)

    def write(self, value: float) -> str:
        """`value` without its unit."""
        return fixed(value, self.digits)


METRICS = (
    Metric("−ELBO", "nats", 1, lambda epoch: -epoch.held_out.elbo, of_vaes_only=True),
    Metric("distortion", "nats", 1, lambda epoch: epoch.held_out.distortion),
    Metric("rate", "nats", 1, lambda epoch: epoch.held_out.rate, of_vaes_only=True),
    Metric("MSE draw", "/px", 4, lambda epoch: epoch.held_out.mse),
    Metric("active units", "dims", 0, lambda epoch: epoch.active_units),
)
