"""What stays put while checkpoints change: which digits, which noise, which path and step on it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vaetui import strokes
from vaetui.latent import How
from vaetui.tui.moves import Moves
from vaetui.tui.plane import Plane
from vaetui.tui.sampling import Sampling

Labels = npt.NDArray[np.uint8]

STEPS = (6, 11, 21, 41, 81)  # each doubles the intervals of the one before, so that a step stays where it is
HOTTEST = 20  # tenths
CLASSES = 10
DRAWING = -1  # the number of the drawing among the images


@dataclass(frozen=True)
class Subject:
    """The things under study. Images are numbers in the test set; every method gives a new subject.

    `tenths` is the standard deviation of the noise in tenths. `a` and `b` are the ends of the path, `step` is
    the place on it, 0 … `steps` − 1. `plane` is what the scatter of codes shows. `moves` are what is
    moved in the code of the digit. `sampling` is what draws are from. `drawing` is what was
    drawn by hand, 784 bytes; it may be an end, too.
    """

    digit: int = 0
    seed: int = 0
    tenths: int = 10
    a: int = 0
    b: int = 0
    step: int = STEPS[2] // 2
    steps: int = STEPS[2]
    how: How = "slerp"
    plane: Plane = field(default_factory=Plane)
    moves: Moves = field(default_factory=Moves)
    sampling: Sampling = field(default_factory=Sampling)
    drawing: bytes = strokes.BLANK
    is_centred: bool = True  # whether models see the drawing centred

    @property
    def temperature(self) -> float:
        """The standard deviation of the noise."""
        return self.tenths / 10

    def moved(self, by: int, images: int) -> Subject:
        """With the first digit shown `by` further, staying inside `images`."""
        return dataclasses.replace(self, digit=min(max(self.digit + by, 0), max(images - 1, 0)))

    def reseeded(self, by: int) -> Subject:
        """With other noise."""
        return dataclasses.replace(self, seed=max(self.seed + by, 0))

    def warmed(self, by: int) -> Subject:
        """With the temperature `by` tenths higher, 0 to 2."""
        return dataclasses.replace(self, tenths=min(max(self.tenths + by, 0), HOTTEST))

    def stepped(self, by: int) -> Subject:
        """With the step `by` further along the path, staying on it."""
        return self.at(self.step + by)

    def at(self, step: int) -> Subject:
        """At `step`, or the end of the path before it."""
        return dataclasses.replace(self, step=min(max(step, 0), self.steps - 1))

    def divided(self, by: int) -> Subject:
        """With the next finer (1) or coarser (−1) division of the path, at the same place or the nearest."""
        place = min(max(STEPS.index(self.steps) + by, 0), len(STEPS) - 1)
        steps = STEPS[place]
        step = round(self.step * (steps - 1) / (self.steps - 1))
        return dataclasses.replace(self, steps=steps, step=step)

    def bent(self) -> Subject:
        """With the other way of going from A to B."""
        return dataclasses.replace(self, how="lerp" if self.how == "slerp" else "slerp")

    def shifted(self, moves: Moves) -> Subject:
        """With other dimensions of the code moved."""
        return dataclasses.replace(self, moves=moves)

    def sampled(self, sampling: Sampling) -> Subject:
        """With draws from elsewhere."""
        return dataclasses.replace(self, sampling=sampling)

    def with_end(self, end: str, image: int) -> Subject:
        """With `image` as end "a" or "b"."""
        return dataclasses.replace(self, a=image) if end == "a" else dataclasses.replace(self, b=image)

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
    def sketch(self) -> strokes.Floats:
        """The drawing as models see it, `(784,)` in 0…1."""
        page = strokes.to_page(self.drawing)
        return (strokes.centred(page) if self.is_centred else page).ravel()

    def among(self, other: Subject) -> Subject:
        """With the images of `other`, which belong to another dataset; the rest stays."""
        a, b = (mine if mine == DRAWING else its for mine, its in ((self.a, other.a), (self.b, other.b)))
        return dataclasses.replace(self, digit=other.digit, a=a, b=b)


def opening(labels: Labels) -> Subject:
    """The subject to begin with: from the first image to the first of another class."""
    others = np.flatnonzero(labels != labels[0])
    return Subject(b=int(others[0]) if len(others) else 0)


def next_class(labels: Labels, image: int, by: int = 1) -> int:
    """The first image of the class after (1) or before (−1) that of `image`, passing over empty classes.

    After the drawing, which is of no class, the first.
    """
    label = int(labels[image]) if image != DRAWING else -1
    for further in range(1, CLASSES + 1):
        found = np.flatnonzero(labels == (label + by * further) % CLASSES)
        if len(found):
            return int(found[0])
    return image


def another(labels: Labels, image: int) -> int:
    """The next image of the same class, after the last the first again; as `next_class` after the drawing."""
    if image == DRAWING:
        return next_class(labels, image)
    same = np.flatnonzero(labels == labels[image])
    return int(same[(np.searchsorted(same, image) + 1) % len(same)])
