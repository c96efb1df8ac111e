"""The metrics by which the grid can be coloured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trainer.contract.metrics import Epoch
from vaetui.format import fixed
from vaetui.runs.run_watcher import Run


@dataclass(frozen=True)
class Metric:
    """A metric of a run's held-out images. Plain autoencoders have neither rate nor ELBO."""

    name: str
    unit: str
    digits: int
    value_of: Callable[[Epoch], float]
    of_vaes_only: bool = False

    def read(self, run: Run) -> float | None:
        """Return the metric after the last epoch, None if the run has none."""
        if run.latest is None or (self.of_vaes_only and not run.config.model.is_vae):
            return None
        return self.value_of(run.latest)

    def write(self, value: float) -> str:
        """Format `value` without its unit."""
        return fixed(value, self.digits)


METRICS = (
    Metric("−ELBO", "nats", 1, lambda epoch: -epoch.held_out.elbo, of_vaes_only=True),
    Metric("distortion", "nats", 1, lambda epoch: epoch.held_out.distortion),
    Metric("rate", "nats", 1, lambda epoch: epoch.held_out.rate, of_vaes_only=True),
    Metric("MSE draw", "/px", 4, lambda epoch: epoch.held_out.mse),
    Metric("active units", "dims", 0, lambda epoch: epoch.active_units),
)
