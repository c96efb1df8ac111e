"""The numbers of the view Compare for a file: the table, and one image by every checkpoint."""

from __future__ import annotations

import numpy as np

from vaetui.export.files import Array, ExportContent, ImageSheet, columns_for
from vaetui.runs.compare import CLASS_NAMES
from vaetui.tui.views.compare.view import Compare


def content_of(view: Compare) -> ExportContent | None:
    """Return the table, a row a checkpoint, and the reconstructions of one image that have been made."""
    entries, made = view.comparison().shown, view.reconstructions
    if not entries:
        return None
    arrays: dict[str, Array] = {
        "runs": np.array([entry.path.name for entry in entries]),
        "latent": np.array([entry.latent for entry in entries]),
        "beta": np.array([np.nan if entry.beta is None else entry.beta for entry in entries]),
        "active_units": np.array([entry.active_units for entry in entries]),
        "split": np.array([entry.protocol.split for entry in entries]),
        "posterior_draws": np.array([entry.protocol.draws for entry in entries]),
    }
    for figure in ("distortion", "rate", "elbo", "mse"):
        arrays[figure] = np.array([getattr(entry.figures, figure) for entry in entries])
    for name, rows in (
        ("class_distortion", [entry.classes for entry in entries]),
        ("class_mse", [entry.errors for entry in entries]),
    ):
        arrays[name] = np.array([[row.get(label, np.nan) for label in CLASS_NAMES] for row in rows])
    found = [(entry.name, made[entry.path]) for entry in entries if entry.path in made]
    pictures = [(f"{name}  {one.nats:.0f}", one.pixels) for name, one in found if one.pixels is not None]
    digits = None
    if pictures:
        images = np.stack([pixels for _, pixels in pictures])
        digits = ImageSheet((images,), columns_for(len(pictures)), tuple(caption for caption, _ in pictures))
    return ExportContent(arrays=arrays, sheet=digits)
