"""The pictures of a run's timeline for a file."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

import numpy as np

from vaetui.export.files import Animation, Array, ExportContent, ImageSheet, columns_for
from vaetui.runs import timeline
from vaetui.runs.run_watcher import Run
from vaetui.tui.state.view_state import ViewState

Pictures = Literal["probes", "draws"]


def training_frames(run: Run | None, name: Pictures) -> functools.partial[Animation] | None:
    """Return what reads the pictures of every epoch, None for a run with fewer than two epochs."""
    return functools.partial(epochs, run.path, name) if run and len(run.epochs) > 1 else None


def epochs(run: Path, name: Pictures) -> Animation:
    """Read the pictures `name` of every epoch. Raises `Problem` where there are none."""
    images = getattr(timeline.read_timeline(run), name)
    return Animation(images, columns_for(images.shape[1]), is_returning=False)


def timeline_frame(state: ViewState, name: Pictures) -> ExportContent | None:
    """Return the pictures `name` of the selected epoch, None where there is no timeline; all epochs move."""
    found, epoch = state.timeline, state.selection.epoch
    if found is None or epoch is None:
        return None
    at = found.place(epoch)
    images = getattr(found, name)[at]
    arrays: dict[str, Array] = {"epoch": np.array(found.epochs[at]), name: images}
    if name == "probes":
        arrays["indices"] = found.probe_index
    pictures = np.asarray(images, np.float32) / np.float32(255)
    sheet = ImageSheet((pictures,), columns_for(len(images)))
    return ExportContent(arrays=arrays, sheet=sheet, animation=training_frames(state.run, name))
