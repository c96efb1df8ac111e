"""A walk from test digit to test digit: its stops, how fine its steps are, and where one stands."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vaetui.latent.path import InterpolationMethod

Labels = npt.NDArray[np.uint8]

CLASSES = 10
DRAWING = -1  # the number of the drawing among the images
CLASSIC_CLASSES = (2, 3, 8, 7, 9, 1)  # classes that lie side by side in most models
STEPS_PER_SEGMENT = (5, 10, 20, 40, 80)  # each doubles the one before, so that a step stays where it is
MAX_STOPS = 12
MAX_STEPS = 441  # that a change of the walk is still seen at once


@dataclass(frozen=True)
class Interpolation:
    """Every method gives a new one.

    `stops` are two or more numbers of test images, `per_leg` the steps from one to the next, `step` where one
    stands, 0 … `steps` − 1. `kept` are the stops to go back to from the classic walk.
    """

    stops: tuple[int, ...] = (0, 0)
    step: int = STEPS_PER_SEGMENT[2] // 2
    per_leg: int = STEPS_PER_SEGMENT[2]
    how: InterpolationMethod = "slerp"
    kept: tuple[int, ...] = ()

    @property
    def legs(self) -> int:
        """The ways between two stops."""
        return len(self.stops) - 1

    @property
    def steps(self) -> int:
        """All points, both ends among them."""
        return self.legs * self.per_leg + 1

    @property
    def leg(self) -> int:
        """The leg one is on, from 0; a stop belongs to the leg after it, the last to the one before."""
        return min(self.step // self.per_leg, self.legs - 1)

    @property
    def chosen(self) -> int:
        """The stop that is nearest, in the middle of a leg the one before."""
        return (self.step + (self.per_leg - 1) // 2) // self.per_leg

    def at(self, step: int) -> Interpolation:
        """At `step`, or the end before it."""
        return dataclasses.replace(self, step=min(max(step, 0), self.steps - 1))

    def stepped(self, by: int) -> Interpolation:
        """`by` steps further."""
        return self.at(self.step + by)

    def at_stop(self, place: int) -> Interpolation:
        """At one of the stops, or the end before it."""
        return self.at(place * self.per_leg)

    def to_stop(self, by: int) -> Interpolation:
        """At the next stop (1), or the one before (−1)."""
        return self.at_stop(self.step // self.per_leg + 1 if by > 0 else -(-self.step // self.per_leg) - 1)

    def divided(self, by: int) -> Interpolation:
        """With the next finer (1) or coarser (−1) steps, at the same place or the nearest."""
        place = min(max(STEPS_PER_SEGMENT.index(self.per_leg) + by, 0), len(STEPS_PER_SEGMENT) - 1)
        if self.legs * STEPS_PER_SEGMENT[place] + 1 > MAX_STEPS and by > 0:
            return self
        step = round(self.step * STEPS_PER_SEGMENT[place] / self.per_leg)
        return dataclasses.replace(self, per_leg=STEPS_PER_SEGMENT[place], step=step)

    def bent(self) -> Interpolation:
        """With the other way of going from stop to stop."""
        return dataclasses.replace(self, how="lerp" if self.how == "slerp" else "slerp")

    def replaced(self, place: int, image: int) -> Interpolation:
        """With `image` as the stop at `place`; −1 is the last."""
        stops = list(self.stops)
        stops[place] = image
        return dataclasses.replace(self, stops=tuple(stops))

    def inserted(self, labels: Labels) -> Interpolation:
        """With a stop in the middle of this leg, or after the last stop; the new one is where one stands.

        It is the first image of the next class that is not on the walk yet.
        """
        if len(self.stops) >= MAX_STOPS:
            return self
        place = self.step // self.per_leg + 1
        image = _unseen(labels, self.stops, self.stops[place - 1])
        return self._through((*self.stops[:place], image, *self.stops[place:]), place)

    def deleted(self) -> Interpolation:
        """Without the chosen stop, at the one that takes its place; two stay."""
        if self.legs < 2:
            return self
        place = self.chosen
        return self._through((*self.stops[:place], *self.stops[place + 1 :]), place)

    def laid(self, labels: Labels) -> Interpolation:
        """The classic walk through the first image of each of its classes, or the stops there were before."""
        classic = tuple(int(found[0]) for c in CLASSIC_CLASSES if len(found := np.flatnonzero(labels == c)))
        if len(classic) < 2:
            return self
        if self.stops != classic:
            return dataclasses.replace(self._through(classic, 0), kept=self.stops)
        return dataclasses.replace(self._through(self.kept or (classic[0], classic[-1]), 0), kept=())

    def _through(self, stops: tuple[int, ...], place: int) -> Interpolation:
        """With other stops, at one of them, with coarser steps where they would be too many."""
        legs = len(stops) - 1
        fitting = [per_leg for per_leg in STEPS_PER_SEGMENT if legs * per_leg + 1 <= MAX_STEPS]
        per_leg = min(self.per_leg, fitting[-1])
        step = min(place, legs) * per_leg
        return dataclasses.replace(self, stops=stops, per_leg=per_leg, step=step)

    def among(self, other: Interpolation) -> Interpolation:
        """Through the stops of `other`, which are of another dataset; the drawing stays first or last."""
        a, b = (mine if mine == DRAWING else its for mine, its in zip(self.ends, other.ends, strict=True))
        there = self._through((a, *other.stops[1:-1], b), 0)
        return dataclasses.replace(there, kept=other.kept).at(self.step)

    @property
    def ends(self) -> tuple[int, int]:
        """The first and the last stop."""
        return self.stops[0], self.stops[-1]


def _unseen(labels: Labels, stops: tuple[int, ...], image: int) -> int:
    """The first image of the next class after that of `image` that no stop is of; of the next, if all are."""
    seen = {int(labels[stop]) for stop in stops if stop != DRAWING}
    candidate = next_class(labels, image)
    for _ in range(CLASSES):
        if int(labels[candidate]) not in seen:
            return candidate
        candidate = next_class(labels, candidate)
    return candidate


def next_class(labels: Labels, image: int, by: int = 1) -> int:
    """The first image of the class after that of `image` (before it: −1), classes without images passed over.

    After the drawing, which is of no class, the first; before it the last.
    """
    label = int(labels[image]) if image != DRAWING else -1 if by > 0 else CLASSES
    for further in range(1, CLASSES + 1):
        found = np.flatnonzero(labels == (label + by * further) % CLASSES)
        if len(found):
            return int(found[0])
    return image


def next_of_class(labels: Labels, image: int, by: int = 1) -> int:
    """The next image of the same class (before it: −1), going round; as `next_class` from the drawing."""
    if image == DRAWING:
        return next_class(labels, image, by)
    same = np.flatnonzero(labels == labels[image])
    return int(same[(np.searchsorted(same, image) + by) % len(same)])
