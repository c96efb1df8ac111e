"""One chart as painted: what it says of several runs, and of figures that are missing or no numbers."""

import dataclasses
import math
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import terminal
from tests.vaetui.tui.views.loss.drawing import drawn, made_run
from vaetui.runs import curves
from vaetui.runs.curves import ACTIVE, BOUND, DISTORTION, RATE, TOTAL
from vaetui.runs.curves import rates as rates_of
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.views.loss import rates
from vaetui.tui.widgets.layout import Rect


def test_totals_of_several_beta_are_said_not_to_compare(runs: Path) -> None:
    several = [made_run(runs, beta=beta) for beta in (1.0, 4.0)]
    assert "compare −ELBO" in drawn(several)
    assert "total = distortion + β·rate" in drawn(several)
    assert "compare" not in drawn(several, BOUND)
    alike = [several[1], made_run(runs, beta=4.0, latent=5)]
    assert "compare" not in drawn(alike)
    assert "total = distortion + 4·rate" in drawn(alike)


def test_the_bound_is_the_same_sum_whatever_beta_is(runs: Path) -> None:
    run = made_run(runs, beta=4.0)
    assert run.latest is not None
    assert f"validation {-run.latest.held_out.elbo:.1f}" in drawn([run], BOUND)


def test_what_cannot_be_compared_is_said(runs: Path) -> None:
    one = made_run(runs)
    other = made_run(runs, likelihood="gaussian")
    assert "different losses" in drawn([one, other], DISTORTION)
    assert "different losses" not in drawn([one, other], RATE)
    assert "different images" in drawn([one, made_run(runs, dataset="mnist")], RATE)


def test_more_than_eight_runs_are_counted(runs: Path) -> None:
    every = [made_run(runs, latent=latent) for latent in range(1, 12)]
    shown = curves.plotted(every[0], every)
    assert len(shown.runs) == len(set(shown.places)) == curves.MOST
    assert shown.left_out == 3
    assert "3 more marked" in drawn(every)
    assert curves.plotted(every[-1], every).left_out == 3
    assert "more marked" not in drawn(every[:8])


def test_runs_of_other_lengths_are_read_off_where_they_end_and_nowhere_after(runs: Path) -> None:
    short, long = made_run(runs, epochs=2), made_run(runs, beta=4.0, epochs=9)
    value = f"{-short.epochs[-1].held_out.elbo:.1f}"
    at_end = drawn([short, long], BOUND, "validation")
    assert f"z2 β1 {value}" in at_end
    assert "each at its last epoch" in at_end
    assert "z2 β1 –" in drawn([short, long], BOUND, "validation", at=5)
    assert f"z2 β1 {value}" in drawn([short, long], BOUND, "validation", at=2)


def test_without_held_out_images_there_are_training_curves_only(runs: Path) -> None:
    rows = [dataclasses.replace(tiny.epoch(tiny.config(), n), val=None) for n in (1, 2)]
    run = made_run(runs, rows)
    assert not curves.plotted(run, []).has_validation
    assert "validation" not in drawn([run])
    other = made_run(runs, beta=4.0)
    assert "no validation" in drawn([other, run], TOTAL, "validation")


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize("name", [TOTAL, DISTORTION, RATE, BOUND, ACTIVE])
@pytest.mark.parametrize("is_log", [False, True])
def test_figures_that_are_no_numbers_are_left_out_and_the_rest_is_drawn(
    runs: Path, wrong: float, name: str, is_log: bool
) -> None:
    rows = [tiny.epoch(tiny.config(), number) for number in (1, 2, 3)]
    odd = dataclasses.replace(rows[1].train, distortion=wrong, rate=wrong, elbo=wrong)
    rows[1] = dataclasses.replace(rows[1], train=odd, val=odd)
    run = made_run(runs, rows)
    shown = drawn([run], name, is_log=is_log, at=2)
    assert "epoch 2" in shown
    assert any(0x2800 < ord(c) < 0x2900 for c in shown)
    label = {"nan": "nan", "inf": "inf", "-inf": "−inf"}.get(str(wrong), "e300")
    assert (label in shown) == (name != ACTIVE)
    nothing = made_run(runs, [rows[1]], beta=4.0)
    if not math.isfinite(wrong) and name != ACTIVE:
        expected = "nothing above 0" if is_log else "no figures to draw"
        assert expected in drawn([nothing], name, is_log=is_log)


def test_missing_epochs_have_no_value(runs: Path) -> None:
    rows = [tiny.epoch(tiny.config(), number) for number in (3, 4, 9)]
    run = made_run(runs, rows)
    assert curves.plotted(run, []).epochs == (3, 9)
    assert "validation –" in drawn([run], at=5)
    canvas = Canvas(60, 12, terminal())
    rates.paint(canvas, Rect(1, 0, 58, 12), rates_of(tuple(rows)), (3, 9), 5)
    assert "no figures at epoch 5" in canvas.strips()[1].text
