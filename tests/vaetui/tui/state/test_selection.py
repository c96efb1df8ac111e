"""What stays put while checkpoints change."""

import dataclasses

import numpy as np

from vaetui.latent.interpolation import Interpolation
from vaetui.tui.state.selection import Selection, opening

LABELS = np.array([7, 7, 2, 0, 7, 2], np.uint8)


def test_it_opens_with_two_classes() -> None:
    selection = opening(LABELS)
    assert selection.interpolation.ends == (0, 2)
    assert opening(LABELS[:2]).interpolation.ends == (0, 0)


def test_digits_stay_among_the_images() -> None:
    assert Selection().moved(-1, 6).image == 0
    assert Selection().moved(99, 6).image == 5
    assert Selection().moved(99, 0).image == 0


def test_temperature_and_noise_have_ends() -> None:
    assert Selection(tenths=0).with_temperature(-1).temperature == 0
    assert Selection(tenths=20).with_temperature(1).temperature == 2
    assert Selection(seed=0).with_seed(-1).seed == 0


def test_an_end_is_the_first_or_the_last_of_many_stops() -> None:
    selection = Selection(interpolation=Interpolation((1, 2, 3)))
    assert selection.with_end("a", 9).interpolation.stops == (9, 2, 3)
    assert selection.with_end("b", 9).interpolation.stops == (1, 2, 9)


def test_other_images_leave_noise_and_step_alone() -> None:
    mine = Selection(image=1, seed=9, interpolation=Interpolation((0, 1), step=2))
    there = Selection(image=3, interpolation=Interpolation((4, 5)))
    assert mine.among(there) == dataclasses.replace(
        mine, image=3, interpolation=Interpolation((4, 5), step=2)
    )
