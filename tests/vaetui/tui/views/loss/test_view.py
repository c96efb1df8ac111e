"""The view Loss as a person uses it: charts, marked runs over each other, the cursor."""

import dataclasses
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, picture, press, settle, terminal, text, until
from tests.vaetui.tui.views.loss.drawing import EVERY, FIRST, reading
from trainer.contract.metrics import append_epochs, read_epochs
from vaetui.render import chart
from vaetui.render.terminal import Depth, Glyphs
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.chart_settings import ChartSettings
from vaetui.tui.views.loss import rates
from vaetui.tui.views.loss.view import Loss
from vaetui.tui.widgets import charts


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
            await until(app, lambda: app.state.runs.run is not None and len(app.state.runs.run.epochs) == 5)
            assert "epoch 3" in text(app).splitlines()[-2]
            assert "epoch 3/9" in text(app).splitlines()[0]


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_header_and_sidebar_show_the_epoch_of_the_cursor(runs: Path, size: tuple[int, int]) -> None:
    run = tiny.make(runs, tiny.config(epochs=9))
    async with reading(runs, size=size) as (app, _):
        for key, epoch in (("left", 8), ("left", 7), ("end", 9), ("home", 1)):
            await press(app, key)
            figures = read_epochs(run)[epoch - 1].held_out
            assert f"epoch {epoch}/9" in text(app).splitlines()[0]
            assert text(app).count(f"{-figures.elbo:.1f}") >= 2  # in the header and the sidebar
        await press(app, "2")
        assert "epoch 9/9" in text(app).splitlines()[0]


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
    curve = chart.Curve((9, 9, 9), (1.0, 2.0, float(epochs) + 2), (0.0, 9.0, 0.0))
    canvas = Canvas(width, 12, terminal())
    found = charts.draw_chart(canvas, 0, 0, [curve], chart.Axes(width, 12, 1, epochs + 2), 2)
    assert found is not None
    top = canvas.strips()[0].text
    assert 0x2800 < ord(top[found[0].column(2)]) <= 0x28FF


async def test_marked_runs_are_laid_over_with_their_values(grid: Path) -> None:
    async with reading(grid) as (app, _):
        await press(app, "v", "equals_sign", "v", "right_square_bracket", "w")
        shown = text(app)
        for name in ("z=5 β=4", "z=2 β=1", "z=2 β=4"):
            beta, latent = float(name[-1]), int(name[2])
            figures = tiny.epoch(tiny.config(latent=latent, beta=beta), 3).held_out
            assert f"━ {name} {figures.distortion:.1f}" in shown
        assert "validation" in shown
        colours = {style for line in picture(app) for part, style in line if part == "━ "}
        assert len(colours) == 3
        await press(app, "V")
        assert "z=2 β=1" not in text(app)


async def test_a_run_keeps_its_colour_while_the_selection_moves(grid: Path) -> None:
    def colour_of(app: Explorer, name: str) -> str:
        (line,) = [line for line in picture(app) if any(part == f"{name} " for part, _ in line)]
        place = next(n for n, (part, _) in enumerate(line) if part == f"{name} ")
        return line[place - 1][1]

    async with reading(grid) as (app, _):
        await press(app, "v", "equals_sign", "v")
        first = colour_of(app, "z=2 β=1")
        await press(app, "minus")
        assert colour_of(app, "z=2 β=1") == first


async def test_validation_training_or_both_as_said(grid: Path) -> None:
    async with reading(grid) as (app, _):
        assert app.state.selection.charts.split is None
        seen = []
        for _ in range(4):
            seen.append(("━ training" in text(app), "━ validation" in text(app)))
            await press(app, "S")
        assert seen == [(True, True), (False, True), (True, False), (True, True)]
        app.state.selection = dataclasses.replace(app.state.selection, charts=ChartSettings())
        await press(app, "v", "equals_sign")
        said = []
        for _ in range(3):
            said.append(next(line for line in text(app).splitlines() if "compare" in line))
            await press(app, "S")
        assert [("validation" in line, "training" in line) for line in said] == [
            (True, False),
            (False, True),
            (True, True),
        ]


async def test_the_key_for_splits_is_offered_only_where_something_was_held_out(runs: Path) -> None:
    made = tiny.config()
    path = tiny.make(runs, made, done=0)
    for number in (1, 2, 3):
        append_epochs(path, [dataclasses.replace(tiny.epoch(made, number), val=None)])
    async with reading(runs) as (app, _):
        assert "splits" not in app.facts
        before = app.state.selection
        await press(app, "S")
        assert app.state.selection == before
        assert "S: there is one curve a run" in text(app)
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
            assert f"z=2 β=1 {-tiny.epoch(made, 4).held_out.elbo:.1f}" in text(app)


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
            await press(app, "w")
        assert (f"1 z=2 {beta}=4" in text(app)) == (depth != "256")
        assert ("━ z=2 β=4" in text(app)) == (depth == "256")


async def test_the_rates_of_an_epoch_are_read_off_the_largest_first(grid: Path) -> None:
    name = "vae-z5-b4-bce-s0-h16"
    epochs = read_epochs(grid / "digits" / name)
    async with reading(grid, name) as (app, _):
        await press(app, "w", "w", "w", "w", "left")
        kl = epochs[1].kl_per_dim
        assert f"sum {sum(kl):.1f} nats  z₁ {kl[0]:.2f}  z₂ {kl[1]:.2f}" in text(app)
        assert [line[24:29].strip() for line in text(app).splitlines()[5:20:3]] == [
            "z₁",
            "z₂",
            "z₃",
            "z₄",
            "z₅",
        ]


async def test_an_autoencoder_says_that_it_has_no_rates(grid: Path) -> None:
    async with reading(grid, "ae-z2-bce-s0-h16") as (app, _):
        for key in ("w", "w", "w"):
            await press(app, key)
        assert "−ELBO" in text(app)
        assert "an autoencoder has none" in text(app)
        assert "axis" not in app.facts
        await press(app, "w")
        assert "rate of each dimension" in text(app)
        assert "an autoencoder has none" in text(app)
        await press(app, "w")
        assert "━ z=2 AE 2" in text(app)
        await press(app, "v", "equals_sign", "w", "w", "w")
        assert "– z=2 AE has none" in text(app)


async def test_without_an_epoch_it_says_so_unless_others_are_marked(runs: Path) -> None:
    tiny.make(runs, state="stopped", done=0)
    tiny.make(runs, tiny.config(beta=4.0))
    async with reading(runs) as (app, _):
        assert "ended before its first epoch" in text(app)
        assert app.view.facts == frozenset()
        await press(app, *(key.name for row in keys.GROUPS if row.view == Loss.title for key in row.keys))
        app.state.selection = dataclasses.replace(app.state.selection, charts=ChartSettings())
        await press(app, "equals_sign", "v", "minus")
        assert "– z=2 β=1 no figures yet" in text(app)
        assert "━ z=2 β=4" in text(app)
        await press(app, "w", "w", "w", "w")
        assert "ended before its first epoch" in text(app)


async def test_one_epoch_has_a_chart_and_nowhere_to_move(runs: Path) -> None:
    tiny.make(runs, tiny.config(epochs=1))
    async with reading(runs) as (app, _):
        assert "epochs" not in app.facts
        assert "charts" in app.facts
        for _ in EVERY:
            assert "epoch 1, latest" in text(app)
            before = app.state.selection
            await press(app, "left", "right", "home", "end")
            assert app.state.selection == before
            assert "End: there are not two epochs yet" in text(app)
            await press(app, "w")


async def test_hundreds_of_epochs_are_read_off_one_by_one(runs: Path) -> None:
    made = tiny.config(epochs=700)
    tiny.make(runs, made)
    async with reading(runs) as (app, _):
        await press(app, *["left"] * 3)
        assert f"training {-tiny.epoch(made, 697).train.elbo:.1f}" in text(app)
        assert "epoch 697" in text(app)
        await press(app, "w", "w", "w", "w")
        assert "sum" in text(app)


async def test_the_axis_is_robust_or_of_all_epochs_as_said(runs: Path) -> None:
    made = tiny.config(epochs=60)
    run = tiny.make(runs, made, done=0, state="stopped")
    rows = [tiny.epoch(made, number) for number in range(1, 61)]
    far = dataclasses.replace(rows[0].train, distortion=541.0)
    append_epochs(run, [dataclasses.replace(rows[0], train=far), *rows[1:]])
    async with reading(runs) as (app, _):
        assert "▲ epochs 1–" in text(app)
        assert "500┤" not in text(app)
        await press(app, "z")
        assert "axis of all epochs" in text(app)
        assert "▲" not in text(app)
        assert "500┤" in text(app)
        await press(app, "z")
        assert "▲ epochs 1–" in text(app)
