"""Every view on fixed tiny runs looks as it was kept; `make snapshots` keeps the screens anew."""

import asyncio
import os
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui import snapshot
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, press, settle, strips
from tests.vaetui.tui.snapshot import Cell
from vaetui.tui import keys
from vaetui.tui.app import Explorer

KEPT = Path(__file__).parent / "snapshots"
IS_RENEWING = bool(os.environ.get("RENEW_SNAPSHOTS"))


@pytest.fixture
def fixed(runs: Path) -> Path:
    """Two latent sizes × two β and an autoencoder each, on the bundled digits."""
    tiny.grid(runs, kinds=("vae", "ae"), epochs=12)
    return runs


async def at_rest(app: Explorer) -> snapshot.Screen:
    """The screen once nothing more comes: some figures are worked out after the first frame, one by one."""
    before, calm = snapshot.taken(strips(app)), 0
    while calm < 4:
        await asyncio.sleep(0.05)
        await settle(app)
        now = snapshot.taken(strips(app))
        before, calm = now, calm + 1 if now == before else 0
    return before


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("view", keys.VIEWS)
async def test_every_view_looks_as_it_was_kept(
    fixed: Path, tmp_path: Path, view: str, size: tuple[int, int]
) -> None:
    path = KEPT / f"{view.lower()}-{size[0]}x{size[1]}.txt"
    async with exploring(fixed, size, wanted=[fixed / "digits" / "vae-z5-b1-bce-s0-h16"]) as (app, _):
        await press(app, str(keys.VIEWS.index(view) + 1))
        seen = await at_rest(app)
        picture = tmp_path / f"{path.stem}.svg"
        picture.write_text(app.export_screenshot(), "utf-8")
    if IS_RENEWING:
        snapshot.write(path, seen)
    different = snapshot.differences(snapshot.read(path), seen)
    assert not different, f"{picture} does not look like {path.name}:\n" + "\n".join(different[:12])


def test_a_kept_screen_is_read_as_it_was(tmp_path: Path) -> None:
    row = [Cell("▀", (1, 2, 3), (4, 5, 6), False), Cell("β", (255, 0, 9), (0, 0, 0), True)]
    screen = [row, [*reversed(row)]]
    snapshot.write(tmp_path / "kept.txt", screen)
    assert snapshot.read(tmp_path / "kept.txt") == screen


def test_only_pictures_may_differ_by_a_grey_level() -> None:
    dark, darker, bright = (30, 30, 30), (20, 20, 20), (90, 90, 90)
    upper = Cell("▀", bright, dark, False)
    assert upper.looks_like(Cell("▄", darker, bright, False)), "the same halves, drawn the other way round"
    assert not upper.looks_like(Cell("▄", bright, darker, False)), "upside down"
    assert Cell(" ", (0, 0, 0), dark, False).looks_like(Cell("█", darker, bright, False))
    letter = Cell("β", bright, dark, False)
    assert not letter.looks_like(Cell("β", bright, darker, False))
    assert not letter.looks_like(Cell("b", bright, dark, False))
    assert len(snapshot.differences([[letter, upper]], [[upper, upper]])) == 1
