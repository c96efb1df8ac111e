"""The panel under the grid: how a run stands and how it was trained."""

import dataclasses
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import exploring, terminal, text
from trainer.contract.metrics import METRICS, append_epochs
from trainer.contract.run_dir import State, Status, write_status
from vaetui.runs.run_watcher import Run, read_run
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets import run_summary

WIDTH = 24


def panel(run: Run, height: int = 50) -> list[str]:
    canvas = Canvas(WIDTH, height, terminal())
    run_summary.write(canvas, run, WIDTH, 0)
    return [strip.text.rstrip() for strip in canvas.strips()]


def test_every_setting_that_is_not_usual_has_a_line(runs: Path) -> None:
    made = tiny.config(
        optimiser="adamw", beta_warmup=1, patience=3, keep="best", binarize="dynamic", epochs=50
    )
    made = dataclasses.replace(made, versions={"precision": "tf32", "device": "cuda (a GPU)"})
    shown = panel(read_run(tiny.make(runs, made, done=12, best=9, early=True)))
    rows = {" ".join(line.split()) for line in shown}
    assert "● finished early 12/50" in rows
    assert rows >= {"optimizer adamw", "learning rate 0.001", "weight decay 0.01", "hidden widths 16"}
    assert rows >= {"β warm-up 1 epoch", "patience 3 epochs", "loss bce"}
    assert rows >= {"kept weights epoch 9", "input dynamic", "precision tf32", "device cuda (a GPU)"}
    assert max(map(len, shown)) <= WIDTH


def test_the_objective_has_lines_where_it_is_not_the_elbo(runs: Path) -> None:
    made = (tiny.config(beta_cycles=4, free_bits=0.5), tiny.config(bound="iwae", samples=5))
    rows = [{" ".join(line.split()) for line in panel(read_run(tiny.make(runs, one)))} for one in made]
    assert rows[0] >= {"β cycles 4", "free bits 0.5"}
    assert rows[1] >= {"objective IWAE", "samples 5"}
    assert not rows[0] & {"objective ELBO", "samples 1"}


def test_a_training_has_its_time_left_and_speed(runs: Path) -> None:
    made = tiny.config(epochs=101)
    with tiny.live(runs, made, done=1) as run:  # 0.5 s an epoch, half of the second is done
        wide = {" ".join(line.split()) for line in panel(read_run(run))}
        assert "◉ training 1/101" in wide
        assert any(line.startswith("━") and line.endswith(" 0:50 left") for line in wide)
        assert wide >= {"mean 2 516 images/s", "speed 1 000 images/s"}
        write_status(run, Status("running", 101, 101))
        assert any(line.endswith("━ testing") for line in panel(read_run(run)))


@pytest.mark.parametrize(
    ("state", "done", "words"),
    [
        ("stopped", 0, "◌ stopped in epoch 1/3"),
        ("failed", 0, "✕ failed in epoch 1/3"),
        ("running", 2, "✕ interrupted in 3/3"),  # and no trainer has it
    ],
)
def test_a_run_that_ended_within_an_epoch_says_in_which(
    runs: Path, state: State, done: int, words: str
) -> None:
    shown = panel(read_run(tiny.make(runs, state=state, done=done, progress=0.4)))
    assert words in {" ".join(line.split()) for line in shown}


def test_before_the_first_measurement_there_is_no_speed(runs: Path) -> None:
    made = tiny.config()
    with tiny.live(runs, made, done=0) as run:
        assert [line.split() for line in panel(read_run(run))].count(["speed", "1", "000", "images/s"]) == 2
        write_status(run, Status("running", 0, 3))
        shown = "\n".join(panel(read_run(run)))
        assert "images/s" not in shown
        assert "left" not in shown
        write_status(run, Status("queued", 0, 3, starting=True))
        assert panel(read_run(run))[0].split() == ["○", "starting", "0/3"]


def test_usual_settings_take_no_lines_where_they_say_nothing(run: Path) -> None:
    shown = "\n".join(panel(read_run(run)))
    assert "● finished" in shown
    for word in ("early", "decay", "warm-up", "patience", "kept"):
        assert word not in shown
    for word in ("adam", "loss", "input", "grey levels", "precision"):
        assert word in shown


@pytest.mark.parametrize("height", range(12, 40))
def test_settings_fill_the_room_that_there_is(run: Path, height: int) -> None:
    whole, shown = panel(read_run(run)), panel(read_run(run), height)
    start = next(y for y, line in enumerate(whole) if line.strip().startswith("vae-z2"))
    assert len(shown) == height
    wanted = whole[:height] if height > start + run_summary.LEAST_SETTINGS else whole[:start]
    assert shown == wanted + [""] * (height - len(wanted))


@pytest.mark.parametrize(("fraction", "word"), [(0.1, "val"), (0.0, "train")])
async def test_header_and_grid_say_of_which_images(runs: Path, fraction: float, word: str) -> None:
    made = tiny.config()
    run = tiny.make(runs, made)
    if not fraction:
        rows = [dataclasses.replace(row, val=None) for row in tiny.course(made, 3, 3)]
        (run / METRICS).unlink()
        for row in rows:
            append_epochs(run, [row])
    async with exploring(runs) as (app, _):
        lines = text(app).splitlines()
        assert f"{word} −ELBO" in lines[0]
        assert any(line.startswith(" −ELBO nats") and word in line[:23] for line in lines)
