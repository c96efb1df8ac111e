"""The numbers of the view Loss for a file: metrics by epoch."""

from __future__ import annotations

import numpy as np

from trainer.contract.metrics import Figures
from vaetui.export.files import ExportContent
from vaetui.export.images import Array
from vaetui.tui.views.loss.view import Loss


def content_of(view: Loss) -> ExportContent | None:
    """Return the curves, each `(epochs,)` and NaN without validation, and the KL `(epochs, latent)`."""
    epochs = view.state.run.epochs if view.state.run else ()
    if not epochs:
        return None
    unknown = Figures(*[float("nan")] * 4)
    arrays: dict[str, Array] = {"epochs": np.array([row.epoch for row in epochs])}
    for split, rows in (("train", [e.train for e in epochs]), ("val", [e.val or unknown for e in epochs])):
        for figure in ("distortion", "rate", "elbo", "mse"):
            arrays[f"{split}_{figure}"] = np.array([getattr(row, figure) for row in rows])
    arrays["active_units"] = np.array([row.active_units for row in epochs])
    latent_size = max(len(row.kl_per_dim) for row in epochs)
    kl = np.full((len(epochs), latent_size), np.nan)
    for place, row in enumerate(epochs):
        kl[place, : len(row.kl_per_dim)] = row.kl_per_dim
    return ExportContent(arrays=arrays | {"kl_per_dim": kl})
