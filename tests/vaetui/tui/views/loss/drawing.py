"""Open the view Loss, and paint one of its charts without the app."""

import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests import tiny
from tests.vaetui.tui.driving import SMALL, exploring, settle, terminal
from trainer.contract.metrics import Epoch
from vaetui.runs import curves
from vaetui.runs.curves import ACTIVE, BOUND, DISTORTION, KL, RATE, TOTAL, CurveCache
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run
from vaetui.tui.app import Explorer
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.chart_settings import Split
from vaetui.tui.views.loss import paint
from vaetui.tui.views.loss.paint import PlotSettings
from vaetui.tui.views.loss.view import Loss
from vaetui.tui.widgets.layout import Rect

FIRST = "vae-z2-b1-bce-s0-h16"

EVERY = (TOTAL, DISTORTION, RATE, BOUND, KL, ACTIVE)


@asynccontextmanager
async def reading(
    runs: Path, name: str = FIRST, size: tuple[int, int] = SMALL, poll: float = 60, **more: Any
) -> AsyncIterator[tuple[Explorer, Pilot[None]]]:
    async with exploring(runs, size, [runs / "digits" / name], poll=poll, **more) as (app, pilot):
        app.action_view(Loss.title)
        await settle(app)
        yield app, pilot


def made_run(runs: Path, rows: Sequence[Epoch] | None = None, **settings: Any) -> Run:
    """A run as the library gives it, with other `rows` if given."""
    path = tiny.make(runs, tiny.config(**settings))
    run = next(run for run in RunIndex(runs).runs if run.path == path)
    return run if rows is None else dataclasses.replace(run, epochs=tuple(rows))


def drawn(
    runs: Sequence[Run], name: str = TOTAL, split: Split = "both", is_log: bool = False, at: int | None = None
) -> str:
    """What one chart of `runs` shows, the first of them selected."""
    shown = curves.plotted(runs[0], runs[1:])
    assert shown.epochs is not None
    canvas = Canvas(60, 20, terminal())
    place = shown.epochs[1] if at is None else at
    settings = PlotSettings(shown, split, is_log, True, shown.epochs, place)
    rect = Rect(1, 0, 58, 20)
    paint.paint(canvas, rect, name, settings, CurveCache())
    return "\n".join(strip.text for strip in canvas.strips())
