"""The curves of several runs: their names, and rates by dimension."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.tui.views.loss.drawing import made_run
from vaetui.runs import curves
from vaetui.runs.curves import rates as rates_of
from vaetui.runs.run_index import RunIndex


def test_names_tell_what_differs(runs: Path) -> None:
    one = made_run(runs)
    assert curves.distinct_names([one]) == ("z=2 β=1",)
    assert curves.distinct_names([one, made_run(runs, kind="ae", latent=5)]) == ("z=2 β=1", "z=5 AE")
    assert curves.distinct_names([one, made_run(runs, seed=3, beta=4.0)]) == (
        "z=2 β=1 seed 0",
        "z=2 β=4 seed 3",
    )
    others = [one, made_run(runs, likelihood="gaussian"), made_run(runs, hidden=(8, 8))]
    assert curves.distinct_names(others) == ("z=2 β=1 bce 16", "z=2 β=1 mse 16", "z=2 β=1 bce 8×8")
    path = tiny.make(runs, tiny.config(patience=2), name="patient")
    patient = next(run for run in RunIndex(runs).runs if run.path == path)
    assert curves.distinct_names([one, patient]) == ("z=2 β=1", "z=2 β=1 patience 2 epochs")
    path = tiny.make(runs, name="again")
    again = next(run for run in RunIndex(runs).runs if run.path == path)
    assert curves.distinct_names([one, again]) == (one.name, "again")


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
