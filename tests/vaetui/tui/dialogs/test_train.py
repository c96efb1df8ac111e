"""The train dialog: filled in, judged while one types, started, left."""

import contextlib
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from tests.vaetui.tui.dialogs.train_dialog import Started, dialog, page, surveyed, write
from tests.vaetui.tui.driving import (
    LARGE,
    SMALL,
    cell,
    exploring,
    press,
    settle,
    soon,
    terminal,
    text,
    until,
)
from trainer.contract import images
from trainer.contract.datasets import registry
from trainer.contract.files import Problem
from trainer.contract.run_dir import MODEL, is_alive, read_status
from vaetui.render.terminal import Depth, Glyphs
from vaetui.runs import launch
from vaetui.runs.run_watcher import read_run
from vaetui.runs.training_request import REQUEST_SETTINGS
from vaetui.training_grid import configs, parse
from vaetui.tui.dialogs.train import TrainDialog


async def test_it_is_filled_in_with_the_selected_run_and_one_edit_makes_another(
    grid: Path, started: Started
) -> None:
    run = grid / "digits" / "vae-z2-b1-bce-s0-h16"
    async with exploring(grid, LARGE, [run]) as (app, _):
        await press(app, "t")
        texts = dialog(app).form.request.texts
        assert {key: texts[key] for key in ("latent", "hidden", "beta", "epochs", "dataset")} == {
            "latent": "2",
            "hidden": "16",
            "beta": "1",
            "epochs": "3",
            "dataset": "digits",
        }
        await write(app, "beta", "7,8")
        await surveyed(app, "Enter starts training 2 models on digits")
        command = "$ vaetui train --latent 2 --hidden 16 --beta 7,8 --epochs 3 --dataset digits --runs"
        assert command in page(app).replace(" \\", "")
        await press(app, "enter")
        await until(app, lambda: bool(started))
        await settle(app)
        names = ["vae-z2-b7-bce-s0-h16", "vae-z2-b8-bce-s0-h16"]
        assert [path.name for path in started[0][0]] == names
        assert read_status(grid / "digits" / names[0]).state == "queued"
        assert not isinstance(app.screen, TrainDialog)
        assert (app.view.title, cell(app)) == ("Loss", (2, 7.0))
        assert "training 2 models on digits" in text(app).splitlines()[-2]


async def test_without_runs_it_has_the_defaults_and_the_first_run_opens(runs: Path, started: Started) -> None:
    async with exploring(runs) as (app, _):
        assert "Press t" in text(app)
        await press(app, "t")
        assert dialog(app).form.request.texts == {key: s.default for key, s in REQUEST_SETTINGS.items()}
        await write(app, "dataset", "")
        await press(app, "end")
        assert dialog(app).form.request.texts["dataset"] == "digits"
        await press(app, "enter")
        await until(app, lambda: bool(started))
        await settle(app)
        assert cell(app) == (10, 1.0)


async def test_what_does_not_go_together_is_said_at_once(grid: Path, started: Started) -> None:
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "t")
        await write(app, "patience", "3")
        await write(app, "val-fraction", "0")
        assert "--patience needs validation images" in page(app)
        await press(app, "enter")
        assert isinstance(app.screen, TrainDialog)
        assert not started


async def test_a_finished_run_is_left_alone_and_force_trains_it_anew(grid: Path, started: Started) -> None:
    dataset = registry.load("digits", grid)
    (made,) = configs(parse({"dataset": "digits", "epochs": "3"}), dataset)
    run = tiny.make(grid, made)
    async with exploring(grid, LARGE, [run]) as (app, _):
        await press(app, "t")
        await surveyed(
            app, f"finished already: {run.name}. What is to change? more than 3 epochs continue it"
        )
        await press(app, "enter")
        await settle(app)
        assert isinstance(app.screen, TrainDialog)
        assert "finished already" in text(app)
        assert not started
        await write(app, "force", "y")
        await surveyed(app, f"Enter starts training {run.name} on digits")
        assert "its previous results are removed" in page(app)
        assert "--force" in text(app)
        await press(app, "enter")
        await until(app, lambda: bool(started))
        assert not (run / MODEL).exists()


async def test_another_run_of_that_name_is_not_overwritten(grid: Path, started: Started) -> None:
    run = grid / "digits" / "vae-z2-b1-bce-s0-h16"  # trained on other images, says its checksum
    async with exploring(grid, LARGE, [run]) as (app, _):
        await press(app, "t")
        await surveyed(app, "was trained with dataset checksum")
        await press(app, "enter")
        await until(app, lambda: not dialog(app).form.is_locked)
        assert "give this one another --name" in page(app)
        assert not started


async def test_a_dataset_of_ones_own_stays_what_it_is_and_is_refused(runs: Path, started: Started) -> None:
    tiny.make(runs, tiny.config(dataset="mine"))
    async with exploring(runs, LARGE) as (app, _):
        await press(app, "t")
        assert "--dataset takes auto, mnist" in page(app)
        await press(app, "escape")
        assert "D download" not in text(app)


async def test_the_survey_blocks_nothing(
    grid: Path, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, is_read, read = threading.Event(), threading.Event(), registry.load

    def slowly(name: str, folder: Path) -> images.Dataset:
        is_read.set()
        assert here.wait(30)
        return read(name, folder)

    monkeypatch.setattr(registry, "load", slowly)
    async with exploring(grid, LARGE) as (app, _):
        app.simulate_key("t")
        await soon(is_read.is_set)
        app.simulate_key("down")
        await soon(lambda: "› kind" in text(app))
        assert not here.is_set()
        here.set()
        await settle(app)


async def test_a_trainer_that_ends_at_once_is_reported(
    grid: Path, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(runs: Sequence[Path], folder: Path, **_: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
        process.wait()
        return process

    monkeypatch.setattr(launch, "start", start)
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "t")
        await write(app, "latent", "4")
        await press(app, "enter")
        await until(app, lambda: "the trainer ended at once with code 3" in text(app))


async def test_a_problem_at_the_start_is_reported(
    grid: Path, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(runs: Sequence[Path], folder: Path, **_: Any) -> subprocess.Popen[bytes]:
        raise Problem("train.log cannot be written: no space")

    monkeypatch.setattr(launch, "start", start)
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "t")
        await write(app, "latent", "4")
        await press(app, "enter")
        await until(app, lambda: "cannot be written: no space" in text(app))


@pytest.mark.parametrize(
    ("depth", "glyphs"), [("256", "half"), ("16", "half"), ("none", "ascii"), ("truecolor", "ascii")]
)
async def test_lesser_terminals_show_it(
    grid: Path, depth: Depth, glyphs: Glyphs, monkeypatch: pytest.MonkeyPatch, started: Started
) -> None:
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    async with exploring(grid, shown=terminal(depth, glyphs)) as (app, _):
        await press(app, "t", "down", "down", "pagedown", "pagedown", "pagedown", "right")
        await settle(app)
        assert {len(line) for line in text(app).splitlines()} == {80}
        if glyphs == "ascii":
            assert text(app).isascii()


async def test_no_palette_opens_over_it(grid: Path, started: Started) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "t", "ctrl+p")
        assert isinstance(app.screen, TrainDialog)


async def test_a_hundred_random_keys_in_it(
    grid: Path, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(3)
    monkeypatch.setattr(registry, "resolve", lambda *_: "digits")
    names = [
        *"0123456789,.-abdmyx",
        "left",
        "right",
        "up",
        "down",
        "tab",
        "shift+tab",
        "home",
        "end",
        "delete",
    ]
    names += ["backspace", "pageup", "pagedown", "enter", "ctrl+p", "space"]
    async with exploring(grid) as (app, pilot):
        for _ in range(100):
            if not isinstance(app.screen, TrainDialog):
                await press(app, "t")
            if chance.random() < 0.1:
                await pilot.resize_terminal(chance.randint(1, 220), chance.randint(1, 60))
                await settle(app)
                if app.screen_stack[0].has_class("-small") and not isinstance(app.screen, TrainDialog):
                    await pilot.resize_terminal(*SMALL)
            else:
                await press(app, chance.choice(names))
        await pilot.resize_terminal(*SMALL)
        await press(app, "escape", "escape")
        assert "? help" in text(app)


@pytest.fixture
def nothing_left_training(runs: Path) -> Iterator[None]:
    yield
    for run in runs.glob("*/*"):
        with contextlib.suppress(Problem):
            launch.ask_to_stop(read_run(run))
        tiny.wait_until(lambda run=run: not is_alive(run), 30)


@pytest.mark.usefixtures("nothing_left_training")
async def test_a_real_training_from_the_dialog_to_its_last_epoch(runs: Path) -> None:
    pytest.importorskip("torch")
    async with exploring(runs, poll=0.1) as (app, _):
        await press(app, "t")
        for key, words in {"latent": "2,3", "hidden": "16", "batch-size": "256", "epochs": "1"}.items():
            await write(app, key, words)
        await write(app, "dataset", "d")
        await write(app, "device", "")
        await press(app, "end")
        await press(app, "enter")
        library = app.state.runs.library
        await until(app, lambda: {run.state for run in library.runs} == {"finished"}, 60)
        await until(app, lambda: all(trainer.poll() == 0 for trainer in app.trainers))
        assert cell(app) == (2, 1.0)
        assert app.view.title == "Loss"
        assert "epoch 1/1" in text(app)
        assert [run.name for run in library.runs] == [
            "vae-z2-b1-bce-s0-h16-bs256",
            "vae-z3-b1-bce-s0-h16-bs256",
        ]
