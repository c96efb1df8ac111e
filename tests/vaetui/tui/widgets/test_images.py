"""Digits in the app: every rung takes the same cells, and quadrants show more of them."""

import numpy as np
import pytest

from tests.vaetui.render.seeing import quarters, real
from tests.vaetui.tui.driving import terminal
from vaetui.render.colours import grey
from vaetui.render.terminal import Depth, Glyphs
from vaetui.render.theme import TEXT
from vaetui.tui.widgets.images import DOUBLE, FULL, THUMB, rows

PIXELS = (real().ravel() / np.float32(255)).astype(np.float32)


@pytest.mark.parametrize("size", [THUMB, FULL, DOUBLE])
@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
@pytest.mark.parametrize("glyphs", ["half", "quadrant", "ascii"])
def test_every_rung_takes_the_same_cells(glyphs: Glyphs, depth: Depth, size: tuple[int, int]) -> None:
    found = rows(PIXELS, terminal(depth, glyphs), size)
    assert [sum(len(span.text) for span in row) for row in found] == [size[0]] * size[1]
    text = "".join(span.text for row in found for span in row)
    is_plain = glyphs == "ascii" or (glyphs, depth) == ("half", "none")
    assert text.isascii() == (is_plain or (size == DOUBLE and depth != "none"))  # whole cells: spaces
    if depth == "none":
        assert {span.fg for row in found for span in row} == {TEXT}


def test_a_thumbnail_of_quadrants_has_the_columns_that_half_blocks_average() -> None:
    wanted = real().reshape(14, 2, 28).mean(1)
    errors = [
        float(np.square(quarters(rows(PIXELS, terminal(glyphs=glyphs), THUMB, grey))[..., 0] - wanted).mean())
        for glyphs in ("half", "quadrant")
    ]
    assert errors[1] < 0.5 * errors[0]


def test_a_digit_of_quadrants_is_the_same_at_full_size_and_doubled() -> None:
    full = quarters(rows(PIXELS, terminal(glyphs="quadrant"), FULL))
    doubled = quarters(rows(PIXELS, terminal(glyphs="quadrant"), DOUBLE))
    np.testing.assert_array_equal(doubled, np.repeat(np.repeat(full, 2, axis=0), 2, axis=1))
    np.testing.assert_array_equal(full, quarters(rows(PIXELS, terminal(), FULL)))
