"""A interpolation as a value: stops, steps, and which test digits take the place of others."""

import numpy as np
import pytest

from vaetui.latent.interpolation import (
    CLASSIC_CLASSES,
    DRAWING,
    MAX_STEPS,
    MAX_STOPS,
    STEPS_PER_SEGMENT,
    Interpolation,
    next_class,
    next_of_class,
)

LABELS = np.array([7, 7, 2, 0, 7, 2], np.uint8)
ALL = np.arange(30, dtype=np.uint8) % 10  # the image of a class is the class itself


def test_steps_stay_between_the_ends() -> None:
    assert Interpolation(step=0).moved(-1).step == 0
    assert Interpolation(step=20).moved(1).step == 20


@pytest.mark.parametrize("stops", [(0, 1), (0, 1, 2, 3)])
def test_every_leg_has_the_same_steps_and_stops_are_met(stops: tuple[int, ...]) -> None:
    interpolation = Interpolation(stops)
    assert interpolation.steps == 20 * (len(stops) - 1) + 1
    assert [interpolation.at_stop(place).step for place in range(len(stops))] == list(
        range(0, interpolation.steps, 20)
    )


def test_the_leg_and_the_stop_that_keys_work_on() -> None:
    interpolation = Interpolation((5, 6, 7), steps_per_segment=10)
    assert [interpolation.at_step(step).segment for step in (0, 9, 10, 19, 20)] == [0, 0, 1, 1, 1]
    assert [interpolation.at_step(step).selected_stop for step in (0, 5, 6, 14, 15, 16, 20)] == [
        0,
        0,
        1,
        1,
        1,
        2,
        2,
    ]
    assert [
        Interpolation((5, 6, 7), steps_per_segment=5).at_step(step).selected_stop for step in (2, 3, 7, 8)
    ] == [0, 1, 1, 2]


def test_from_between_two_stops_to_either() -> None:
    interpolation = Interpolation((5, 6, 7), steps_per_segment=10, step=13)
    assert (interpolation.to_adjacent_stop(-1).step, interpolation.to_adjacent_stop(1).step) == (10, 20)
    assert (
        interpolation.at_step(10).to_adjacent_stop(-1).step,
        interpolation.at_step(10).to_adjacent_stop(1).step,
    ) == (0, 20)
    assert (
        interpolation.at_step(0).to_adjacent_stop(-1).step,
        interpolation.at_step(20).to_adjacent_stop(1).step,
    ) == (0, 20)


@pytest.mark.parametrize("step", range(3 * STEPS_PER_SEGMENT[1]))
def test_finer_steps_keep_the_place(step: int) -> None:
    interpolation = Interpolation((0, 1, 2, 3), step=step, steps_per_segment=STEPS_PER_SEGMENT[1])
    fine = interpolation.with_step_size(1)
    assert fine.step / fine.steps_per_segment == step / interpolation.steps_per_segment
    assert fine.with_step_size(-1) == interpolation


def test_the_number_of_steps_has_ends() -> None:
    few, many = (
        Interpolation(steps_per_segment=STEPS_PER_SEGMENT[0], step=0),
        Interpolation(steps_per_segment=STEPS_PER_SEGMENT[-1], step=0),
    )
    assert few.with_step_size(-1) == few
    assert many.with_step_size(1) == many
    long = Interpolation(tuple(range(MAX_STOPS)), steps_per_segment=40)
    assert long.with_step_size(1) == long
    assert long.steps <= MAX_STEPS


def test_a_stop_goes_into_the_leg_or_after_the_last_and_one_stands_on_it() -> None:
    interpolation = Interpolation((2, 5), step=10)
    middle = interpolation.with_inserted_stop(ALL)
    assert (middle.stops, middle.step, middle.selected_stop) == ((2, 3, 5), 20, 1)
    assert interpolation.at_stop(1).with_inserted_stop(ALL).stops == (2, 5, 6)
    assert Interpolation((2, 3), step=0).with_inserted_stop(ALL).stops == (
        2,
        4,
        3,
    )


def test_there_are_two_to_twelve_stops_and_never_too_many_steps() -> None:
    interpolation = Interpolation((0, 1), steps_per_segment=STEPS_PER_SEGMENT[-1], step=0)
    for count in range(3, MAX_STOPS + 1):
        interpolation = interpolation.with_inserted_stop(ALL)
        assert len(interpolation.stops) == count
        assert interpolation.steps <= MAX_STEPS
        assert interpolation.step == interpolation.selected_stop * interpolation.steps_per_segment
    assert interpolation.with_inserted_stop(ALL) == interpolation
    for _ in range(MAX_STOPS):
        interpolation = interpolation.without_selected_stop()
        assert 0 <= interpolation.step < interpolation.steps
    assert len(interpolation.stops) == 2


def test_deleting_takes_the_chosen_stop() -> None:
    interpolation = Interpolation((4, 5, 6))
    assert interpolation.at_stop(1).without_selected_stop().stops == (4, 6)
    assert interpolation.at_stop(0).without_selected_stop().stops == (5, 6)
    last = interpolation.at_stop(2).without_selected_stop()
    assert (last.stops, last.step) == ((4, 5), 20)


def test_classic_stops_and_the_saved_ones_again() -> None:
    interpolation = Interpolation((4, 0, 11))
    classic = interpolation.with_classic_stops(ALL)
    assert classic.stops == CLASSIC_CLASSES
    assert classic.with_classic_stops(ALL).stops == interpolation.stops
    changed = classic.with_stop(2, 18)
    assert changed.with_classic_stops(ALL).stops == CLASSIC_CLASSES
    assert changed.with_classic_stops(ALL).with_classic_stops(ALL).stops == changed.stops
    assert Interpolation(CLASSIC_CLASSES).with_classic_stops(ALL).stops == (2, 1)


def test_classic_stops_skip_classes_without_images() -> None:
    assert Interpolation((3, 4)).with_classic_stops(LABELS).stops == (2, 0)
    assert Interpolation((0, 1)).with_classic_stops(LABELS[:2]) == Interpolation((0, 1))


def test_among_other_images_the_drawing_stays_an_end() -> None:
    mine, there = (
        Interpolation((DRAWING, 7, 8), step=33, saved_stops=(1, 2)),
        Interpolation((4, 5), saved_stops=(6, 7)),
    )
    assert mine.adapted_to(there) == Interpolation((DRAWING, 5), step=20, saved_stops=(6, 7))


def test_the_next_class_passes_over_classes_without_images() -> None:
    assert LABELS[next_class(LABELS, 2)] == 7
    assert LABELS[next_class(LABELS, 0)] == 0
    assert LABELS[next_class(LABELS, 0, -1)] == 2
    assert next_class(np.array([3, 3], np.uint8), 1) == 0
    assert (next_class(LABELS, DRAWING), next_class(LABELS, DRAWING, -1)) == (3, 0)


def test_another_of_its_class_goes_round() -> None:
    assert [next_of_class(LABELS, image) for image in (0, 1, 4, 3)] == [1, 4, 0, 3]
    assert [next_of_class(LABELS, image, -1) for image in (0, 1, 4, 3)] == [4, 0, 1, 3]
