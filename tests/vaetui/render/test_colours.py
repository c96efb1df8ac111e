import itertools
from collections.abc import Callable

import numpy as np
import pytest

from vaetui.render.cells import half_blocks
from vaetui.render.colours import Colour, diverging, grey, ink, nearest_16, nearest_256, of_256, perceptual

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


@pytest.mark.parametrize("number", range(16, 256))
def test_each_of_the_fixed_colours_is_nearest_to_itself(number: int) -> None:
    assert of_256(nearest_256(of_256(number))) == of_256(number)


# --- the perceptual map ---

# From linear sRGB to cone responses, and from their cube roots to OKLab's lightness: Ottosson 2020.
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LIGHTNESS = np.array([0.2104542553, 0.7936177850, -0.0040720468])


def test_equal_steps_of_the_perceptual_map_are_equally_light() -> None:
    colours = perceptual(np.linspace(0, 1, 16, dtype=np.float32)) / 255
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    lightness = np.cbrt(linear @ _CONES.T) @ _LIGHTNESS
    np.testing.assert_allclose(lightness, np.linspace(0.15, 0.95, 16), atol=0.006)


def test_the_perceptual_map_tells_every_level_by_a_colour_that_is_no_grey() -> None:
    colours = perceptual(np.linspace(0, 1, 16, dtype=np.float32)).astype(int)
    assert len({tuple(colour) for colour in colours.tolist()}) == 16
    assert (colours.max(-1) - colours.min(-1)).min() > 40
    ends = perceptual(np.array([[-1.0, 2.0]], np.float32))
    assert ends.tolist() == [[colours[0].tolist(), colours[15].tolist()]]


@pytest.mark.parametrize("nearest", [nearest_256, nearest_16])
def test_the_perceptual_map_never_turns_back_in_fewer_colours(nearest: Callable[[Colour], int]) -> None:
    (row,) = half_blocks(np.linspace(0, 1, 16, dtype=np.float32)[None], colours=perceptual)
    numbers = [nearest(span.bg) for span in row if span.bg]
    runs = [number for number, _ in itertools.groupby(numbers)]
    assert len(runs) == len(set(runs)) >= 4
