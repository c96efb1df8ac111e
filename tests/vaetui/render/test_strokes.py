"""Strokes and centring: properties that hold for whatever is drawn."""

import itertools

import numpy as np
import pytest

from trainer.contract.config import SIDE
from vaetui.arrays import Floats
from vaetui.render import strokes
from vaetui.render.strokes import BLANK, BOX, WIDTHS

SEEDS = pytest.mark.parametrize("seed", range(40))
MIDDLE = (SIDE - 1) / 2


def scribble(seed: int) -> Floats:
    """A way of a few pieces with one pen, somewhere in the field."""
    rng = np.random.default_rng(seed)
    low, high = sorted(rng.uniform(0, SIDE - 1, 2))
    points = rng.uniform(low, max(high, low + 2), (rng.integers(1, 7), 2)).clip(0, SIDE - 1).tolist()
    page = np.zeros((SIDE, SIDE), np.float32)
    for start, end in zip(points, points[1:] or points, strict=False):
        page = strokes.inked(page, strokes.stroke(tuple(start), tuple(end), WIDTHS[seed % 3]))
    return page


def sides(page: Floats) -> tuple[int, int]:
    rows, columns = np.flatnonzero(page.any(1)), np.flatnonzero(page.any(0))
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


@SEEDS
def test_the_larger_side_is_twenty_and_the_centre_of_mass_in_the_middle(seed: int) -> None:
    page = strokes.centred(scribble(seed))
    assert abs(max(sides(page)) - BOX) <= 1
    assert page.dtype == np.float32
    assert 0 <= page.min() <= page.max() <= 1
    for mass in (page.sum(0), page.sum(1)):
        centre = float(mass @ np.arange(SIDE) / mass.sum())
        at_the_edge = mass[0] > 0 or mass[-1] > 0  # of the field: no further without losing ink
        assert abs(centre - MIDDLE) <= 0.5 + 1e-4 or at_the_edge


@SEEDS
def test_where_it_was_drawn_does_not_matter(seed: int) -> None:
    page = strokes.centred(scribble(seed))[4:24, 4:24]  # room to move it by
    moved = [np.pad(page, ((4 + y, 4 - y), (4 + x, 4 - x))) for y, x in ((0, 0), (-4, 3), (4, -4))]
    first = strokes.centred(moved[0])
    assert all(np.allclose(strokes.centred(other), first, atol=1e-5) for other in moved)


def test_an_empty_page_stays_empty() -> None:
    assert not strokes.centred(strokes.to_page(BLANK)).any()
    assert not strokes.centred(np.full((SIDE, SIDE), 0.01, np.float32)).any()


def test_nothing_that_is_lopsided_is_cut_off() -> None:
    page = strokes.stroke((2, 2), (2, 25), 1.2)
    page[22:28, :12] = 1
    assert abs(max(sides(strokes.centred(page))) - BOX) <= 1


@SEEDS
@pytest.mark.parametrize("width", WIDTHS)
def test_a_stroke_is_the_same_in_both_directions_and_mirrored(seed: int, width: float) -> None:
    (x0, y0), (x1, y1) = np.random.default_rng(seed).uniform(-2, SIDE + 2, (2, 2)).tolist()
    mark = strokes.stroke((x0, y0), (x1, y1), width)
    assert 0 <= mark.min() <= mark.max() <= 1
    assert np.array_equal(mark, strokes.stroke((x1, y1), (x0, y0), width))
    assert np.allclose(mark.T, strokes.stroke((y0, x0), (y1, x1), width), atol=1e-5)
    last = SIDE - 1
    assert np.allclose(mark[:, ::-1], strokes.stroke((last - x0, y0), (last - x1, y1), width), atol=1e-5)


@SEEDS
def test_drawing_twice_adds_nothing_and_erasing_takes_all(seed: int) -> None:
    page = scribble(seed)
    mark = strokes.stroke((4, 20), (20, 5), WIDTHS[1])
    once = strokes.inked(page, mark)
    assert np.array_equal(strokes.inked(once, mark), once)
    assert once.max() <= 1
    assert (once >= page).all()
    left = strokes.erased(once, mark)
    assert not left[mark == 1].any()
    assert np.array_equal(left[mark == 0], page[mark == 0])


def test_wider_pens_leave_more_ink_with_soft_edges() -> None:
    marks = [strokes.stroke((13, 13), (20.3, 17.1), width) for width in WIDTHS]
    assert all((thin <= thick).all() for thin, thick in itertools.pairwise(marks))
    assert all(((mark > 0.05) & (mark < 0.95)).any() and mark.max() == 1 for mark in marks)


@SEEDS
def test_pages_and_bytes_are_the_same_thing(seed: int) -> None:
    drawing = strokes.to_bytes(scribble(seed))
    assert len(drawing) == SIDE * SIDE
    assert strokes.to_bytes(strokes.to_page(drawing)) == drawing
