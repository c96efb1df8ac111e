"""Painting: text is placed or cut, unchanged rows keep their strips."""

import pytest

from tests.vaetui.tui.driving import terminal
from vaetui.render.colours import Colour
from vaetui.render.spans import Span
from vaetui.render.theme import BACKGROUND
from vaetui.tui.screen.canvas import Canvas, fit, fit_end, longest_fitting, wrapped


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


def test_a_row_as_before_keeps_its_strip() -> None:
    canvases = [Canvas(12, 3, terminal()) for _ in range(2)]
    picture = [[Span("▀▀", (1, 2, 3), (4, 5, 6))]]
    for number, canvas in enumerate(canvases):
        canvas.text(0, 0, "same")
        canvas.text(0, 1, "one" if number else "other")
        canvas.picture(3, 2, picture)
    first = canvases[0].strips()
    second = canvases[1].strips(canvases[0])
    assert [one is other for one, other in zip(first, second, strict=True)] == [True, False, True]
    assert second[1].text.rstrip() == "one"


@pytest.mark.parametrize(("width", "ground"), [(13, BACKGROUND), (12, (1, 2, 3))])
def test_another_width_or_ground_is_drawn_anew(width: int, ground: Colour) -> None:
    before, after = Canvas(12, 1, terminal()), Canvas(width, 1, terminal(), ground)
    for canvas in (before, after):
        canvas.text(0, 0, "same", bg=BACKGROUND)
    old = before.strips()[0]
    new = after.strips(before)[0]
    assert new.cell_length == width
    assert new != old


def test_a_picture_has_the_ground_where_it_has_no_colour() -> None:
    canvas = Canvas(4, 1, terminal(), ground=(1, 2, 3))
    canvas.picture(1, 0, [[Span("ab", (9, 9, 9), None)]])
    assert {str(segment.style).rpartition("on ")[2] for segment in canvas.strips()[0]} == {"#010203"}


@pytest.mark.parametrize(("width", "shown"), [(20, "/home/a/b.png"), (8, "…a/b.png"), (3, "…ng"), (1, "…")])
def test_a_long_path_loses_its_beginning(width: int, shown: str) -> None:
    assert fit_end("/home/a/b.png", width) == shown


def test_a_sentence_is_wrapped_between_words_and_numbers_stay_whole() -> None:
    text = "training on 54 000 images"
    assert wrapped(text, 60) == [text]
    assert wrapped(text, 15) == ["training on", "54 000 images"]
    assert wrapped(text, 12) == ["training on", "54 000", "images"]
    assert wrapped(text, 12, 2) == ["training on", "54 000 imag…"]
    assert wrapped(text, 12, 0) == []


def test_the_longest_version_that_fits_is_chosen() -> None:
    versions = ("nats per image of the test set", "nats per image", "nats")
    assert [longest_fitting(width, *versions) for width in (30, 29, 14, 13, 4)] == [
        *(versions[0], versions[1], versions[1], versions[2], versions[2])
    ]
    assert longest_fitting(3, *versions) == "na…"
