"""The rate of every latent dimension over the epochs of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.contract.metrics import Epoch
from vaetui.arrays import Floats
from vaetui.render.pixels import thumbnail


@dataclass(frozen=True, eq=False)
class Rates:
    """Nats `(latent, epochs)`, the dimension with the largest rate in the end first; `dims` from 0."""

    values: Floats
    dims: tuple[int, ...]
    epochs: tuple[int, ...]

    @property
    def most(self) -> float:
        """Return the highest rate, 1 where all are 0."""
        return float(self.values.max(initial=0.0)) or 1.0

    def text(self, epoch: int, width: int) -> str:
        """Write the sum at `epoch` and the largest rates, as many as `width` columns have room for."""
        if epoch not in self.epochs:
            return f"no figures at epoch {epoch}"
        values = self.values[:, self.epochs.index(epoch)]
        text = f"sum {values.sum():.1f} nats"
        for place in np.argsort(-values, kind="stable").tolist():
            more = f"  z{self.dims[place] + 1} {values[place]:.2f}"
            if len(text + more) > width:
                break
            text += more
        return text

    def pixels(self, wanted: list[int], lines: int) -> Floats:
        """Return 0…1 for epochs `wanted`, `(2 · lines, wanted)`; whole lines a dimension where that fits."""
        columns, epochs = np.array(wanted), np.array(self.epochs)
        nearest = np.abs(epochs[None] - columns[:, None]).argmin(1)
        picture = self.values[:, nearest] / np.float32(self.most)
        picture[:, (columns > epochs[-1]) | (columns < epochs[0])] = 0
        if len(self.dims) > lines:
            return thumbnail(picture, 2 * lines, len(wanted))
        return np.repeat(picture, 2 * (lines // len(self.dims)), axis=0)


def rates(epochs: tuple[Epoch, ...]) -> Rates:
    """Return the rates of a VAE with at least one epoch; what is not finite counts as 0."""
    latent = len(epochs[-1].kl_per_dim)
    rows = [epoch.kl_per_dim if len(epoch.kl_per_dim) == latent else (0.0,) * latent for epoch in epochs]
    values = np.nan_to_num(np.array(rows, np.float32).T, nan=0.0, posinf=0.0, neginf=0.0)
    order = np.argsort(-values[:, -1], kind="stable")
    return Rates(values[order], tuple(order.tolist()), tuple(epoch.epoch for epoch in epochs))
