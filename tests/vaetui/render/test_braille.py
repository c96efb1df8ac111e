"""Lines of dots and texts on a grid of cells."""

from vaetui.render.braille import BrailleGrid

RED, BLUE = (255, 0, 0), (0, 0, 255)


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


def test_lines_of_one_colour_share_a_cell_and_another_colour_replaces_them() -> None:
    grid = BrailleGrid(1, 1)
    grid.line(((0, 0), (0, 0.9)), RED, 1, "")
    grid.line(((0.5, 0), (0.5, 0.9)), RED, 1, "")
    assert grid.cells[0, 0] == ("⣿", RED, False)
    grid.line(((0, 0), (0, 0.9)), BLUE, 1, "")
    assert grid.cells[0, 0] == ("⡇", BLUE, False)


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
