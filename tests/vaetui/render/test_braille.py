"""Lines of dots and texts on a grid of cells."""

import pytest

from vaetui.render.braille import APART, BrailleGrid
from vaetui.render.spans import Span

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def drawn(grid: BrailleGrid) -> list[str]:
    """Return the characters of the grid by line."""
    rows, columns = range(grid.height), range(grid.width)
    return ["".join(grid.cells.get((x, y), (" ", RED, False))[0] for x in columns) for y in rows]


def test_a_cell_has_two_by_four_dots() -> None:
    across, down = BrailleGrid(2, 1), BrailleGrid(1, 2)
    across.line(((0, 0), (1.99, 0)), RED, 1, "")
    down.line(((0, 0), (0, 1.99)), RED, 1, "")
    assert drawn(across) == ["⠉⠉"]
    assert drawn(down) == ["⡇", "⡇"]


def test_every_third_dot_makes_a_dotted_line() -> None:
    grid = BrailleGrid(3, 1)
    grid.line(((0, 0), (2.99, 0)), RED, 3, "")
    assert drawn(grid) == ["⠁⠁⠈"]


def test_lines_share_a_cell_in_the_colour_that_was_drawn_last() -> None:
    grid = BrailleGrid(1, 1)
    grid.line(((0, 0), (0, 0.9)), RED, 1, "")
    grid.line(((0.5, 0), (0.5, 0.2)), RED, 1, "")
    assert grid.cells[0, 0] == ("⡏", RED, False)
    grid.line(((0.5, 0.8), (0.5, 0.8)), BLUE, 1, "")
    assert grid.cells[0, 0] == ("⣏", BLUE, False)
    grid.line(((0.5, 0.3), (0.5, 0.3)), RED, 1, "")
    assert grid.cells[0, 0] == ("⣟", BLUE, False), "the layers stay as they began"


@pytest.mark.parametrize("plain", ["", "+"])
def test_of_lines_that_run_together_each_shows_now_and_then(plain: str) -> None:
    grid = BrailleGrid(40, 1)
    for colour in (RED, BLUE, GREEN):
        grid.line(((0, 0), (39.9, 0)), colour, 1, plain)
    assert drawn(grid) == [(plain or "⠉") * 40]
    colours = [grid.cells[x, 0][1] for x in range(40)]
    assert colours[0] == GREEN
    for colour in (RED, BLUE, GREEN):
        assert all(colour in colours[x : x + APART + 2] for x in range(40 - APART - 2))
    assert colours.count(GREEN) > colours.count(RED) == colours.count(BLUE)


def test_a_short_line_shows_where_a_long_one_covers_it() -> None:
    grid = BrailleGrid(10, 1)
    grid.line(((0, 0), (0, 0)), RED, 1, "")
    grid.line(((0, 0.6), (9.9, 0.6)), BLUE, 1, "")
    assert [grid.cells[x, 0][1] for x in range(10)] == [RED, *[BLUE] * 9]


def test_a_dotted_line_is_below_and_adds_no_dots() -> None:
    grid = BrailleGrid(3, 1)
    grid.line(((0, 0), (1.9, 0)), RED, 1, "")
    grid.line(((0, 0.9), (2.99, 0.9)), BLUE, 3, "")
    assert drawn(grid) == ["⠉⠉⢀"]
    assert [grid.cells[x, 0][1] for x in range(3)] == [RED, RED, BLUE]
    assert grid.shared_columns() == []


def test_lines_that_cross_keep_the_upper_colour() -> None:
    grid = BrailleGrid(11, 11)
    grid.line(((0, 0), (10.9, 10.9)), RED, 1, "")
    grid.line(((0, 10.9), (10.9, 0)), BLUE, 1, "")
    assert grid.cells[5, 5][1] == BLUE
    assert grid.shared_columns() == [5]


def test_a_mark_is_a_character_above_all_lines() -> None:
    grid = BrailleGrid(3, 1)
    grid.line(((0, 0), (2.9, 0)), RED, 1, "")
    grid.mark((1.5, 0.5), "▲", RED)
    grid.mark((9, 9), "▲", RED)
    grid.line(((0, 0), (2.9, 0)), BLUE, 1, "")
    assert drawn(grid) == ["⠉▲⠉"]
    assert grid.cells[1, 0] == ("▲", RED, False)
    grid.mark((2, 0), "1", RED)
    grid.line(((0, 0), (2.9, 0)), BLUE, 1, "2")
    assert drawn(grid) == ["2▲1"]


def test_rows_are_spans_of_one_colour_and_spaces() -> None:
    grid = BrailleGrid(4, 2)
    grid.line(((0, 0), (1.9, 0)), RED, 1, "")
    grid.text(2, 0, "a", BLUE)
    assert grid.rows() == [
        [Span("⠉⠉", RED, None), Span("a", BLUE, None), Span(" ", None, None)],
        [Span("    ", None, None)],
    ]


def test_a_line_does_not_cover_texts_nor_leave_the_grid() -> None:
    grid = BrailleGrid(4, 1)
    grid.text(1, 0, "ab", BLUE, bold=True)
    grid.line(((-5, 0.5), (9, 0.5)), RED, 1, "")
    assert drawn(grid) == ["⠤ab⠤"]
    assert grid.cells[1, 0] == ("a", BLUE, True)


def test_a_plain_line_has_that_character() -> None:
    grid = BrailleGrid(3, 1)
    grid.line(((0, 0), (2.9, 0)), RED, 1, ":")
    assert drawn(grid) == [":::"]


def test_texts_are_cut_at_the_edges() -> None:
    grid = BrailleGrid(3, 1)
    grid.text(-1, 0, "abcdef", RED)
    grid.text(0, 1, "below", RED)
    assert drawn(grid) == ["bcd"]
    assert len(grid.cells) == 3


def test_texts_keep_a_free_column_between_them() -> None:
    grid = BrailleGrid(9, 2)
    grid.text(3, 0, "abc", RED)
    assert [grid.has_room(x, 0, 2) for x in (0, 1, 2, 6, 7)] == [True, False, False, False, True]
    assert grid.has_room(3, 1, 3)
    assert not any(grid.has_room(*place, 2) for place in ((-1, 1), (8, 1), (0, 2), (0, -1)))
