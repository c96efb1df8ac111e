"""The numbers of the view Draw for a file: the drawing, its code and its reconstruction."""

from __future__ import annotations

import numpy as np

from vaetui.export.files import ExportContent
from vaetui.export.images import Array, ImageSheet
from vaetui.format import fixed
from vaetui.tui.views.draw.view import Draw


def content_of(view: Draw) -> ExportContent | None:
    """Return the drawing as the model sees it, its code and its reconstruction."""
    found, drawing = view.reconstruction(), view.state.selection.drawing
    if found is None:
        return None
    arrays: dict[str, Array] = {
        "drawing": np.frombuffer(drawing, np.uint8).astype(np.float32) / np.float32(255),
        "seen": found.input,
        "code": found.mean,
        "reconstruction": found.image,
        "distortion": np.array(found.distortion),
    }
    if found.rate is not None:
        arrays["rate"] = np.array(found.rate)
    sheet = ImageSheet((np.stack([found.input, found.image]),), 2, ("drawing", "reconstruction"))
    description = f"a drawing and its reconstruction, distortion {fixed(found.distortion, 1)} nats"
    return ExportContent(arrays=arrays, sheet=sheet, description=description)
