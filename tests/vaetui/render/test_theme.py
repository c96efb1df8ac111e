"""The themes in numbers: contrast, colours that everybody tells apart, and that nothing keeps old colours."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.vaetui.tui.driving import (
    LARGE,
    SMALL,
    exploring,
    picture,
    press,
    settle,
    strips,
    terminal,
    text,
    until,
)
from tests.vaetui.tui.seeing import KINDS, ciede2000, contrast, lab, least_apart, least_told_apart
from vaetui.render import theme as look
from vaetui.render.colours import Colour, ColourMap, nearest_16, nearest_256, of_256
from vaetui.render.terminal import Depth, Glyphs
from vaetui.render.themes import DARK, Theme
from vaetui.tui import keys
from vaetui.tui.widgets import images

THEMES = pytest.mark.parametrize("theme", look.THEMES.values(), ids=look.THEMES.keys())
SEEING = pytest.mark.parametrize("seeing", KINDS)
ENOUGH = 25.0  # ΔE*ab between two marks
# CIEDE2000 between two classes, for everybody and for usual colour vision: ΔE*ab calls pale and strong green
# (48) twice as far apart as it calls orange and brown.
APART, USUALLY_APART = 12.0, 17.0


@pytest.fixture(autouse=True)
def _dark_again() -> Iterator[None]:
    yield
    look.use_theme("dark")


# --- in numbers


@THEMES
def test_text_can_be_read(theme: Theme) -> None:
    for ground in (theme.background, theme.panel):
        for colour in (theme.text, theme.bright, theme.accent, theme.warning):
            assert contrast(colour, ground) >= 4.5, (colour, ground)
        assert contrast(theme.dim, ground) >= 3, (theme.dim, ground)
    for colour in (*theme.classes, *theme.curves):
        assert contrast(colour, theme.background) >= 2.5, colour
    for colour in theme.curves:  # which are those of words, too
        assert contrast(colour, theme.background) >= 4.5, colour
    assert contrast(theme.ink, theme.paper) >= 10


@THEMES
def test_a_digit_on_the_colour_of_its_class_can_be_read(theme: Theme) -> None:
    look.use_theme(theme.name)
    for name, colour in zip(look.CLASS_COLOURS, theme.classes, strict=True):
        assert contrast(look.themed(look.readable_on(name)), colour) >= 4.5, colour


def test_high_contrast_is_higher() -> None:
    theme = look.THEMES["contrast"]
    assert contrast(theme.text, theme.background) >= 15
    assert min(contrast(c, theme.background) for c in (theme.dim, theme.accent, theme.warning)) >= 7
    assert contrast(theme.line, theme.background) >= 3


@THEMES
@SEEING
def test_classes_are_distinguished_by_everybody(theme: Theme, seeing: str) -> None:
    assert len(theme.classes) == 10
    for colours in (theme.classes, quantised(theme.classes)):
        assert least_told_apart(colours, seeing) > (USUALLY_APART if seeing == "usual" else APART)


@SEEING
def test_the_curves_of_the_safe_theme_are_distinguished_among_256_colours(seeing: str) -> None:
    assert least_told_apart(quantised(look.THEMES["safe"].curves), seeing) > 11


def test_differences_of_colours_are_those_of_the_standard() -> None:
    """Pairs 1, 18 and 34 of the test data of Sharma et al. 2005."""
    one = np.array([(50, 2.6772, -79.7751), (50, 2.5, 0), (2.0776, 0.0795, -1.1350)])
    other = np.array([(50, 0, -82.7485), (73, 25, -18), (0.9033, -0.0636, -0.5514)])
    np.testing.assert_allclose(ciede2000(one, other), [2.0425, 27.1492, 0.9082], atol=1e-4)


@THEMES
@SEEING
def test_marks_and_both_sides_of_a_difference_are_distinguished_by_everybody(
    theme: Theme, seeing: str
) -> None:
    assert least_apart((theme.accent, theme.warning), seeing) > 40
    assert least_apart((theme.too_little, theme.too_much, theme.paper), seeing) > 50


@THEMES
@SEEING
def test_the_scale_of_figures_goes_one_way_in_lightness(theme: Theme, seeing: str) -> None:
    steps = np.diff(lab(theme.scale, seeing)[:, 0])
    assert (np.abs(steps) > 10).all()
    assert len(set(np.sign(steps))) == 1


@SEEING
def test_the_safe_theme_is_safe_where_the_dark_one_is_not(seeing: str) -> None:
    safe = look.THEMES["safe"]
    assert least_apart(safe.curves, seeing) > 35
    lightness = lab((safe.too_little, safe.too_much), seeing)[:, 0]
    assert lightness[1] - lightness[0] > 20  # the difference reads in grey, too
    assert least_apart((safe.accent, safe.warning, safe.text, safe.dim), seeing) > ENOUGH
    if seeing == "deuteranopia":
        assert least_apart(DARK.curves, seeing) < 10


@THEMES
def test_sixteen_colours_leave_text_legible(theme: Theme) -> None:
    """Among 16 what a colour looks like is the terminal's choice: other numbers have to do."""
    for ground in (theme.background, theme.panel):
        for colour in (theme.text, theme.bright, theme.accent, theme.warning, theme.dim):
            assert nearest_16(colour) != nearest_16(ground), (colour, ground)
    greys = [nearest_16(_between(theme, part / 3)) for part in range(4)]
    assert len(set(greys)) >= 3, greys


def quantised(colours: Sequence[Colour]) -> list[Colour]:
    """What terminals of 256 colours show for `colours`."""
    return [of_256(nearest_256(colour)) for colour in colours]


def _between(theme: Theme, part: float) -> Colour:
    red, green, blue = (round(p + part * (i - p)) for p, i in zip(theme.paper, theme.ink, strict=True))
    return red, green, blue


# --- names and pixels


def test_every_name_is_a_colour_of_its_own() -> None:
    """Else a theme could not tell which of two is meant."""
    assert len(set(DARK.named)) == len(DARK.named)
    assert {len(theme.named) for theme in look.THEMES.values()} == {len(DARK.named)}


@THEMES
def test_no_pixel_is_taken_for_a_name(theme: Theme) -> None:
    look.use_theme(theme.name)
    unit = np.linspace(-1, 1, 4001, dtype=np.float32)
    for colours in (look.ink, look.difference, look.scale_colours):
        for pixel in map(tuple, np.unique(colours(unit).reshape(-1, 3), axis=0).tolist()):
            assert look.themed(pixel) == pixel
    assert look.themed(look.PAPER) == theme.paper


# --- worn


@pytest.mark.parametrize("colours", [look.ink, look.difference], ids=["ink", "difference"])
def test_a_digit_that_was_drawn_before_is_drawn_anew(colours: ColourMap) -> None:
    pixels = np.linspace(0, 1, 784, dtype=np.float32)

    def seen() -> set[Colour]:
        spans = [span for row in images.rows(pixels, terminal(), images.FULL, colours) for span in row]
        return {colour for span in spans for colour in (span.fg, span.bg) if colour}

    dark = seen()
    look.use_theme("light")
    assert len(seen() & dark) <= 1
    look.use_theme("dark")
    assert seen() == dark


@pytest.mark.parametrize("view", keys.VIEWS)
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_a_theme_repaints_all_and_comes_round_to_the_same(
    grid: Path, view: str, size: tuple[int, int]
) -> None:
    """As opened in each theme, so that nothing keeps the colours of another."""
    key = str(keys.VIEWS.index(view) + 1)
    async with exploring(grid, size, poll=60) as (app, _):
        await press(app, key, *("space", "right") * (view == "Draw"))
        seen = {}
        for name in (*list(look.THEMES)[1:], "dark"):
            await press(app, "T")
            assert app.theme == name
            seen[name] = picture(app)
        assert len({str(shown) for shown in seen.values()}) == len(look.THEMES)
        back = "#" + bytes(DARK.background).hex()
        assert any(back in style for line in seen["dark"] for _, style in line)
        assert not any(back in style for line in seen["light"] for _, style in line)
        old = {"#" + bytes(colour).hex() for colour in DARK.named} - {
            "#" + bytes(colour).hex() for colour in look.THEMES["light"].named
        }
        light = {
            found
            for line in seen["light"]
            for _, style in line
            for found in re.findall("#[0-9a-f]{6}", style)
        }
        assert not light & old


async def test_what_is_opened_in_a_theme_looks_as_what_changed_to_it(grid: Path) -> None:
    async with exploring(grid, poll=60) as (app, _):
        await press(app, "2", "T")
        changed = picture(app)
    async with exploring(grid, poll=60, theme="light") as (app, _):
        await press(app, "2")
        assert picture(app) == changed


async def test_views_that_were_hidden_have_the_new_colours_too(grid: Path) -> None:
    async with exploring(grid, poll=60) as (app, _):
        await press(app, "2", "4", "T", "2")
        light = {style for line in picture(app) for _, style in line}
        assert not any("#" + bytes(DARK.background).hex() in style for style in light)


async def test_the_palette_offers_each_theme_and_none_of_textuals(grid: Path) -> None:
    async with exploring(grid) as (app, _):
        names = [command.title for command in app.get_system_commands(app.screen)]
        assert [name for name in names if name.startswith("theme ")] == [
            f"theme {name}" for name in look.THEMES
        ]
        assert not any("change" in name.lower() for name in names)
        await press(app, "ctrl+p", *"theme light")
        await until(app, lambda: "dark ink on white" in text(app))
        await press(app, "down", "enter")
        await until(app, lambda: app.theme == "light")
        await settle(app)
        assert app.current_theme.dark is False


@pytest.mark.parametrize("depth", ["256", "16", "none"])
async def test_few_colours_show_every_theme(
    grid: Path, depth: Depth, monkeypatch: pytest.MonkeyPatch
) -> None:
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    glyphs: Glyphs = "ascii" if depth == "none" else "half"
    async with exploring(grid, (200, 30), shown=terminal(depth, glyphs), poll=60) as (app, _):
        await press(app, "1")
        before = picture(app)
        assert ("T theme" in text(app)) == (depth != "none")
        await press(app, "T")
        assert "distortion" in text(app)
        assert picture(app) != before
        assert ("this terminal has no colours" in text(app)) == (depth == "none")
        for line in strips(app):
            for part in line:
                style = part.style
                if depth != "none" and style is not None and part.text.strip() and style.color:
                    assert style.color != style.bgcolor or set(part.text) <= {"▀", " "}, part
