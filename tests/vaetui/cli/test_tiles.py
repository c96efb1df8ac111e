"""Digits side by side on standard output, on every rung and in every depth."""

import io

import numpy as np
import pytest

from tests.vaetui.render.seeing import halves, real, shown
from trainer.contract.config import SIDE
from vaetui.cli.tiles import GAP, SMALL, Layout, draw, lines
from vaetui.render.terminal import Background, Depth, Glyphs, Terminal


def terminal(glyphs: Glyphs, depth: Depth, background: Background = "dark") -> Terminal:
    return Terminal(depth, glyphs, is_tty=True, columns=80, reason="", background=background)


DIGITS = [(real(number).ravel() / np.float32(255)).astype(np.float32) for number in range(2)]
TILES = [("one", DIGITS[0]), ("two", DIGITS[1])]


@pytest.mark.parametrize("glyphs", ["half", "quadrant"])
def test_digits_are_read_back_beside_each_other(glyphs: Glyphs) -> None:
    caption, *drawn = lines(TILES, SIDE, terminal(glyphs, "truecolor"))
    assert caption.split() == ["one", "two"]
    seen = halves(drawn, 2 * SIDE + GAP)
    for number, left in enumerate((0, SIDE + GAP)):
        wanted = np.rint(real(number) / 17) * 17
        np.testing.assert_array_equal(seen[:, left : left + SIDE, 0], wanted)


def test_on_a_light_background_digits_are_ink_on_paper() -> None:
    dark, light = (
        halves(lines(TILES, SIDE, terminal("half", "truecolor", background))[1:], 2 * SIDE + GAP)
        for background in ("dark", "light")
    )
    np.testing.assert_array_equal(dark[:, :SIDE], 255 - light[:, :SIDE])


def test_thumbnails_of_quadrants_show_twice_as_much_in_the_same_cells() -> None:
    half, quadrant = (
        shown(lines(TILES, SMALL, terminal(glyphs, "truecolor"))[1:], 2 * SMALL + GAP)[:, : 2 * SMALL, 0]
        for glyphs in ("half", "quadrant")
    )
    small = real().reshape(14, 2, 28).mean(1)
    errors = [float(np.square(seen - small).mean()) for seen in (half, quadrant)]
    assert half.shape == quadrant.shape
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize("depth", ["truecolor", "256", "16", "none"])
@pytest.mark.parametrize("glyphs", ["half", "quadrant", "ascii"])
def test_every_rung_takes_the_same_place(
    glyphs: Glyphs, depth: Depth, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    draw(TILES, Layout(SIDE, 1), terminal(glyphs, depth))
    text = out.getvalue()
    assert text.count("\n") == 2 * 15 + 1
    assert ("\x1b" in text) == (glyphs != "ascii" and depth != "none")
    assert text.isascii() == (glyphs == "ascii" or (glyphs, depth) == ("half", "none"))
