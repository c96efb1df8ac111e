"""The selection that stays while checkpoints change: test images, noise, path, settings of views."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from vaetui.arrays import Bytes, Floats
from vaetui.latent.interpolation import Interpolation
from vaetui.latent.scatter_settings import ScatterSettings
from vaetui.latent.traversal import TraversalOffsets
from vaetui.render import strokes
from vaetui.tui.state.chart_settings import ChartSettings
from vaetui.tui.state.gallery import Gallery
from vaetui.tui.state.sample_settings import SampleSettings

HOTTEST = 20  # tenths


@dataclass(frozen=True)
class Selection:
    """What is selected beside the run; every method returns a new selection.

    `image` is the index of the test image that is shown; `seed` and `tenths` (standard deviation in tenths)
    are the noise of samples. `interpolation` has the stops and the step between them; `scatter`, `charts`,
    `gallery` and `sampling` are the settings of those views. `offsets` are the changes of the image's code.
    `drawing` is the image drawn by hand, 784 bytes, which may be a stop, too. `epoch` is the epoch of the
    timeline that is shown, None for the model.
    """

    image: int = 0
    seed: int = 0
    tenths: int = 10
    interpolation: Interpolation = field(default_factory=Interpolation)
    scatter: ScatterSettings = field(default_factory=ScatterSettings)
    offsets: TraversalOffsets = field(default_factory=TraversalOffsets)
    sampling: SampleSettings = field(default_factory=SampleSettings)
    drawing: bytes = strokes.BLANK
    charts: ChartSettings = field(default_factory=ChartSettings)
    gallery: Gallery = field(default_factory=Gallery)
    epoch: int | None = None
    is_centred: bool = True  # whether models see the drawing centred

    @property
    def temperature(self) -> float:
        """Return the standard deviation of the noise."""
        return self.tenths / 10

    def moved(self, by: int, images: int) -> Selection:
        """Select the image `by` further, within `images`."""
        return dataclasses.replace(self, image=min(max(self.image + by, 0), max(images - 1, 0)))

    def with_seed(self, by: int) -> Selection:
        """Select another noise seed."""
        return dataclasses.replace(self, seed=max(self.seed + by, 0))

    def with_temperature(self, by: int) -> Selection:
        """Raise the temperature by `by` tenths, within 0 to 2."""
        return dataclasses.replace(self, tenths=min(max(self.tenths + by, 0), HOTTEST))

    def with_end(self, end: str, image: int) -> Selection:
        """Use `image` as end "a" or "b" of the interpolation."""
        interpolation = self.interpolation.with_stop(0 if end == "a" else -1, image)
        return dataclasses.replace(self, interpolation=interpolation)

    def with_stroke(self, mark: Floats, erases: bool) -> Selection:
        """Add the stroke `mark` `(28, 28)` to the drawing, or erase it."""
        change = strokes.erased if erases else strokes.inked
        drawing = strokes.to_bytes(change(strokes.to_page(self.drawing), mark))
        return dataclasses.replace(self, drawing=drawing)

    @property
    def sketch(self) -> strokes.Sketch:
        """Return the drawing as models see it."""
        return strokes.Sketch(self.drawing, self.is_centred)

    def among(self, other: Selection) -> Selection:
        """Take the images of `other`, which are of another dataset; the rest stays."""
        interpolation = self.interpolation.adapted_to(other.interpolation)
        gallery = dataclasses.replace(self.gallery, ranking=other.gallery.ranking)
        return dataclasses.replace(self, image=other.image, interpolation=interpolation, gallery=gallery)


def opening(labels: Bytes) -> Selection:
    """Return the first selection, a path from the first image to the first of another class."""
    others = np.flatnonzero(labels != labels[0])
    return Selection(interpolation=Interpolation((0, int(others[0]) if len(others) else 0)))
