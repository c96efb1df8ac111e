"""The curves of several runs: their names, and rates by dimension."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.tui.driving import terminal
from tests.vaetui.tui.views.loss.drawing import made_run
from vaetui.runs import curves
from vaetui.runs.curves import rates as rates_of
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.views.loss import paint
from vaetui.tui.views.loss.paint import PlotSettings
from vaetui.tui.widgets.layout import Rect


def names(*runs: Run) -> tuple[str, ...]:
    return curves.distinct_names([SeedGroup((run,)) for run in runs])


def test_names_tell_what_differs(runs: Path) -> None:
    one = made_run(runs)
    assert names(one) == ("z=2 β=1",)
    assert names(one, made_run(runs, kind="ae", latent=5)) == ("z=2 β=1", "z=5 AE")
    assert names(one, made_run(runs, seed=3, beta=4.0)) == (
        "z=2 β=1 seed 0",
        "z=2 β=4 seed 3",
    )
    others = [one, made_run(runs, likelihood="gaussian"), made_run(runs, hidden=(8, 8))]
    assert names(*others) == ("z=2 β=1 bce 16", "z=2 β=1 mse 16", "z=2 β=1 bce 8×8")
    path = tiny.make(runs, tiny.config(patience=2), name="patient")
    patient = next(run for run in RunIndex(runs).runs if run.path == path)
    assert names(one, patient) == ("z=2 β=1", "z=2 β=1 patience 2 epochs")
    path = tiny.make(runs, name="again")
    again = next(run for run in RunIndex(runs).runs if run.path == path)
    assert names(one, again) == (one.name, "again")


def test_rates_are_sorted_by_the_last_epoch_and_what_is_no_number_is_missing() -> None:
    rows = [
        dataclasses.replace(tiny.epoch(tiny.config(latent=3), n), kl_per_dim=kl)
        for n, kl in ((1, (5.0, 1.0, 0.0)), (2, (1.0, math.nan, 2.0)), (3, (0.0, 3.0, math.inf)))
    ]
    found = rates_of(tuple(rows))
    assert found.dims == (1, 0, 2)
    missing = math.nan
    expected = [[1, missing, 3], [5, 1, 0], [0, 2, missing]]
    assert found.values.tolist() == pytest.approx(np.array(expected), nan_ok=True)
    assert found.most == 5
    assert rates_of(tuple(dataclasses.replace(row, kl_per_dim=(0.0,)) for row in rows)).most == 1


def of_seeds(runs: Path, *shifts: float, lengths: tuple[int, ...] = (), **settings: Any) -> SeedGroup:
    """Runs of one model whose metrics are apart by `shifts`."""
    made = []
    for seed, shift in enumerate(shifts):
        rows = tiny.course(tiny.config(**settings), lengths[seed] if lengths else 3, 9)
        rows = [
            dataclasses.replace(
                row, val=dataclasses.replace(row.val, distortion=row.val.distortion + shift * row.epoch)
            )
            for row in rows
            if row.val
        ]
        made.append(made_run(runs, rows, seed=seed, **settings))
    return SeedGroup(tuple(made))


def test_a_band_is_mean_and_deviation_at_the_epochs_that_all_seeds_have(runs: Path) -> None:
    model = of_seeds(runs, -1.0, 0.0, 4.0, lengths=(3, 5, 4))
    epochs, means, deviations = curves.CurveCache().band(model, curves.DISTORTION, "validation")
    values = np.array(
        [[row.val.distortion for row in run.epochs[:3] if row.val] for run in model.runs]  # (seeds, epochs)
    )
    assert epochs == (1.0, 2.0, 3.0)
    assert means == pytest.approx(values.mean(0))
    assert deviations == pytest.approx(values.std(0, ddof=1))
    single = SeedGroup(model.runs[:1])
    assert curves.CurveCache().band(single, curves.DISTORTION, "validation")[2] == ()


def test_a_marked_model_is_one_curve_and_a_marked_seed_of_the_selected_one_is_its_own(runs: Path) -> None:
    own, other = of_seeds(runs, 0.0, 1.0, 2.0), of_seeds(runs, 0.0, 1.0, beta=4.0)
    groups = {run.path: group for group in (own, other) for run in group.runs}
    shown = curves.plotted(own.runs[1], other.runs, groups)
    assert [model.seeds for model in shown.models] == [(0, 1, 2), (0, 1)]
    assert shown.names == ("z=2 β=1 seeds 0–2", "z=2 β=4 seeds 0,1")
    shown = curves.plotted(own.runs[1], [own.runs[2]], groups)
    assert [model.seeds for model in shown.models] == [(0, 1, 2), (2,)]
    shown = curves.plotted(own.runs[1], [own.runs[1]], groups)
    assert [model.seeds for model in shown.models] == [(0, 1, 2), (1,)]
    assert len(set(shown.places)) == 2, "of two colours"
    assert curves.plotted(own.runs[1], [], groups).is_single


def test_the_legend_has_mean_and_deviation_at_the_cursor(runs: Path) -> None:
    model = of_seeds(runs, -1.0, 0.0, 1.0)
    middle = model.runs[1].epochs[1].val
    assert middle is not None
    shown = curves.plotted(model.first, [], {run.path: model for run in model.runs})
    canvas = Canvas(60, 20, terminal())
    settings = PlotSettings(shown, "both", False, True, (1, 3), 2)
    paint.paint(canvas, Rect(1, 0, 58, 20), curves.DISTORTION, settings, curves.CurveCache())
    words = "\n".join(strip.text for strip in canvas.strips())
    assert f"validation {middle.distortion:.1f} ± 2.0" in words
    assert "mean ± standard deviation of 3 seeds" in words
