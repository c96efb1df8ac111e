"""The numbers of the view Traverse for a file: the traversal of one latent dimension."""

from __future__ import annotations

import functools

import numpy as np

from vaetui.export.files import ExportContent
from vaetui.export.images import Animation, Array, ImageSheet, columns_for
from vaetui.format import signed
from vaetui.latent.traversal import EXPORT_STEPS, MAX_OFFSET, TraversalOffsets
from vaetui.tui.views.traverse.view import Traverse


def content_of(view: Traverse) -> ExportContent | None:
    """Return the changed code, decoded, and the traversal of the chosen dimension, in standard deviations."""
    vae, selection, dims = view.state.vae, view.state.selection, view.dimensions()
    if vae is None or dims is None:
        return None
    moves = selection.offsets
    place = moves.selected_rank(len(dims))
    values = np.linspace(-MAX_OFFSET, MAX_OFFSET, EXPORT_STEPS, dtype=np.float32)
    along = dims.traversal(moves, place, values)
    code = dims.code(moves)
    images = vae.decode(along)
    arrays: dict[str, Array] = {
        "digit": np.array(selection.image),
        "code": dims.code(TraversalOffsets()),
        "changed_code": code,
        "changed_image": vae.decode(code[None])[0],
        "dimension": np.array(int(dims.number[place])),
        "values": values,
        "z": along,
        "images": images,
    }
    captions = tuple(f"{signed(value)} std" for value in values.tolist())
    return ExportContent(
        arrays=arrays,
        sheet=ImageSheet((images,), columns_for(EXPORT_STEPS), captions),
        animation=functools.partial(Animation, images[:, None], captions=captions),
        description=f"test image #{selection.image} with dim {dims.number[place] + 1} in standard deviations",
    )
