"""The notice takes as many lines as its sentence needs, three at most."""

from pathlib import Path

import pytest

from tests.vaetui.tui.driving import LARGE, SMALL, exploring, settle, text
from vaetui.tui.app import Explorer
from vaetui.tui.widgets.bars import MORE, NoticeLine

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
