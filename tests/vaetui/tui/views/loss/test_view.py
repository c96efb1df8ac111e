"""The view Loss as a person uses it: charts, marked runs over each other, the cursor."""

import dataclasses
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, picture, press, settle, terminal, text, until
from trainer.contract.metrics import Epoch, append_epoch, read_epochs
from vaetui.render import chart
from vaetui.render.cells import Depth
from vaetui.render.terminal import Glyphs
from vaetui.runs import curves
from vaetui.runs.curves import ACTIVE, BOUND, DISTORTION, KL, RATE, TOTAL, CurveCache
from vaetui.runs.curves import rates as rates_of
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.chart_settings import ChartSettings, Split
from vaetui.tui.views.loss import pages, paint, rates
from vaetui.tui.views.loss.paint import PlotSettings
from vaetui.tui.views.loss.view import Loss
from vaetui.tui.widgets import charts
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
    """A run as the library gives it, with other `rows` if told."""
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
    settings = PlotSettings(shown, split, is_log, shown.epochs, shown.epochs[1] if at is None else at)
    rect = Rect(1, 0, 58, 20)
    paint.paint(canvas, rect, name, settings, CurveCache())
    return "\n".join(strip.text for strip in canvas.strips())


# --- the cursor


async def test_the_cursor_reads_every_curve_off_and_stops_at_both_ends(grid: Path) -> None:
    epochs = read_epochs(grid / "digits" / FIRST)
    async with reading(grid) as (app, _):
        for key, number in (("left", 2), ("left", 1), ("left", 1), ("right", 2), ("home", 1), ("end", 3)):
            await press(app, key)
            figures = epochs[number - 1]
            assert figures.val is not None
            assert f"training {-figures.train.elbo:.1f}" in text(app)
            assert f"validation {-figures.val.elbo:.1f}" in text(app)
            assert f"epoch {number}" in text(app).splitlines()[-2]


async def test_ten_epochs_at_a_time(runs: Path) -> None:
    tiny.make(runs, tiny.config(epochs=30))
    async with reading(runs) as (app, _):
        places = []
        for key in (
            "shift+left",
            "shift+left",
            "shift+left",
            "shift+right",
            "left",
            "shift+right",
            "shift+right",
        ):
            await press(app, key)
            places.append(app.state.selection.charts.epoch)
        assert places == [20, 10, 1, 11, 10, 20, None]


async def test_keys_faster_than_the_screen_add_up(runs: Path) -> None:
    tiny.make(runs, tiny.config(epochs=30))
    async with reading(runs) as (app, _):
        for _ in range(7):
            app.simulate_key("left")
        await settle(app)
        assert app.state.selection.charts.epoch == 23


async def test_at_the_end_the_cursor_follows_training_and_elsewhere_it_stays(runs: Path) -> None:
    made = tiny.config(epochs=9)
    with tiny.live(runs, made, done=3) as run:
        async with reading(runs, poll=0.02) as (app, _):
            assert "epoch 3, latest" in text(app)
            tiny.grow(run, made, 4)
            await until(app, lambda: "epoch 4, latest" in text(app))
            assert f"training {-tiny.epoch(made, 4).train.elbo:.1f}" in text(app)
            await press(app, "left")
            tiny.grow(run, made, 5)
            await until(app, lambda: "epoch 5/9" in text(app).splitlines()[0])
            assert "epoch 3" in text(app).splitlines()[-2]


async def test_the_epoch_stays_while_checkpoints_change_also_past_a_shorter_one(runs: Path) -> None:
    tiny.make(runs, tiny.config(epochs=9))
    tiny.make(runs, tiny.config(beta=4.0, epochs=4))
    async with reading(runs) as (app, _):
        await press(app, "left", "left", "equals_sign")
        assert "epoch 4, latest" in text(app)
        await press(app, "minus")
        assert "epoch 7 " in text(app)


async def test_a_click_moves_the_cursor(runs: Path) -> None:
    tiny.make(runs, tiny.config(epochs=30))
    async with reading(runs, size=LARGE) as (app, pilot):
        view = app.view
        assert isinstance(view, Loss)
        assert len(view._frames) == 5
        for frame in view._frames:
            await press(app, "end")
            await pilot.click(view, offset=(frame.column(12), frame.y + 1))
            await settle(app)
            assert app.state.selection.charts.epoch == 12


async def test_a_step_of_the_cursor_draws_no_curve_anew(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with reading(grid, size=LARGE) as (app, _):
        await press(app, "v", "equals_sign")

        def refuse(*_: object) -> None:
            raise AssertionError("drawn anew")

        monkeypatch.setattr("plotext.build", refuse)
        monkeypatch.setattr(rates, "half_blocks", refuse)
        before = picture(app)
        await press(app, "left", "home", "right")
        assert picture(app) != before


@pytest.mark.parametrize("epochs", [2, 7, 30, 500])
@pytest.mark.parametrize("width", [20, 49, 108])
def test_the_line_stands_on_the_curve_and_a_click_on_it_finds_its_epoch(epochs: int, width: int) -> None:
    frame = charts.EpochAxis(5, 0, width, 9, 1, epochs)
    assert (frame.column(1), frame.column(epochs)) == (5, 5 + width - 1)
    if epochs < width:
        assert all(frame.epoch(frame.column(epoch)) == epoch for epoch in range(1, epochs + 1))
    curve = chart.Curve("", (9, 9, 9), (1.0, 2.0, float(epochs) + 2), (0.0, 9.0, 0.0))
    canvas = Canvas(width, 12, terminal())
    found = charts.draw_chart(canvas, 0, 0, [curve], chart.Axes(width, 12, 1, epochs + 2), 2)
    assert found is not None
    top = canvas.strips()[0].text
    assert 0x2800 < ord(top[found.column(2)]) <= 0x28FF


# --- marked runs


async def test_marked_runs_are_laid_over_with_their_values(grid: Path) -> None:
    async with reading(grid) as (app, _):
        await press(app, "v", "equals_sign", "v", "right_square_bracket", "c")
        shown = text(app)
        for name in ("z5 β4", "z2 β1", "z2 β4"):
            beta, latent = float(name[-1]), int(name[1])
            figures = tiny.epoch(tiny.config(latent=latent, beta=beta), 3).held_out
            assert f"━ {name} {figures.distortion:.1f}" in shown
        assert "validation" in shown
        colours = {style for line in picture(app) for part, style in line if part == "━ "}
        assert len(colours) == 3
        await press(app, "V")
        assert "z2 β1" not in text(app)


async def test_a_run_keeps_its_colour_while_the_selection_moves(grid: Path) -> None:
    def colour_of(app: Explorer, name: str) -> str:
        (line,) = [line for line in picture(app) if any(part == f"{name} " for part, _ in line)]
        place = next(n for n, (part, _) in enumerate(line) if part == f"{name} ")
        return line[place - 1][1]

    async with reading(grid) as (app, _):
        await press(app, "v", "equals_sign", "v")
        first = colour_of(app, "z2 β1")
        await press(app, "minus")
        assert colour_of(app, "z2 β1") == first


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


def test_names_tell_what_differs(runs: Path) -> None:
    one = made_run(runs)
    assert curves.distinct_names([one]) == ("z2 β1",)
    assert curves.distinct_names([one, made_run(runs, kind="ae", latent=5)]) == ("z2 β1", "z5 AE")
    assert curves.distinct_names([one, made_run(runs, seed=3, beta=4.0)]) == ("z2 β1 seed 0", "z2 β4 seed 3")
    others = [one, made_run(runs, likelihood="gaussian"), made_run(runs, hidden=(8, 8))]
    assert curves.distinct_names(others) == ("z2 β1 bce 16", "z2 β1 mse 16", "z2 β1 bce 8×8")
    path = tiny.make(runs, tiny.config(patience=2), name="patient")
    patient = next(run for run in RunIndex(runs).runs if run.path == path)
    assert curves.distinct_names([one, patient]) == ("z2 β1", "z2 β1 patience 2 epochs")
    path = tiny.make(runs, name="again")
    again = next(run for run in RunIndex(runs).runs if run.path == path)
    assert curves.distinct_names([one, again]) == (one.name, "again")


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


# --- which curves


async def test_validation_training_or_both_as_said(grid: Path) -> None:
    async with reading(grid) as (app, _):
        assert app.state.selection.charts.split is None
        seen = []
        for _ in range(4):
            seen.append(("━ training" in text(app), "━ validation" in text(app)))
            await press(app, "d")
        assert seen == [(True, True), (False, True), (True, False), (True, True)]
        app.state.selection = dataclasses.replace(app.state.selection, charts=ChartSettings())
        await press(app, "v", "equals_sign")
        said = []
        for _ in range(3):
            said.append(next(line for line in text(app).splitlines() if "compare" in line))
            await press(app, "d")
        assert [("validation" in line, "training" in line) for line in said] == [
            (True, False),
            (False, True),
            (True, True),
        ]


def test_without_held_out_images_there_are_training_curves_only(runs: Path) -> None:
    rows = [dataclasses.replace(tiny.epoch(tiny.config(), n), val=None) for n in (1, 2)]
    run = made_run(runs, rows)
    assert not curves.plotted(run, []).has_validation
    assert "validation" not in drawn([run])
    other = made_run(runs, beta=4.0)
    assert "no validation" in drawn([other, run], TOTAL, "validation")


async def test_the_key_for_splits_is_offered_only_where_something_was_held_out(runs: Path) -> None:
    made = tiny.config()
    path = tiny.make(runs, made, done=0)
    for number in (1, 2, 3):
        append_epoch(path, dataclasses.replace(tiny.epoch(made, number), val=None))
    async with reading(runs) as (app, _):
        assert "splits" not in app.facts
        before = picture(app)
        await press(app, "d")
        assert picture(app) == before
        app.state.selection = dataclasses.replace(
            app.state.selection, charts=ChartSettings(split="validation")
        )
        app.update()
        assert "━ training" in text(app)


async def test_a_marked_run_that_trains_grows_beside_the_selected_one(runs: Path) -> None:
    made = tiny.config(epochs=9)
    tiny.make(runs, tiny.config(beta=4.0))
    with tiny.live(runs, made, done=3) as run:
        async with reading(runs, poll=0.02) as (app, _):
            await press(app, "v", "equals_sign")
            tiny.grow(run, made, 4)
            await until(app, lambda: "epoch 4, latest" in text(app))
            assert f"z2 β1 {-tiny.epoch(made, 4).held_out.elbo:.1f}" in text(app)


# --- pages


async def test_every_chart_is_reached_in_the_smallest_window(grid: Path) -> None:
    titles = ("total =", "distortion −E", "rate KL", "−ELBO =", "rate of each dimension", "active units")
    async with reading(grid) as (app, _):
        for title in (*titles, titles[0]):
            assert f"│ {title}" in text(app)
            await press(app, "c")


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
        await press(app, "c")
        assert "−ELBO = distortion + rate " in text(app)
        assert "total =" not in text(app)
        await press(app, "c")
        assert "total =" in text(app)


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20), (80, 23), (100, 45), (180, 30)])
async def test_it_fits_every_size_with_marks(grid: Path, size: tuple[int, int]) -> None:
    async with reading(grid, size=size) as (app, _):
        await press(app, "v", "equals_sign", "v", "right_square_bracket", "v", "minus", "d", "d")
        for _ in EVERY:
            await press(app, "left", "c")
            assert {len(line) for line in text(app).splitlines()} == {size[0]}
            assert "epoch 2" in text(app) or "epoch 1" in text(app)
            await press(app, "end")


@pytest.mark.parametrize(
    ("depth", "glyphs"), [("256", "half"), ("16", "half"), ("none", "ascii"), ("truecolor", "ascii")]
)
async def test_lesser_terminals_tell_curves_apart_by_figures(
    grid: Path, depth: Depth, glyphs: Glyphs, monkeypatch: pytest.MonkeyPatch
) -> None:
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    beta = "b" if glyphs == "ascii" else "β"
    async with reading(grid, shown=terminal(depth, glyphs)) as (app, _):
        await press(app, "v", "equals_sign")
        for _ in EVERY:
            assert glyphs != "ascii" or text(app).isascii()
            await press(app, "c")
        assert (f"1 z2 {beta}4" in text(app)) == (depth != "256")
        assert ("━ z2 β4" in text(app)) == (depth == "256")


# --- the rates of dimensions, and active units


async def test_the_rates_of_an_epoch_are_read_off_the_largest_first(grid: Path) -> None:
    name = "vae-z5-b4-bce-s0-h16"
    epochs = read_epochs(grid / "digits" / name)
    async with reading(grid, name) as (app, _):
        await press(app, "c", "c", "c", "c", "left")
        kl = epochs[1].kl_per_dim
        assert f"sum {sum(kl):.1f} nats  z1 {kl[0]:.2f}  z2 {kl[1]:.2f}" in text(app)
        assert [line[24:29].strip() for line in text(app).splitlines()[5:20:3]] == [
            "z1",
            "z2",
            "z3",
            "z4",
            "z5",
        ]


def test_rates_are_sorted_by_the_last_epoch_and_what_is_no_number_counts_as_nothing() -> None:
    rows = [
        dataclasses.replace(tiny.epoch(tiny.config(latent=3), n), kl_per_dim=kl)
        for n, kl in ((1, (5.0, 1.0, 0.0)), (2, (1.0, math.nan, 2.0)), (3, (0.0, 3.0, math.inf)))
    ]
    found = rates_of(tuple(rows))
    assert found.dims == (1, 0, 2)
    assert found.values.tolist() == [[1, 0, 3], [5, 1, 0], [0, 2, 0]]
    assert found.most == 5
    assert rates_of(tuple(dataclasses.replace(row, kl_per_dim=(0.0,)) for row in rows)).most == 1


async def test_an_autoencoder_says_that_it_has_no_rates(grid: Path) -> None:
    async with reading(grid, "ae-z2-bce-s0-h16") as (app, _):
        for key in ("c", "c", "c"):
            await press(app, key)
        assert "−ELBO" in text(app)
        assert "an autoencoder has none" in text(app)
        assert "axis" not in app.facts
        await press(app, "c")
        assert "rate of each dimension" in text(app)
        assert "an autoencoder has none" in text(app)
        await press(app, "c")
        assert "━ z2 AE 2" in text(app)
        await press(app, "v", "equals_sign", "c", "c", "c")
        assert "– z2 AE has none" in text(app)


# --- how many epochs, and what they hold


async def test_without_an_epoch_it_says_so_unless_others_are_marked(runs: Path) -> None:
    tiny.make(runs, state="stopped", done=0)
    tiny.make(runs, tiny.config(beta=4.0))
    async with reading(runs) as (app, _):
        assert "ended before its first epoch" in text(app)
        assert app.view.facts == frozenset()
        await press(app, *(key.name for row in keys.GROUPS if row.view == Loss.title for key in row.keys))
        app.state.selection = dataclasses.replace(app.state.selection, charts=ChartSettings())
        await press(app, "equals_sign", "v", "minus")
        assert "– z2 β1 no figures yet" in text(app)
        assert "━ z2 β4" in text(app)
        await press(app, "c", "c", "c", "c")
        assert "ended before its first epoch" in text(app)


async def test_one_epoch_has_a_chart_and_nowhere_to_move(runs: Path) -> None:
    tiny.make(runs, tiny.config(epochs=1))
    async with reading(runs) as (app, _):
        assert "epochs" not in app.facts
        assert "charts" in app.facts
        for _ in EVERY:
            assert "epoch 1, latest" in text(app)
            before = picture(app)
            await press(app, "left", "right", "home", "end")
            assert picture(app) == before
            await press(app, "c")


async def test_hundreds_of_epochs_are_read_off_one_by_one(runs: Path) -> None:
    made = tiny.config(epochs=700)
    tiny.make(runs, made)
    async with reading(runs) as (app, _):
        await press(app, *["left"] * 3)
        assert f"training {-tiny.epoch(made, 697).train.elbo:.1f}" in text(app)
        assert "epoch 697" in text(app)
        await press(app, "c", "c", "c", "c")
        assert "sum" in text(app)


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
    told = {"nan": "nan", "inf": "inf", "-inf": "−inf"}.get(str(wrong), "e300")
    assert (told in shown) == (name != ACTIVE)
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
