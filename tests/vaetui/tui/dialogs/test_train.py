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
from vaetui.render.cells import Depth
from vaetui.render.terminal import Glyphs
from vaetui.runs import launch
from vaetui.runs.run_watcher import read_run
from vaetui.settings import SETTINGS, configs, parse
from vaetui.tui.app import Explorer
from vaetui.tui.dialogs.train import TrainDialog

TINY = (60, 20)
Started = list[tuple[list[Path], Path]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """What would have been started: no trainer is, and no PyTorch asked for."""
    orders: Started = []

    def start(runs: Sequence[Path], folder: Path, **_: Any) -> subprocess.Popen[bytes]:
        orders.append((list(runs), folder))
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return process

    monkeypatch.setattr(launch, "start", start)
    monkeypatch.setattr(launch, "check_device", lambda *_: None)
    return orders


def dialog(app: Explorer) -> TrainDialog:
    assert isinstance(app.screen, TrainDialog)
    return app.screen


async def write(app: Explorer, key: str, words: str) -> None:
    """Put `words` into a field in place of what is there; of a choice, take the word for a letter."""
    dialog(app).form.go(key)
    await settle(app)
    await press(app, "ctrl+e", "ctrl+u", *words)


def page(app: Explorer) -> str:
    """What is in the dialog, its lines joined."""
    x, y, width, height = app.screen.query_one("TrainDialog > Vertical").region
    return " ".join(" ".join(line[x : x + width] for line in text(app).splitlines()[y : y + height]).split())


async def surveyed(app: Explorer, words: str) -> None:
    await until(app, lambda: words in page(app))


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
        assert dialog(app).form.request.texts == {key: s.default for key, s in SETTINGS.items()} | {
            "force": "no"
        }
        await write(app, "dataset", "")
        await press(app, "end")
        assert dialog(app).form.request.texts["dataset"] == "digits"
        await press(app, "enter")
        await until(app, lambda: bool(started))
        await settle(app)
        assert cell(app) == (10, 1.0)


@pytest.mark.parametrize("size", [SMALL, TINY, LARGE], ids=str)
async def test_every_field_is_reached_and_explained_by_keys_alone(
    grid: Path, size: tuple[int, int], started: Started
) -> None:
    async with exploring(grid, size) as (app, _):
        await press(app, "t")
        for key, setting in SETTINGS.items():
            assert dialog(app).form.selected == key
            assert f"› {key}" in text(app)
            assert " ".join(setting.help.split()[:6]) in page(app)
            assert "Enter start" in text(app)
            assert "$ vaetui train" in text(app)
            await press(app, "down" if key != "kind" else "tab")
        for key, there in {"pageup": "dataset", "up": "precision", "pagedown": "dataset"}.items():
            await press(app, key)
            assert dialog(app).form.selected == there
        assert {len(line) for line in text(app).splitlines()} == {size[0]}


BAD = {
    "latent": "--latent takes whole numbers from 1 to 65536, separated by commas, not '2,x'",
    "beta": "--beta takes numbers of 0 or more, separated by commas, not '2,x'",
    "name": "--name takes letters, digits and . _ - +, 120 at most, not starting with a dot, not '2,x'",
}


@pytest.mark.parametrize("key", BAD)
async def test_a_bad_text_is_refused_in_the_words_of_the_command_line(
    grid: Path, key: str, started: Started
) -> None:
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "t")
        await write(app, key, "2,x")
        assert BAD[key].split(", not '")[0] in page(app)
        assert f"! {key}" in text(app)
        await press(app, "pageup", "pageup", "pageup", "pageup", "pagedown", "enter")
        assert dialog(app).form.selected == key
        await settle(app)
        assert not started
        await write(app, key, "2")
        await until(app, lambda: not dialog(app).preview.is_error)


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
            app, f"finished already: {run.name}; raise --epochs to continue, or --force to retrain"
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
        await until(app, lambda: not dialog(app).is_starting)
        assert "give this one another --name" in page(app)
        assert not started


async def test_choices_turn_by_arrow_and_by_letter(grid: Path, started: Started) -> None:
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "t")
        dialog(app).form.go("dataset")
        await press(app, "home", "m")
        turned = [dialog(app).form.request.texts["dataset"]]
        for key in ("right", "left", "left", "left", "f", "x"):
            await press(app, key)
            turned.append(dialog(app).form.request.texts["dataset"])
        assert turned == [
            "mnist",
            "fashion-mnist",
            "mnist",
            "auto",
            "digits",
            "fashion-mnist",
            "fashion-mnist",
        ]
        assert dialog(app).form.request.texts["dataset"] == "fashion-mnist"
        await surveyed(app, "fashion-mnist is not on disk: Enter downloads it first (31 MB)")


async def test_keys_faster_than_the_screen_reach_their_fields(grid: Path, started: Started) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "t")
        for key in (*"2,3", "tab", "down", *"16", "tab", *"4", "pagedown", "pagedown", "d", "up", "up", *"7"):
            app.simulate_key(key)
        await settle(app)
        texts = dialog(app).form.request.texts
        assert [texts[key] for key in ("latent", "hidden", "beta", "dataset", "seed")] == [
            *("2,3", "16", "4", "digits", "7"),
        ]


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


# --- downloading for it


@pytest.fixture
def downloading(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A download that tells how far it is until the event is set, and then finds no mirror."""
    end = threading.Event()

    def resolve(name: str, folder: Path, narrate: Any, watch: Any) -> str:
        narrate(f"{name} not found: downloading")
        while not end.wait(0.01):
            watch(2_500_000)
        if name != "auto":
            raise Problem("MNIST not found and could not be downloaded: check the network")
        narrate("WARNING: using digits")
        return "digits"

    monkeypatch.setattr(registry, "resolve", resolve)
    return end


async def test_a_download_is_narrated_and_its_failure_can_be_mended(
    grid: Path, started: Started, downloading: threading.Event
) -> None:
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "t")
        await write(app, "dataset", "m")
        app.simulate_key("enter")
        await soon(lambda: "downloading: 2.5 MB so far" in text(app))
        downloading.set()
        await until(app, lambda: "could not be downloaded: check the network" in page(app))
        assert isinstance(app.screen, TrainDialog)
        assert dialog(app).form.selected == "dataset"
        assert not started


async def test_escape_ends_the_download_and_starts_nothing(
    grid: Path, started: Started, downloading: threading.Event
) -> None:
    async with exploring(grid, LARGE) as (app, pilot):
        await press(app, "t")
        await write(app, "dataset", "m")
        app.simulate_key("enter")
        await pilot.pause(0.1)
        app.simulate_key("escape")
        await pilot.pause(0.1)
        assert not isinstance(app.screen, TrainDialog)
        await settle(app)  # the thread has ended although the download would not have
        assert not downloading.is_set()
        assert not started
        assert not list((grid / "digits").glob("*mnist*"))


async def test_auto_falls_back_to_digits_and_starts(
    grid: Path, started: Started, downloading: threading.Event
) -> None:
    downloading.set()
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "t")
        dialog(app).form.go("dataset")
        await press(app, "home")
        await write(app, "latent", "4")
        await surveyed(app, "mnist is not on disk: Enter downloads it first (12 MB), or uses digits")
        await press(app, "enter")
        await until(app, lambda: bool(started))
        assert started[0][0][0].parent == grid / "digits"


# --- trouble


async def test_a_trainer_that_ends_at_once_is_told(
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


async def test_a_problem_at_the_start_is_told(
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


async def test_the_mouse_reaches_names_words_and_keys(grid: Path, started: Started) -> None:
    async with exploring(grid, LARGE) as (app, pilot):
        await press(app, "t")

        async def click(words: str) -> None:
            line = next(y for y, row in enumerate(text(app).splitlines()) if words in row)
            await pilot.click(offset=(text(app).splitlines()[line].index(words), line))
            await settle(app)

        await click("batch-size")
        assert dialog(app).form.selected == "batch-size"
        await click("qmnist")
        assert dialog(app).form.request.texts["dataset"] == "qmnist"
        await click("Esc")
        assert not isinstance(app.screen, TrainDialog)


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


# --- the real trainer


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
