"""An image's code with some dimensions changed, decoded and compared with the code before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vaetui.arrays import Floats
from vaetui.latent.dimensions import RankedDimensions
from vaetui.latent.traversal import TraversalOffsets
from vaetui.models.autoencoder import Vae


@dataclass(frozen=True, eq=False)
class ChangedCode:
    """The changed code and the image's own, decoded `(784,)`, and the traversal `frames` (values, 784).

    `difference` is from the code before: with the chosen dimension on where it is off, else the image's own.
    `nats` are the distortions of changed, own and former code.
    """

    image: Floats
    reconstruction: Floats
    difference: Floats
    frames: Floats
    nats: tuple[float, float, float]

    @property
    def squared_error(self) -> float:
        """Return the sum of the squared difference over all pixels."""
        return float(np.square(self.difference).sum())


def decode_changed(
    vae: Vae, pixels: Floats, dims: RankedDimensions, offsets: TraversalOffsets, values: Floats
) -> ChangedCode:
    """Decode the code of an image, `pixels` (1, 784), changed by `offsets`, and its traversal at `values`."""
    place = offsets.selected_rank(len(dims))
    before = offsets.with_toggled(place) if place in offsets.off else offsets.with_all_reset()
    points = np.stack([dims.code(offsets), dims.code(offsets.with_all_reset()), dims.code(before)])
    decoded = vae.decode(np.concatenate([points, dims.traversal(offsets, place, values)]))
    nats = tuple(vae.distortion(np.repeat(pixels, 3, 0), points).tolist())
    return ChangedCode(decoded[0], decoded[1], decoded[0] - decoded[2], decoded[3:], nats)
