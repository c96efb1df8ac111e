"""Every chart is on a page at every size."""

from pathlib import Path

import pytest

from tests.vaetui.tui.driving import LARGE, SMALL, press, text
from tests.vaetui.tui.views.loss.drawing import EVERY, reading
from vaetui.tui.views.loss import pages


async def test_every_chart_is_reached_in_the_smallest_window(grid: Path) -> None:
    titles = ("total =", "distortion −E", "rate KL", "−ELBO =", "rate of each dimension", "active units")
    async with reading(grid) as (app, _):
        for title in (*titles, titles[0]):
            assert f"│ {title}" in text(app)
            await press(app, "w")


@pytest.mark.parametrize("width", [56, 80, 119, 120, 165, 300])
@pytest.mark.parametrize("height", [15, 20, 35, 36, 46])
def test_the_pages_of_every_size_have_every_chart(width: int, height: int) -> None:
    every = pages.pages(width, height)
    assert {name for page in every for band in page for name in band} == set(EVERY)
    for name in ("", *EVERY):
        visited = {name}
        for _ in every:
            name = pages.after(every, name)
            visited.add(name)
        assert {page[0][0] for page in every} <= visited


async def test_a_large_window_has_all_and_the_first_chart_can_be_the_bound(grid: Path) -> None:
    async with reading(grid, size=LARGE) as (app, _):
        for title in ("total =", "distortion −E", "rate KL", "rate of each dimension", "active units"):
            assert title in text(app)
        await press(app, "w")
        assert "−ELBO = distortion + rate " in text(app)
        assert "total =" not in text(app)
        await press(app, "w")
        assert "total =" in text(app)


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20), (80, 23), (100, 45), (180, 30)])
async def test_it_fits_every_size_with_marks(grid: Path, size: tuple[int, int]) -> None:
    async with reading(grid, size=size) as (app, _):
        await press(app, "v", "equals_sign", "v", "right_square_bracket", "v", "minus", "S", "S")
        for _ in EVERY:
            await press(app, "left", "w")
            assert {len(line) for line in text(app).splitlines()} == {size[0]}
            assert "epoch 2" in text(app) or "epoch 1" in text(app)
            await press(app, "end")
