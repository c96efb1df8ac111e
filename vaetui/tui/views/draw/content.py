"""The numbers of the view Draw for a file: the drawing, its code and its reconstruction."""

from __future__ import annotations

import numpy as np

from vaetui.export.files import Array, ExportContent, ImageSheet
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.content import named, nothing
from vaetui.tui.views.draw.reconstruction import Taken


def content_of(title: str, state: ViewState, taken: Taken | None) -> ExportContent:
    """The drawing as the model sees it, its code and its reconstruction."""
    if taken is None:
        return nothing(title, state)
    arrays: dict[str, Array] = {
        "drawing": np.frombuffer(state.selection.drawing, np.uint8).astype(np.float32) / np.float32(255),
        "seen": taken.seen,
        "code": taken.mean,
        "reconstruction": taken.made,
        "distortion": np.array(taken.distortion),
    }
    if taken.rate is not None:
        arrays["rate"] = np.array(taken.rate)
    digits = ImageSheet((np.stack([taken.seen, taken.made]),), 2, ("drawn", f"{taken.distortion:.1f} nats"))
    return named(title, state, ExportContent(arrays=arrays, sheet=digits))
