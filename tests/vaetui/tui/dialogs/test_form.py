"""The fields of the train dialog: reached, explained, filled in by keys and mouse."""

from pathlib import Path

import pytest

from tests.vaetui.tui.dialogs.train_dialog import Started, dialog, page, surveyed, write
from tests.vaetui.tui.driving import (
    LARGE,
    SMALL,
    exploring,
    press,
    settle,
    text,
    until,
)
from vaetui.settings import SETTINGS
from vaetui.tui.dialogs.train import TrainDialog

TINY = (60, 20)


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
