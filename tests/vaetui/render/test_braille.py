"""Lines in braille: through their points, without gaps, one over the other."""

from itertools import pairwise

import numpy as np
import pytest

from vaetui.render.braille import ACROSS, DOWN, Stroke, dot, draw, trace

RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.mark.parametrize(
    ("ys", "shown"), [((0, 1), "⡠⠊"), ((1, 0), "⠑⢄"), ((0, 0), "⣀⣀"), ((1, 1), "⠉⠉"), ((0.5, 0.5), "⠤⠤")]
)
def test_a_line_goes_from_edge_to_edge(ys: tuple[float, float], shown: str) -> None:
    ((span,),) = draw([Stroke(trace((0, 1), ys, 2, 1), RED)], 2, 1)
    assert (span.text, span.fg) == (shown, RED)


@pytest.mark.parametrize("seed", range(5))
def test_a_line_has_no_gaps_and_passes_its_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    xs, ys = np.linspace(0, 1, 9).tolist(), rng.random(9).tolist()
    dots = trace(xs, ys, 30, 10)
    assert dots.shape == (10 * DOWN, 30 * ACROSS)
    assert dots.any(0).all()
    for x, y in zip(xs, ys, strict=True):
        assert dots[dot(1 - y, 10, DOWN), dot(x, 30, ACROSS)]
    reach = [np.flatnonzero(column) for column in dots.T]
    for here, there in pairwise(reach):
        assert here[0] - 1 <= there[-1]
        assert there[0] - 1 <= here[-1]


def test_one_point_is_one_dot() -> None:
    assert trace((0.0,), (0.0,), 3, 2).sum() == 1


def test_the_last_line_is_on_top_and_empty_cells_have_no_colour() -> None:
    flat, high = trace((0, 0.5), (0, 0), 4, 1), trace((0, 0), (1, 1), 4, 1)
    (row,) = draw([Stroke(flat, RED), Stroke(high, BLUE)], 4, 1)
    assert [(span.text, span.fg) for span in row] == [("⣁", BLUE), ("⣀⡀", RED), (" ", None)]
    (row,) = draw([Stroke(flat, RED), Stroke(high, BLUE, "7")], 4, 1)
    assert [span.text for span in row] == ["7", "⣀⡀", " "]
