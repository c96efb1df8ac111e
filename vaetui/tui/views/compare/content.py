"""The numbers of the view Compare for a file: the table, and one image by every checkpoint."""

from __future__ import annotations

import numpy as np

from vaetui.export.files import ExportContent
from vaetui.export.images import Array, ImageSheet, columns_for
from vaetui.format import fixed
from vaetui.runs.compare import CLASS_NAMES
from vaetui.tui.views.compare.view import Compare


def content_of(view: Compare) -> ExportContent | None:
    """Return the table, a row a checkpoint, and the loaded reconstructions of one image."""
    entries, made = view.comparison().shown, view.reconstructions.value or {}
    if not entries:
        return None
    arrays: dict[str, Array] = {
        "runs": np.array([entry.run_name for entry in entries]),
        "latent": np.array([entry.latent for entry in entries]),
        "beta": np.array([np.nan if entry.beta is None else entry.beta for entry in entries]),
        "seeds": np.array([entry.count for entry in entries]),
        "active_units": np.array([entry.active_units for entry in entries]),
        "split": np.array([entry.protocol.split for entry in entries]),
        "posterior_draws": np.array([entry.protocol.draws for entry in entries]),
    }
    for figure in ("distortion", "rate", "elbo", "mse"):
        arrays[figure] = np.array([getattr(entry.figures, figure) for entry in entries])
    for name, values in (("class_distortion", "classes"), ("class_mse", "errors")):
        rows = [getattr(entry, values) for entry in entries]
        arrays[name] = np.array([[row.get(label, np.nan) for label in CLASS_NAMES] for row in rows])
    shown = [(entry.name, run.path) for entry in entries if (run := view.run_of(entry))]
    loaded = [(name, made[path]) for name, path in shown if path in made]
    images = [one.pixels for _, one in loaded if one.pixels is not None]
    if not images:
        return ExportContent(arrays=arrays)
    captions = tuple(f"{name}  {fixed(one.nats, 0)}" for name, one in loaded if one.pixels is not None)
    sheet = ImageSheet((np.stack(images),), columns_for(len(images)), captions)
    description = f"test image #{view.state.selection.image} by every model, with its distortion in nats"
    return ExportContent(arrays=arrays, sheet=sheet, description=description)
