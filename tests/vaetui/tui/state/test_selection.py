"""What stays put while checkpoints change."""

import dataclasses

import numpy as np

from vaetui.latent.interpolation import Interpolation
from vaetui.tui.state.selection import Subject, opening

LABELS = np.array([7, 7, 2, 0, 7, 2], np.uint8)


def test_it_opens_with_two_classes() -> None:
    subject = opening(LABELS)
    assert (subject.a, subject.b) == (0, 2)
    assert opening(LABELS[:2]).b == 0


def test_digits_stay_among_the_images() -> None:
    assert Subject().moved(-1, 6).digit == 0
    assert Subject().moved(99, 6).digit == 5
    assert Subject().moved(99, 0).digit == 0


def test_temperature_and_noise_have_ends() -> None:
    assert Subject(tenths=0).warmed(-1).temperature == 0
    assert Subject(tenths=20).warmed(1).temperature == 2
    assert Subject(seed=0).reseeded(-1).seed == 0


def test_an_end_is_the_first_or_the_last_of_many_stops() -> None:
    subject = Subject(walk=Interpolation((1, 2, 3)))
    assert subject.with_end("a", 9).walk.stops == (9, 2, 3)
    assert subject.with_end("b", 9).walk.stops == (1, 2, 9)


def test_other_images_leave_noise_and_step_alone() -> None:
    mine = Subject(digit=1, seed=9, walk=Interpolation((0, 1), step=2))
    there = Subject(digit=3, walk=Interpolation((4, 5)))
    assert mine.among(there) == dataclasses.replace(mine, digit=3, walk=Interpolation((4, 5), step=2))
