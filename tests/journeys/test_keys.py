"""Somebody presses keys: one letter has one meaning in every view."""

from pathlib import Path

import pytest

from tests.ptys import Terminal, opened

DELETE, SHIFT_TAB = b"\x1b[3~", b"\x1b[Z"


def under(terminal: Terminal, number: int) -> bool:
    """Whether the tab of a number is the one that is underlined."""
    tabs, line = terminal.screen.display[1:3]
    return bool(line[tabs.index(f"{number}", tabs.index("│"))] == "━")


def press(terminal: Terminal, keys: bytes, words: str) -> None:
    """Press keys and wait until `words` are on the screen."""
    terminal.type(keys)
    terminal.wait_to_see(words)


def letters_have_one_meaning(terminal: Terminal) -> None:
    press(terminal, b"2", "images 0 to")
    press(terminal, b"l", "images 1 to")
    press(terminal, b"n", "images 2 to")
    press(terminal, b"h", "images 1 to")
    press(terminal, b"8", "press space")
    press(terminal, b" jj", "nearest test codes")
    terminal.type(b"c")  # the class, which a drawing has none of
    terminal.drain()
    assert terminal.shows("nearest test codes")
    press(terminal, DELETE, "press space")
    press(terminal, b"5w", "PC1")
    press(terminal, b"7w", "lowest validation")
    press(terminal, b"1w", "distortion −E")
    press(terminal, b"l", "log axis")


def tab_goes_through_the_views(terminal: Terminal) -> None:
    terminal.type(b"1")
    for number in (2, 3):
        terminal.type(b"\t")
        terminal.until(lambda number=number: under(terminal, number))  # type: ignore[misc]
    terminal.type(SHIFT_TAB * 3)
    terminal.until(lambda: under(terminal, 8))


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_keys(grid: Path, size: tuple[int, int]) -> None:
    with opened(grid, size=size) as terminal:
        letters_have_one_meaning(terminal)
        tab_goes_through_the_views(terminal)
