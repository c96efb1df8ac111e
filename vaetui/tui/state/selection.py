"""What stays put while checkpoints change: which digits, which noise, which path and step on it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from vaetui.latent.interpolation import Interpolation, Labels
from vaetui.latent.path import InterpolationMethod
from vaetui.latent.scatter_settings import ScatterSettings
from vaetui.latent.traversal import TraversalOffsets
from vaetui.render import strokes
from vaetui.tui.state.chart_settings import Reading
from vaetui.tui.state.gallery import Gallery
from vaetui.tui.state.sample_settings import Sampling

HOTTEST = 20  # tenths


@dataclass(frozen=True)
class Subject:
    """The things under study. Images are numbers in the test set; every method gives a new subject.

    `tenths` is the standard deviation of the noise in tenths. `walk` are the stops of an interpolation and
    the step on it. `plane` is what the scatter of codes shows. `moves` are what is moved in the code of the
    digit. `sampling` is what draws are from. `drawing` is what was drawn by hand, 784 bytes; it may be a
    stop, too. `reading` is how the charts are read. `gallery` says which digits are gone through. `epoch` is
    the one that timelines are shown at, None for models as they are.
    """

    digit: int = 0
    seed: int = 0
    tenths: int = 10
    walk: Interpolation = field(default_factory=Interpolation)
    plane: ScatterSettings = field(default_factory=ScatterSettings)
    moves: TraversalOffsets = field(default_factory=TraversalOffsets)
    sampling: Sampling = field(default_factory=Sampling)
    drawing: bytes = strokes.BLANK
    reading: Reading = field(default_factory=Reading)
    gallery: Gallery = field(default_factory=Gallery)
    epoch: int | None = None
    is_centred: bool = True  # whether models see the drawing centred

    @property
    def temperature(self) -> float:
        """The standard deviation of the noise."""
        return self.tenths / 10

    def moved(self, by: int, images: int) -> Subject:
        """With the first digit shown `by` further, staying inside `images`."""
        return dataclasses.replace(self, digit=min(max(self.digit + by, 0), max(images - 1, 0)))

    def at(self, image: int) -> Subject:
        """With another digit."""
        return dataclasses.replace(self, digit=image)

    def hung(self, gallery: Gallery) -> Subject:
        """With other digits to go through, or in another order or layout."""
        return dataclasses.replace(self, gallery=gallery)

    def back_at(self, epoch: int | None) -> Subject:
        """With timelines shown at `epoch`, or, None, models as they are."""
        return dataclasses.replace(self, epoch=epoch)

    def reseeded(self, by: int) -> Subject:
        """With other noise."""
        return dataclasses.replace(self, seed=max(self.seed + by, 0))

    def warmed(self, by: int) -> Subject:
        """With the temperature `by` tenths higher, 0 to 2."""
        return dataclasses.replace(self, tenths=min(max(self.tenths + by, 0), HOTTEST))

    @property
    def a(self) -> int:
        """The first stop of the walk."""
        return self.walk.stops[0]

    @property
    def b(self) -> int:
        """The last stop of the walk."""
        return self.walk.stops[-1]

    @property
    def step(self) -> int:
        """The place on the walk, 0 … `steps` − 1."""
        return self.walk.step

    @property
    def steps(self) -> int:
        """All steps of the walk."""
        return self.walk.steps

    @property
    def how(self) -> InterpolationMethod:
        """The way from stop to stop."""
        return self.walk.how

    def walked(self, walk: Interpolation) -> Subject:
        """With another walk."""
        return dataclasses.replace(self, walk=walk)

    def shifted(self, moves: TraversalOffsets) -> Subject:
        """With other dimensions of the code moved."""
        return dataclasses.replace(self, moves=moves)

    def sampled(self, sampling: Sampling) -> Subject:
        """With draws from elsewhere."""
        return dataclasses.replace(self, sampling=sampling)

    def with_end(self, end: str, image: int) -> Subject:
        """With `image` as end "a" or "b" of the walk."""
        return self.walked(self.walk.replaced(0 if end == "a" else -1, image))

    def drawn(self, drawing: bytes) -> Subject:
        """With another drawing."""
        return dataclasses.replace(self, drawing=drawing)

    def marked(self, mark: strokes.Floats, erases: bool) -> Subject:
        """With the stroke `mark` `(28, 28)` on the drawing, or erased from it."""
        change = strokes.erased if erases else strokes.inked
        return self.drawn(strokes.to_bytes(change(strokes.to_page(self.drawing), mark)))

    def recentred(self) -> Subject:
        """With the drawing shown to models as it was drawn, or centred again."""
        return dataclasses.replace(self, is_centred=not self.is_centred)

    @property
    def sketch(self) -> strokes.Sketch:
        """The drawing and how models see it."""
        return strokes.Sketch(self.drawing, self.is_centred)

    def among(self, other: Subject) -> Subject:
        """With the images of `other`, which belong to another dataset; the rest stays."""
        gallery = self.gallery.ranked(other.gallery.ranking)
        return dataclasses.replace(self, digit=other.digit, walk=self.walk.among(other.walk), gallery=gallery)


def opening(labels: Labels) -> Subject:
    """The subject to begin with: from the first image to the first of another class."""
    others = np.flatnonzero(labels != labels[0])
    return Subject(walk=Interpolation((0, int(others[0]) if len(others) else 0)))
