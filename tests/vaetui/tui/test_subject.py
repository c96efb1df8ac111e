"""What stays put while checkpoints change."""

import numpy as np
import pytest

from vaetui.tui.subject import STEPS, Subject, another, next_class, opening

LABELS = np.array([7, 7, 2, 0, 7, 2], np.uint8)


def test_it_opens_with_two_classes() -> None:
    subject = opening(LABELS)
    assert (subject.a, subject.b) == (0, 2)
    assert opening(LABELS[:2]).b == 0


def test_digits_stay_among_the_images() -> None:
    assert Subject().moved(-1, 6).digit == 0
    assert Subject().moved(99, 6).digit == 5
    assert Subject().moved(99, 0).digit == 0


def test_steps_stay_on_the_path() -> None:
    assert Subject(step=0).stepped(-1).step == 0
    assert Subject(step=20).stepped(1).step == 20


@pytest.mark.parametrize("step", range(STEPS[1]))
def test_a_finer_path_keeps_the_place(step: int) -> None:
    fine = Subject(step=step, steps=STEPS[1]).divided(1)
    assert fine.step / (fine.steps - 1) == step / (STEPS[1] - 1)
    assert fine.divided(-1).step == step


def test_the_number_of_steps_has_ends() -> None:
    few, many = Subject(steps=STEPS[0], step=0), Subject(steps=STEPS[-1], step=0)
    assert few.divided(-1) == few
    assert many.divided(1) == many


def test_temperature_and_noise_have_ends() -> None:
    assert Subject(tenths=0).warmed(-1).temperature == 0
    assert Subject(tenths=20).warmed(1).temperature == 2
    assert Subject(seed=0).reseeded(-1).seed == 0


def test_the_next_class_passes_over_classes_without_images() -> None:
    assert LABELS[next_class(LABELS, 2)] == 7
    assert LABELS[next_class(LABELS, 0)] == 0
    assert next_class(np.array([3, 3], np.uint8), 1) == 0


def test_another_of_its_class_goes_round() -> None:
    assert [another(LABELS, image) for image in (0, 1, 4, 3)] == [1, 4, 0, 3]


def test_other_images_leave_noise_and_step_alone() -> None:
    there = Subject(digit=3, a=4, b=5)
    assert Subject(digit=1, seed=9, step=2).among(there) == Subject(digit=3, a=4, b=5, seed=9, step=2)
