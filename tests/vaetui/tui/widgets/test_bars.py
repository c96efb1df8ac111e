"""The notice takes as many lines as its sentence needs, three at most; tabs can be read at every width."""

from pathlib import Path

import pytest

from tests.vaetui.tui.driving import LARGE, SMALL, exploring, settle, terminal, text
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets.bars import MORE, NoticeLine, Tabs

ALL_TABS = "1 Loss  2 Reconstruct  3 Sample  4 Interpolate  5 Latent  6 Traverse  7 Compare  8 Draw"
LONG = " ".join(["a sentence that says what is wrong and how it can be mended,"] * 3)


def notice(app: Explorer) -> list[str]:
    """The lines of the notice, without mark and margin."""
    region = app.query_one(NoticeLine).region
    return [line[3:].rstrip() for line in text(app).splitlines()[region.y : region.bottom]]


@pytest.mark.parametrize(("size", "rows"), [(SMALL, 3), (LARGE, 1), ((100, 30), 2), ((68, 22), 3)])
async def test_a_long_notice_is_wrapped_and_leaves_its_lines_again(
    run: Path, size: tuple[int, int], rows: int
) -> None:
    async with exploring(run.parents[1], size) as (app, _):
        before = app.view.size.height
        app.show_notice(LONG, is_trouble=True)
        await settle(app)
        assert len(notice(app)) == rows
        assert " ".join(notice(app)) == LONG
        assert app.view.size.height == before - rows
        app.show_notice("short")
        await settle(app)
        assert notice(app) == ["short"]
        app.state.notice = app.state.notice.__class__()
        app.update()
        await settle(app)
        assert app.view.size.height == before


async def test_the_rest_of_a_notice_that_is_too_long_is_in_the_log(run: Path) -> None:
    async with exploring(run.parents[1], SMALL) as (app, _):
        app.show_notice(LONG * 3)
        await settle(app)
        shown = notice(app)
        assert len(shown) == 3
        assert shown[-1].endswith(f"…{MORE}")


async def test_a_notice_is_wrapped_anew_for_another_width(run: Path) -> None:
    async with exploring(run.parents[1], SMALL) as (app, pilot):
        app.show_notice(LONG)
        await settle(app)
        for size, rows in ((LARGE, 1), (SMALL, 3)):
            await pilot.resize_terminal(*size)
            await settle(app)
            assert len(notice(app)) == rows
            assert " ".join(notice(app)) == LONG


def tabs(width: int, active: str) -> list[str]:
    widget, canvas = Tabs(terminal()), Canvas(width, 2, terminal())
    widget.active = active
    widget.paint(canvas)
    return [strip.text for strip in canvas.strips(None)]


@pytest.mark.parametrize(
    ("width", "names"),
    [
        (165, ALL_TABS),
        (84, ALL_TABS.replace("  ", " ")),
        (75, "1 Loss  2 Recon  3 Sample  4 Interp  5 Latent  6 Trav  7 Cmp  8 Draw"),
        (63, "1 Loss 2 Recon 3 Sample 4 Interp 5 Latent 6 Trav 7 Cmp 8 Draw"),
        (56, "1Loss 2Recon 3Sample 4Interp 5Latent 6Trav 7Cmp 8Draw"),
        (36, "1 2 Recon 3 4 5 6 7 8"),
    ],
)
def test_names_are_shortened_where_they_do_not_fit(width: int, names: str) -> None:
    assert tabs(width, "Reconstruct")[0].strip() == names


@pytest.mark.parametrize("active", keys.VIEWS)
@pytest.mark.parametrize("width", [30, 36, 54, 56, 60, 63, 75, 84, 100, 165])
def test_no_tab_is_cut_and_the_rule_is_heavy_under_the_active_one(width: int, active: str) -> None:
    names, rule = tabs(width, active)
    heavy = names[rule.index("━") : rule.rindex("━") + 1]
    title = heavy.lstrip("12345678 ")
    assert title in (active, keys.SHORT_TITLES.get(active, active))
    assert names.rstrip()[-1] in "w8"
    assert len(names) == len(rule) == width
