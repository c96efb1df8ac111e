"""Somebody opens the explorer for the first time, presses keys, and looks for help and commands."""

import re
from pathlib import Path

import pytest

from tests.ptys import Terminal, opened
from vaetui.tui.keys import VIEWS

DELETE, SHIFT_TAB, WHEEL_UP = b"\x1b[3~", b"\x1b[Z", b"\x1b[<64;50;10M"


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


def first_start_shows_the_model_of_the_lowest_validation_loss(terminal: Terminal) -> None:
    terminal.wait_to_see("by the model best on validation: → next, ? help")
    assert re.search(r"z\D*5  ?β 1", terminal.screen.display[0])
    assert under(terminal, 2)


def tabs_can_be_read(terminal: Terminal) -> None:
    tabs = terminal.screen.display[1].partition("│")[2]
    names = tabs.translate(str.maketrans("", "", "12345678")).split()
    short = ["Loss", "Recon", "Sample", "Interp", "Latent", "Trav", "Cmp", "Draw"]
    assert names == (short if terminal.screen.columns == 80 else list(VIEWS))


def help_begins_with_this_view(terminal: Terminal) -> None:
    press(terminal, b"8", "press space")
    press(terminal, b"?", "clear the drawing")
    page = terminal.screen.display
    assert terminal.shows("8 Draw")
    assert terminal.shows("Your drawing as the model gets it")
    if terminal.screen.columns == 80:
        assert not terminal.shows("smaller latent size"), page
    terminal.type(b"\x1b")
    terminal.wait_until_gone("clear the drawing")


def the_palette_finds_what_people_type(terminal: Terminal) -> None:
    press(terminal, b"\x10download", "download this dataset")
    press(terminal, b"\x15exit", "quit (training continues)")
    terminal.type(b"\x1b")
    terminal.wait_until_gone("quit (training")
    press(terminal, b"\x10save gif", "export: ")
    press(terminal, b"\x1b[B\r", "PNG")


def keys_that_do_nothing_say_why(terminal: Terminal) -> None:
    terminal.type(b"\x1b")
    terminal.drain()
    terminal.type(b"6")
    terminal.until(lambda: under(terminal, 6))
    press(terminal, b"s", "s: this run is not training")
    press(terminal, b"w", "w does nothing in Traverse")
    press(terminal, WHEEL_UP, "wheel↑ does nothing in Traverse")
    press(terminal, b"D", "D: the images of this dataset are here")


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_keys(grid: Path, size: tuple[int, int]) -> None:
    with opened(grid, size=size) as terminal:
        first_start_shows_the_model_of_the_lowest_validation_loss(terminal)
        tabs_can_be_read(terminal)
        letters_have_one_meaning(terminal)
        tab_goes_through_the_views(terminal)
        help_begins_with_this_view(terminal)
        the_palette_finds_what_people_type(terminal)
        keys_that_do_nothing_say_why(terminal)
