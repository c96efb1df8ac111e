"""The numbers of the view Compare for a file: the table, and one image by every checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vaetui.export.files import Array, ExportContent, ImageSheet, columns_for
from vaetui.tui.state.view_state import Reconstruction, ViewState
from vaetui.tui.views.content import named, nothing
from vaetui.tui.widgets.board import Board


def content_of(
    title: str, state: ViewState, board: Board, made: Mapping[Path, Reconstruction]
) -> ExportContent:
    """The table, a row a checkpoint; the same digit by every checkpoint, where that has been made."""
    entries = board.shown
    if not entries:
        return nothing(title, state)
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
    labels = [str(label) for label in range(10)]
    for name, rows in (
        ("class_distortion", [entry.classes for entry in entries]),
        ("class_mse", [entry.errors for entry in entries]),
    ):
        arrays[name] = np.array([[row.get(label, np.nan) for label in labels] for row in rows])
    pairs = [(e.name, made[e.path].pixels, made[e.path].nats) for e in entries if e.path in made]
    there = [(f"{name}  {nats:.0f}", pixels) for name, pixels, nats in pairs if pixels is not None]
    digits = None
    if there:
        pictures = np.stack([pixels for _, pixels in there])
        digits = ImageSheet((pictures,), columns_for(len(there)), tuple(caption for caption, _ in there))
    return named(title, state, ExportContent(arrays=arrays, sheet=digits))
