"""The numbers of the view Traverse for a file: the traversal of one latent dimension."""

from __future__ import annotations

import functools

import numpy as np

from vaetui.export.files import Animation, Array, ExportContent, ImageSheet, columns_for
from vaetui.latent.dimensions import RankedDimensions
from vaetui.latent.traversal import EXPORT_STEPS, MAX_OFFSET, TraversalOffsets
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.content import named, nothing


def content_of(title: str, state: ViewState, dims: RankedDimensions | None) -> ExportContent:
    """The moved code and what it decodes to; the sweep of the chosen dimension, in standard deviations."""
    vae, moves = state.vae, state.selection.offsets
    if vae is None or dims is None:
        return nothing(title, state)
    place = moves.selected_rank(len(dims))
    values = np.linspace(-MAX_OFFSET, MAX_OFFSET, EXPORT_STEPS, dtype=np.float32)
    along = dims.traversal(moves, place, values)
    code, own = dims.code(moves), dims.code(TraversalOffsets())
    images = vae.decode(along)
    arrays: dict[str, Array] = {
        "digit": np.array(state.selection.digit),
        "code": own,
        "z": code,
        "image": vae.decode(code[None])[0],
        "dimension": np.array(int(dims.number[place])),
        "values": values,
        "sweep_z": along,
        "sweep_images": images,
    }
    digits = ImageSheet(
        (images,), columns_for(EXPORT_STEPS), tuple(f"{value:+.2f} sd" for value in values.tolist())
    )
    moving = functools.partial(Animation, images[:, None])
    return named(title, state, ExportContent(arrays=arrays, sheet=digits, animation=moving))
