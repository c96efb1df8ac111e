"""The pictures of a run's timeline for a file."""

from __future__ import annotations

import functools

import numpy as np

from vaetui.export.files import ExportContent
from vaetui.export.images import Animation, Array, ImageSheet, columns_for, numbered_rows
from vaetui.runs import timeline
from vaetui.runs.run_watcher import Run
from vaetui.runs.timeline import PictureKind
from vaetui.tui.state.view_state import ViewState

# What pictures of the timeline are called in a file, as those of the model are.
_NAMES: dict[PictureKind, str] = {"probes": "reconstructions", "draws": "images"}


def training_frames(run: Run | None, name: PictureKind) -> functools.partial[Animation] | None:
    """Return what reads the pictures of every epoch, None for a run with fewer than two epochs."""
    if run is None or len(run.epochs) < 2:
        return None
    return functools.partial(timeline.animate_training, run.path, name)


def timeline_frame(state: ViewState, name: PictureKind) -> ExportContent | None:
    """Return the pictures `name` of the selected epoch, None where there is no timeline; all epochs move."""
    found, epoch = state.timeline, state.selection.epoch
    if found is None or epoch is None:
        return None
    at = found.place(epoch)
    images = np.asarray(getattr(found, name)[at], np.float32) / np.float32(255)
    arrays: dict[str, Array] = {"epoch": np.array(found.epochs[at]), _NAMES[name]: images}
    if name == "probes":
        arrays["indices"] = found.probe_index
    across, frames = columns_for(len(images)), training_frames(state.run, name)
    if name == "probes":
        sheet = ImageSheet((images,), across, tuple(f"#{number}" for number in found.probe_index))
        what = "reconstructions of test images (posterior mean), as the trainer kept them"
    else:
        sheet = ImageSheet((images,), across, row_names=numbered_rows(len(images), across))
        what = "decoded draws of N(0, I), as the trainer kept them"
    return ExportContent(arrays=arrays, sheet=sheet, animation=frames, description=what)
