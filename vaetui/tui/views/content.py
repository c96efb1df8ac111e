"""What the views share of writing their numbers to a file."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Literal

import numpy as np

from vaetui.export.content import run_arrays
from vaetui.export.files import Animation, Array, ExportContent, ImageSheet, columns_for
from vaetui.runs import timeline
from vaetui.runs.run_watcher import Run
from vaetui.tui.state.view_state import ViewState


def nothing(title: str, state: ViewState) -> ExportContent:
    """A view without numbers: its screen is all there is."""
    run = f"-{state.run.path.name}" if state.run else ""
    return ExportContent(title.lower() + run)


def named(title: str, state: ViewState, found: ExportContent) -> ExportContent:
    """With a name, and the run of the numbers beside them."""
    about = run_arrays(state.run.path.name if state.run else "", state.vae)
    return dataclasses.replace(found, name=nothing(title, state).name, arrays={**about, **found.arrays})


def training_frames(run: Run | None, name: Literal["probes", "draws"]) -> functools.partial[Animation] | None:
    """What moves as a run learns, where it has learnt for more than one epoch."""
    return functools.partial(epochs, run.path, name) if run and len(run.epochs) > 1 else None


def epochs(run: Path, name: Literal["probes", "draws"]) -> Animation:
    """The pictures `name` that the trainer made after each epoch. Raises `Problem` where there are none."""
    images = getattr(timeline.read_timeline(run), name)
    return Animation(images, columns_for(images.shape[1]), is_returning=False)


def timeline_frame(title: str, state: ViewState, at: int, name: Literal["probes", "draws"]) -> ExportContent:
    """The pictures `name` of one frame of the timeline, `at` its place; all frames in motion."""
    found = state.timeline
    if found is None:
        return nothing(title, state)
    images = getattr(found, name)[at]
    arrays: dict[str, Array] = {"epoch": np.array(found.epochs[at]), name: images}
    if name == "probes":
        arrays["indices"] = found.probe_index
    pictures = np.asarray(images, np.float32) / np.float32(255)
    digits = ImageSheet((pictures,), columns_for(len(images)))
    return named(
        title, state, ExportContent(arrays=arrays, sheet=digits, animation=training_frames(state.run, name))
    )
