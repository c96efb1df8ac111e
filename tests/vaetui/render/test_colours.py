import numpy as np
import pytest

from vaetui.render.cells import diverging, grey, half_blocks, ink, nearest_16, nearest_256

# --- colour maps ---


def test_grey_and_ink_are_complements() -> None:
    values = np.linspace(0, 1, 16, dtype=np.float32)
    assert grey(values)[[0, 15]].tolist() == [[0, 0, 0], [255, 255, 255]]
    np.testing.assert_array_equal(grey(values).astype(int) + ink(values), 255)
    assert grey(values).shape == (16, 3)


def test_diverging_is_black_at_zero_and_grows_to_both_sides() -> None:
    values = np.linspace(-1, 1, 31, dtype=np.float32)
    colours = diverging(values).astype(int)
    assert colours[15].tolist() == [0, 0, 0]
    assert (colours[:15, 2] > colours[:15, 0]).all()  # blue below
    assert (colours[16:, 0] > colours[16:, 2]).all()  # orange above
    brightness = colours.sum(-1)
    assert (np.diff(brightness[15:]) > 0).all()
    assert (np.diff(brightness[:16]) < 0).all()


def test_differences_keep_their_sign_in_every_depth() -> None:
    values = np.array([[-1.0, -0.5, 0.0, 0.5, 1.0]], np.float32)
    (row,) = half_blocks(values, colours=diverging)
    for nearest in (nearest_256, nearest_16):
        numbers = [nearest(span.bg) for span in row if span.bg]
        assert len(set(numbers)) == 5
    below, zero, above = (
        {nearest_16(s.bg) % 8 for s in part if s.bg} for part in (row[:2], row[2:3], row[3:])
    )
    assert (below, zero, above) == ({6}, {0}, {3})  # cyan, black, yellow


@pytest.mark.parametrize(
    ("colour", "number"),
    [
        ((0, 0, 0), 16),
        ((255, 255, 255), 231),
        ((255, 0, 0), 196),
        ((8, 8, 8), 232),
        ((238, 238, 238), 255),
        ((128, 128, 128), 244),
        ((95, 135, 175), 67),
    ],
)
def test_the_nearest_of_256(colour: tuple[int, int, int], number: int) -> None:
    assert nearest_256(colour) == number
