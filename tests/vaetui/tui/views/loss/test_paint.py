"""One chart as painted: what it says of several runs, and of figures that are missing or no numbers."""

import dataclasses
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.strip import Strip

from tests import tiny
from tests.vaetui.tui.driving import terminal
from tests.vaetui.tui.views.loss.drawing import drawn, made_run
from trainer.contract.metrics import Epoch
from vaetui.render.colours import Colour
from vaetui.render.terminal import Terminal
from vaetui.render.theme import ACCENT, DIM
from vaetui.runs import curves
from vaetui.runs.curves import ACTIVE, BOUND, DISTORTION, RATE, TOTAL, CurveCache
from vaetui.runs.curves import rates as rates_of
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.views.loss import paint, rates
from vaetui.tui.views.loss.paint import PlotSettings
from vaetui.tui.widgets.charts import EpochAxis
from vaetui.tui.widgets.layout import Rect


def test_totals_of_several_beta_are_said_not_to_compare(runs: Path) -> None:
    several = [made_run(runs, beta=beta) for beta in (1.0, 4.0)]
    assert "compare −ELBO" in drawn(several)
    assert "total = distortion + β·rate" in drawn(several)
    assert "compare" not in drawn(several, BOUND)
    alike = [several[1], made_run(runs, beta=4.0, latent=5)]
    assert "compare" not in drawn(alike)
    assert "total = distortion + 4·rate" in drawn(alike)


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        ({"beta_warmup": 5}, "= −ELBO · warm-up 5 epochs"),
        ({"beta_cycles": 4}, "= −ELBO · β cycles 4"),
        ({"free_bits": 0.5}, "= −ELBO · free bits 0.5"),
        ({"bound": "iwae", "samples": 5}, "= −ELBO · IWAE · samples 5"),
    ],
)
def test_the_total_says_what_else_the_objective_has(
    runs: Path, objective: dict[str, Any], words: str
) -> None:
    made = made_run(runs, **objective)
    assert words in drawn([made])
    assert words not in drawn([made, made_run(runs)])  # which was trained otherwise


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


def test_beyond_the_end_of_a_run_its_last_value_is_said_with_its_epoch(runs: Path) -> None:
    short, long = made_run(runs, epochs=2), made_run(runs, beta=4.0, epochs=9)
    value = f"{-short.epochs[-1].held_out.elbo:.1f}"
    trained = f"{-short.epochs[-1].train.elbo:.1f}"
    assert f"z=2 β=1 {value} epoch 2 " in drawn([short, long], BOUND, "validation")
    assert f"z=2 β=1 {value} epoch 2 " in drawn([short, long], BOUND, "validation", at=5)
    assert f"z=2 β=1 {value} {trained} epoch 2 " in drawn([short, long], BOUND, "both", at=5)
    within = drawn([short, long], BOUND, "validation", at=2)
    assert f"z=2 β=1 {value} " in within
    assert f"{value} epoch" not in within
    assert "z=2 β=4 " in drawn([short, long], ACTIVE)
    assert "z=2 β=1 2 epoch 2 " in drawn([short, long], ACTIVE)


def test_a_long_name_leaves_room_for_values_and_epoch(runs: Path) -> None:
    shown = curves.plotted(made_run(runs, epochs=2), [made_run(runs, beta=4.0, epochs=9)])
    shown = dataclasses.replace(shown, names=(f"a run of {'very ' * 20}long name", "b"))
    settings = PlotSettings(shown, "both", False, True, (1, 9), 9)
    entry = paint.entries(settings, BOUND, CurveCache(), False)[0]
    pieces = paint._pieces(entry, settings, 1, 56)
    line = "".join(piece for piece, _, _ in pieces)
    assert len(line) <= 56
    assert line.endswith("epoch 2 ")
    assert "… " in line


def test_curves_that_share_cells_are_said_to_overlap_and_both_are_seen(runs: Path) -> None:
    rows = [tiny.epoch(tiny.config(epochs=60), number) for number in range(1, 61)]
    alike = [dataclasses.replace(row, val=row.train) for row in rows]
    apart = [dataclasses.replace(row, val=dataclasses.replace(row.train, distortion=999.0)) for row in rows]
    run = made_run(runs, alike, epochs=60)
    assert re.search(r"overlap: epochs \d–60", drawn([run]))
    assert "overlap" not in drawn([dataclasses.replace(run, epochs=tuple(apart))])
    assert "overlap" not in drawn([run], split="validation")


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


def test_validation_lies_over_training_and_marked_runs_over_the_selected_one(runs: Path) -> None:
    rows = [dataclasses.replace(row := tiny.epoch(tiny.config(), n), val=row.train) for n in range(1, 31)]
    run, other = made_run(runs, rows, epochs=30), made_run(runs, rows, beta=4.0, epochs=30)
    alone = PlotSettings(curves.plotted(run, []), "both", False, True, (1, 30), 30)
    training, validation = paint.entries(alone, BOUND, CurveCache(), False)
    assert (training.name, validation.name) == ("training", "validation")
    assert validation.layer < training.layer
    for marks, on_top in (([other], other), ([other, run], other), ([run, other], run)):
        shown = curves.plotted(run, marks)
        entries = paint.entries(dataclasses.replace(alone, shown=shown), BOUND, CurveCache(), False)
        uppermost = min(entries, key=lambda entry: entry.layer)
        assert uppermost.name == shown.names[shown.runs.index(on_top)]
        assert [len(entry.curves) for entry in entries] == [2, 2]
    assert drawn_colours(alone)[ACCENT] > 3 * drawn_colours(alone)[DIM] > 0


def drawn_colours(settings: PlotSettings) -> Counter[Colour]:
    """How many cells each colour has in the chart of −ELBO."""
    canvas = Canvas(60, 20, terminal())
    paint.paint(canvas, Rect(1, 0, 58, 20), BOUND, settings, CurveCache())
    parts = [(part.text, part.style) for strip in canvas.strips() for part in strip]
    counts: Counter[Colour] = Counter()
    for text, style in parts:
        if style and style.color and style.color.triplet:
            red, green, blue = style.color.triplet
            counts[red, green, blue] += sum("⠀" < character <= "⣿" for character in text)
    return counts


@pytest.mark.parametrize("width", [56, 53, 40, 30])
def test_a_note_is_divided_between_its_parts(width: int) -> None:
    parts = ("β differs: compare −ELBO", "validation, training faded", "overlap: epochs 1–80")
    lines = paint._wrapped(parts, width)
    assert " · ".join(lines) == " · ".join(parts)
    assert all(len(line) <= width for line in lines)
    (cut,) = paint._wrapped(parts, width, 1)
    assert cut.endswith("…")


def heat_map(rows: list[Epoch], axis: tuple[int, int], at: int, shown: Terminal | None = None) -> list[Strip]:
    """The heat map of a training with `rows`, with the cursor at an epoch."""
    canvas = Canvas(60, 12, shown or terminal())
    rates.paint(canvas, Rect(1, 0, 58, 12), rates_of(tuple(rows)), axis, at)
    return list(canvas.strips())


def grounds(strip: Strip) -> list[str]:
    """The background of each cell of a line, inside the margin of the heat map."""
    return [str(s.style.bgcolor) for s in strip for _ in s.text if s.style][6:59]


def test_missing_epochs_have_no_value_and_are_blank(runs: Path) -> None:
    rows = [tiny.epoch(tiny.config(), number) for number in (3, 4, 9)]
    run = made_run(runs, rows)
    assert curves.plotted(run, []).epochs == (3, 9)
    assert "validation –" in drawn([run], at=5)
    strips = heat_map(rows, (3, 9), 9)
    blank = grounds(strips[0])[-1]
    frame = EpochAxis(0, 0, 53, 9, 3, 9)
    for strip in strips[2:10]:
        cells = grounds(strip)
        assert [blank in cells[frame.column(epoch)] for epoch in range(3, 10)] == [
            False,
            False,
            *[True] * 4,
            False,
        ]
    assert "no figures at epoch 5" in heat_map(rows, (3, 9), 5)[1].text


def test_rates_end_with_the_run_and_its_last_ones_are_said_with_their_epoch() -> None:
    rows = [tiny.epoch(tiny.config(latent=5), number) for number in (1, 2, 3)]
    strips = heat_map(rows, (1, 30), 30)
    blank = grounds(strips[0])[-1]
    cells = grounds(strips[2])
    frame = EpochAxis(0, 0, 53, 9, 1, 30)
    assert blank not in cells[: frame.column(3) + 1]
    assert set(cells[frame.column(4) :]) == {blank}
    assert f"sum {sum(rows[-1].kl_per_dim):.1f} nats at epoch 3  z₁" in strips[1].text


def test_without_colours_no_rate_and_a_rate_of_nothing_differ() -> None:
    rows = [tiny.epoch(tiny.config(), number) for number in (1, 2, 3)]
    collapsed = [dataclasses.replace(row, kl_per_dim=(5.0, 0.0)) for row in rows]
    low = heat_map(collapsed, (1, 30), 1, terminal("none"))[8].text
    assert low[7:9] == "__"
    assert low[20:59].strip() == ""


def test_many_dimensions_are_averaged_without_those_that_are_missing() -> None:
    rows = [tiny.epoch(tiny.config(latent=40), number) for number in (1, 2)]
    rows[1] = dataclasses.replace(rows[1], kl_per_dim=(math.nan, *[2.0] * 39))
    pixels = rates_of(tuple(rows)).pixels([1, 2, 3], 4)
    assert pixels.shape == (8, 3)
    assert np.isfinite(pixels[:, :2]).all()
    assert np.isnan(pixels[:, 2]).all()
    assert pixels[:, 1] == pytest.approx(2.0 / rates_of(tuple(rows)).most)
    assert "no figures at epoch 2" in rates_of(tuple(rows)).text(2, 60)
