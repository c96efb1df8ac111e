"""Painting: what fits is there, what does not is cut, and the lean lines say the same as Textual's."""

import pyte
import pytest
from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from tests.vaetui.tui.driving import terminal
from vaetui.render.cells import Depth, Span
from vaetui.tui.canvas import Canvas, ending_of, fit, fit_sentence
from vaetui.tui.look import style
from vaetui.tui.strip import LeanStrip


def lines(canvas: Canvas) -> list[str]:
    return [strip.text for strip in canvas.strips()]


def test_text_lands_where_it_is_put_and_lines_have_the_width() -> None:
    canvas = Canvas(12, 2, terminal())
    assert canvas.text(3, 0, "abc") == 6
    assert canvas.right(12, 1, "end") == 9
    assert lines(canvas) == ["   abc      ", "         end"]


@pytest.mark.parametrize("x", [-2, 8, 20, -9])
def test_what_reaches_over_the_edge_is_cut(x: int) -> None:
    canvas = Canvas(10, 1, terminal())
    canvas.text(x, 0, "abcde")
    whole = " " * 20 + "abcde" + " " * 30
    assert lines(canvas) == [whole[20 - x : 30 - x] if x > -20 else " " * 10]
    canvas.text(0, 5, "below")
    canvas.text(0, -1, "above")


def test_wide_characters_keep_the_width() -> None:
    canvas = Canvas(6, 1, terminal())
    canvas.text(0, 0, "漢字漢字")
    assert canvas.strips()[0].cell_length == 6
    assert fit("漢字漢字", 5) == "漢字…"
    assert fit("plain", 5) == "plain"
    assert fit("plain", 0) == ""


def test_pieces_that_meet_show_the_left_one() -> None:
    canvas = Canvas(8, 1, terminal())
    canvas.text(4, 0, "right")
    canvas.text(1, 0, "left")
    assert lines(canvas) == [" leftigh"]


def test_ascii_has_nothing_else_and_the_same_width() -> None:
    canvas = Canvas(40, 1, terminal(glyphs="ascii"))
    canvas.text(0, 0, "z╲β − × ‹██› ━━●── ◉ … ⠉⣀ │ ²")
    assert lines(canvas)[0].isascii()
    assert len(lines(canvas)[0]) == 40


def test_control_characters_never_reach_the_terminal() -> None:
    canvas = Canvas(20, 1, terminal())
    assert canvas.text(0, 0, "a\x1b[31mb\x07") == 8
    assert lines(canvas)[0].rstrip() == "a [31mb"


def test_a_click_finds_its_zone() -> None:
    canvas = Canvas(10, 4, terminal())
    canvas.click(2, 1, 3, 2, "there")
    zone = canvas.zones[0]
    assert [zone.holds(*at) for at in ((2, 1), (4, 2), (5, 1), (2, 3), (1, 1))] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
def test_lean_lines_draw_what_textual_would(depth: Depth) -> None:
    """Cell by cell, with every change of colour and weight."""
    looks = [
        style(None, None, False, depth),
        style((200, 40, 40), (10, 10, 10), False, depth),
        style((200, 40, 40), (10, 10, 10), True, depth),
        style((40, 200, 40), None, True, depth),
        style(None, (90, 90, 200), False, depth),
    ]
    pairs = [(one, other) for one in looks for other in looks]
    segments = [
        Segment(text, look)
        for pair in pairs
        for text, look in zip(("ab", "  ", "▀"), (*pair, pair[0]), strict=True)
    ]
    system = {"truecolor": "truecolor", "256": "256"}.get(depth, "standard")
    console = Console(color_system=system, force_terminal=True, _environ={})  # type: ignore[arg-type]
    drawn = []
    for kind in (Strip, LeanStrip):
        screen = pyte.Screen(150, 1)
        pyte.Stream(screen).feed("\x1b[0m" + kind(segments).render(console))
        cells = [screen.buffer[0][x] for x in range(150)]
        # What a space has in front is not seen.
        drawn.append([(c.data, c.bg, "" if c.data == " " else (c.fg, c.bold)) for c in cells])
    assert drawn[0] == drawn[1]
    assert len(LeanStrip(segments).render(console)) <= len(Strip(segments).render(console))


def test_a_picture_has_the_ground_where_it_has_no_colour() -> None:
    canvas = Canvas(4, 1, terminal(), ground=(1, 2, 3))
    canvas.picture(1, 0, [[Span("ab", (9, 9, 9), None)]])
    assert {str(segment.style).rpartition("on ")[2] for segment in canvas.strips()[0]} == {"#010203"}


@pytest.mark.parametrize(("width", "shown"), [(20, "/home/a/b.png"), (8, "…a/b.png"), (3, "…ng"), (1, "…")])
def test_a_long_path_loses_its_beginning(width: int, shown: str) -> None:
    assert ending_of("/home/a/b.png", width) == shown


def test_a_sentence_keeps_its_words_and_the_end_of_its_path() -> None:
    text = "/home/a/b.png cannot be written: no space"
    assert fit_sentence(text, 60) == text
    assert fit_sentence(text, 34) == "…b.png cannot be written: no space"
    assert fit_sentence(text, 12) == "/home/a/b.p…"
