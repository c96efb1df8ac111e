"""The interpolation through test images as the user sets it: stops, step size, method and current step."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from trainer.contract.config import CLASSES
from vaetui.arrays import Bytes
from vaetui.latent.path import InterpolationMethod

DRAWING = -1  # the number of the drawing among the images
CLASSIC_CLASSES = (2, 3, 8, 7, 9, 1)  # neighbours in the latent space of most models
STEPS_PER_SEGMENT = (5, 10, 20, 40, 80)  # each is twice the one before, so that stops stay where they are
MAX_STOPS = 12
MAX_STEPS = 441  # so that a change is still shown at once


@dataclass(frozen=True)
class Interpolation:
    """Stops and steps of an interpolation; every method returns a new one.

    `stops` are two or more numbers of test images, `steps_per_segment` apart; `step` is the current one,
    0 … `steps` − 1. `saved_stops` are those that the classic stops replaced.
    """

    stops: tuple[int, ...] = (0, 0)
    step: int = STEPS_PER_SEGMENT[2] // 2
    steps_per_segment: int = STEPS_PER_SEGMENT[2]
    method: InterpolationMethod = "slerp"
    saved_stops: tuple[int, ...] = ()

    @property
    def segments(self) -> int:
        """Return the number of segments between stops."""
        return len(self.stops) - 1

    @property
    def steps(self) -> int:
        """Return the number of points, both ends included."""
        return self.segments * self.steps_per_segment + 1

    @property
    def segment(self) -> int:
        """Return the current segment from 0; a stop is in the one after it, the last in the one before."""
        return min(self.step // self.steps_per_segment, self.segments - 1)

    @property
    def selected_stop(self) -> int:
        """Return the nearest stop; halfway, the one before."""
        return (self.step + (self.steps_per_segment - 1) // 2) // self.steps_per_segment

    def at_step(self, step: int) -> Interpolation:
        """Go to `step`, at most to either end."""
        return dataclasses.replace(self, step=min(max(step, 0), self.steps - 1))

    def moved(self, by: int) -> Interpolation:
        """Go `by` steps further."""
        return self.at_step(self.step + by)

    def at_stop(self, place: int) -> Interpolation:
        """Go to a stop, at most to either end."""
        return self.at_step(place * self.steps_per_segment)

    def to_adjacent_stop(self, by: int) -> Interpolation:
        """Go to the next stop (1) or the previous one (−1)."""
        size = self.steps_per_segment
        return self.at_stop(self.step // size + 1 if by > 0 else -(-self.step // size) - 1)

    def with_step_size(self, by: int) -> Interpolation:
        """Take the next finer (1) or coarser (−1) steps, at the same place or the nearest."""
        place = min(max(STEPS_PER_SEGMENT.index(self.steps_per_segment) + by, 0), len(STEPS_PER_SEGMENT) - 1)
        size = STEPS_PER_SEGMENT[place]
        if self.segments * size + 1 > MAX_STEPS and by > 0:
            return self
        step = round(self.step * size / self.steps_per_segment)
        return dataclasses.replace(self, steps_per_segment=size, step=step)

    def with_other_method(self) -> Interpolation:
        """Switch between linear and spherical interpolation."""
        return dataclasses.replace(self, method="lerp" if self.method == "slerp" else "slerp")

    def with_stop(self, place: int, image: int) -> Interpolation:
        """Replace the stop at `place` by `image`; −1 is the last."""
        stops = list(self.stops)
        stops[place] = image
        return dataclasses.replace(self, stops=tuple(stops))

    def with_inserted_stop(self, labels: Bytes) -> Interpolation:
        """Insert a stop in this segment, or after the last stop, and go to it.

        It is the first image of the next class that has no stop yet.
        """
        if len(self.stops) >= MAX_STOPS:
            return self
        place = self.step // self.steps_per_segment + 1
        image = _unseen(labels, self.stops, self.stops[place - 1])
        return self._with_stops((*self.stops[:place], image, *self.stops[place:]), place)

    def without_selected_stop(self) -> Interpolation:
        """Delete the selected stop and go to the one that takes its place; two always stay."""
        if self.segments < 2:
            return self
        place = self.selected_stop
        return self._with_stops((*self.stops[:place], *self.stops[place + 1 :]), place)

    def with_classic_stops(self, labels: Bytes) -> Interpolation:
        """Take the first image of each class of `CLASSIC_CLASSES` as stops, or the saved stops again."""
        classic = tuple(int(images[0]) for c in CLASSIC_CLASSES if len(images := np.flatnonzero(labels == c)))
        if len(classic) < 2:
            return self
        if self.stops != classic:
            return dataclasses.replace(self._with_stops(classic, 0), saved_stops=self.stops)
        stops = self.saved_stops or (classic[0], classic[-1])
        return dataclasses.replace(self._with_stops(stops, 0), saved_stops=())

    def _with_stops(self, stops: tuple[int, ...], place: int) -> Interpolation:
        """Take other stops and go to one of them, with coarser steps where there would be too many."""
        segments = len(stops) - 1
        fitting = [size for size in STEPS_PER_SEGMENT if segments * size + 1 <= MAX_STEPS]
        size = min(self.steps_per_segment, fitting[-1])
        return dataclasses.replace(
            self, stops=stops, steps_per_segment=size, step=min(place, segments) * size
        )

    def adapted_to(self, other: Interpolation) -> Interpolation:
        """Take the stops of `other`, which are of another dataset; the drawing stays first or last."""
        a, b = (mine if mine == DRAWING else its for mine, its in zip(self.ends, other.ends, strict=True))
        adapted = self._with_stops((a, *other.stops[1:-1], b), 0)
        return dataclasses.replace(adapted, saved_stops=other.saved_stops).at_step(self.step)

    @property
    def ends(self) -> tuple[int, int]:
        """Return the first and the last stop."""
        return self.stops[0], self.stops[-1]


def _unseen(labels: Bytes, stops: tuple[int, ...], image: int) -> int:
    """Return the first image of the next class without a stop after that of `image`, else of the next."""
    seen = {int(labels[stop]) for stop in stops if stop != DRAWING}
    candidate = next_class(labels, image)
    for _ in range(CLASSES):
        if int(labels[candidate]) not in seen:
            return candidate
        candidate = next_class(labels, candidate)
    return candidate


def next_class(labels: Bytes, image: int, by: int = 1) -> int:
    """Return the first image of the next class that has images (previous: −1).

    The drawing has no class: after it comes the first class, before it the last.
    """
    label = int(labels[image]) if image != DRAWING else -1 if by > 0 else CLASSES
    for offset in range(1, CLASSES + 1):
        images = np.flatnonzero(labels == (label + by * offset) % CLASSES)
        if len(images):
            return int(images[0])
    return image


def next_of_class(labels: Bytes, image: int, by: int = 1) -> int:
    """Return the next image of the same class (previous: −1), cyclically; of the drawing, `next_class`."""
    if image == DRAWING:
        return next_class(labels, image, by)
    same = np.flatnonzero(labels == labels[image])
    return int(same[(np.searchsorted(same, image) + by) % len(same)])
