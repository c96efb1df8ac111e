"""The explorer while runs appear, grow, fail, are damaged and go away, with images and codes or without."""

import threading
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import (
    LARGE,
    SMALL,
    cell,
    exploring,
    picture,
    press,
    settle,
    soon,
    terminal,
    text,
    until,
)
from trainer.contract.run_dir import MODEL, STATUS, Status, write_status
from vaetui.latent import test_images
from vaetui.latent.test_images import ImageSet, LoadedImages
from vaetui.runs.run_index import RunIndex
from vaetui.tui.app import Explorer
from vaetui.tui.loading import loader
from vaetui.tui.state.loaded import IMAGES, Loaded


async def test_an_empty_folder_says_what_to_do_and_the_first_run_opens_by_itself(runs: Path) -> None:
    async with exploring(runs) as (app, _):
        assert "There are no runs in" in text(app)
        assert "vaetui train --latent 2,10 --beta 1,4 --epochs 5" in text(app)
        assert "--runs" in text(app)
        assert "$ vaetui explore --examples" in text(app)
        await press(app, "2", "3", "4", "1", "right_square_bracket", "m", "g", "r", "space", "a")
        tiny.make(runs)
        await until(app, lambda: app.state.runs.run is not None)
        await settle(app)
        assert "There are no runs" not in text(app)
        assert "z 2" in text(app)


async def test_the_command_of_an_empty_folder_names_it_only_where_it_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "usual"
    folder.mkdir()
    monkeypatch.setenv("VAETUI_RUNS", str(folder))
    async with exploring(folder) as (app, _):
        assert "--runs" not in text(app)


async def test_a_live_curve_grows_and_its_model_is_read_again(runs: Path) -> None:
    made = tiny.config(epochs=5)
    with tiny.live(runs, made) as run:
        async with exploring(runs, LARGE) as (app, _):
            assert app.view.title == "Loss"
            assert "training" in text(app)
            assert "epoch 1/5" in text(app)
            before = picture(app)
            for number in (2, 3):
                tiny.grow(run, made, number)
            await until(app, lambda: "epoch 3/5" in text(app))
            assert picture(app) != before
            await press(app, "3")
            assert "epoch 3" in text(app)
            tiny.grow(run, made, 4)
            await until(app, lambda: "noise 0  epoch 4" in text(app))


async def test_the_first_epoch_is_followed_by_its_percentage(runs: Path) -> None:
    made = tiny.config()
    with tiny.live(runs, made, done=0) as run:
        async with exploring(runs) as (app, _):
            assert "50% done" in text(app)
            write_status(run, Status("running", 0, 3, progress=0.75))
            await until(app, lambda: "75% done" in text(app))


async def test_runs_that_appear_join_the_grid_without_moving_the_selection(runs: Path) -> None:
    tiny.make(runs)
    async with exploring(runs) as (app, _):
        assert "= β" not in text(app).splitlines()[-1]
        tiny.make(runs, tiny.config(beta=4.0))
        await until(app, lambda: "= β" in text(app).splitlines()[-1])
        assert cell(app) == (2, 1.0)


async def test_a_queued_run_has_the_empty_state_of_every_view(runs: Path) -> None:
    tiny.make(runs, state="queued")
    async with exploring(runs) as (app, _):
        for key in "1234":
            await press(app, key, "right", "r", "space")
            assert "ueued" in text(app)
            assert "first epoch" in text(app)


async def test_what_failed_says_why(runs: Path) -> None:
    tiny.make(runs, state="failed", error="out of memory: a smaller --batch-size needs less")
    async with exploring(runs, LARGE) as (app, _):
        await press(app, "2")
        assert "failed: out of memory" in text(app)


async def test_a_damaged_model_is_one_line_and_the_rest_lives(grid: Path) -> None:
    run = grid / "digits" / "vae-z2-b1-bce-s0-h16"
    async with exploring(grid, LARGE, [run]) as (app, _):
        await press(app, "2")
        whole = (run / MODEL).read_bytes()
        (run / MODEL).write_bytes(whole[: len(whole) // 2])
        await until(app, lambda: "is damaged" in text(app))
        await press(app, "equals_sign")
        assert "is damaged" not in text(app)
        (run / MODEL).write_bytes(whole)
        await press(app, "minus")
        await until(app, lambda: "test images" in text(app))


async def test_a_damaged_run_is_reported_and_the_others_are_there(grid: Path) -> None:
    (grid / "digits" / "vae-z2-b4-bce-s0-h16" / "config.json").write_text("{")
    (grid / "digits" / "vae-z2-b1-bce-s0-h16" / STATUS).write_text('{"state": "\\u001b[31mred"}')
    async with exploring(grid, LARGE) as (app, _):
        assert "is damaged" in text(app)
        assert "\x1b" not in text(app)
        assert "z╲β" in text(app)


async def test_a_run_that_goes_away_leaves_another_selected(grid: Path) -> None:
    run = grid / "digits" / "vae-z2-b1-bce-s0-h16"
    async with exploring(grid, wanted=[run]) as (app, _):
        run.rename(grid / "gone")
        await until(app, lambda: cell(app) != (2, 1.0))


async def test_digits_replace_missing_images_and_a_notice_says_so(runs: Path) -> None:
    tiny.make(runs, tiny.config(dataset="mnist"))
    async with exploring(runs, LARGE) as (app, _):
        await press(app, "2")
        assert "digits replace mnist" in text(app)
        assert "test images 0" in text(app)
        assert "  images: digits  " in text(app).splitlines()[0]


async def test_one_name_selects_its_run_and_hides_no_other(grid: Path) -> None:
    other = tiny.make(grid, tiny.config(hidden=(8,), beta=4.0))
    async with exploring(grid, wanted=[other]) as (app, _):
        assert app.state.runs.run is not None
        assert app.state.runs.run.path == other
        assert len(app.state.runs.families) == 2


async def test_many_runs_are_read_behind_the_first_frame_and_that_is_reported(runs: Path) -> None:
    paths = tiny.grid(runs, latents=(2, 3, 4, 5), betas=(1.0, 2.0, 4.0))
    library = RunIndex(runs, at_once=0, first=paths[5:6])
    app = Explorer(library, runs.parent / "data", terminal())
    notices = []

    def poll() -> bool:
        changed = RunIndex.poll(library)
        notices.append(app.state.current_notice(app.values).sentence)
        return changed

    library.poll = poll  # type: ignore[method-assign]
    async with app.run_test(size=SMALL):
        await until(app, lambda: not library.unread)
        assert len(library.runs) == 12
        assert app.state.runs.run is not None
        assert app.state.runs.run.path == paths[9], "which validation chooses"
        assert "reading 10 more runs …" in notices
        assert "reading" not in text(app)


async def test_another_family_is_named_in_the_header(grid: Path) -> None:
    tiny.grid(grid, hidden=(8, 8))
    async with exploring(grid, LARGE) as (app, _):
        titles = set()
        for _ in range(3):
            titles.add(text(app).splitlines()[0].split("z ")[0].strip())
            await press(app, "f")
        assert len(titles) == 2


async def test_a_training_that_ends_in_another_family_is_reported_and_logged(runs: Path) -> None:
    tiny.make(runs)
    with tiny.live(runs, tiny.config(hidden=(8,))) as run:
        async with exploring(runs) as (app, _):
            await press(app, "f")
            assert "◉ 1 training W" in text(app).splitlines()[0]
            write_status(run, Status("failed", 1, 3, error="the disk is full: make room and train it again"))
            await until(app, lambda: "the disk is full" in text(app))
            assert "training W" not in text(app)
            assert f"{run.name} failed: the disk is full: make room and train it again" in text(app)
            assert app.state.log.entries[-1].notice.is_trouble
            await press(app, "W")
            assert "no other run is training" in text(app)


async def test_another_dataset_has_digits_of_its_own_and_the_same_noise(grid: Path) -> None:
    tiny.grid(grid, dataset="other")
    async with exploring(grid) as (app, _):
        if app.state.dataset == "other":
            await press(app, "f")
        shown = app.view.state.shown
        assert shown is not None
        other = LoadedImages(ImageSet("other", shown.images))
        app.loader.cache.put((IMAGES, ("other", False)), Loaded(other, ("other", 0)))
        await press(app, "2", "right", "right", "3", "r", "r")
        kept = app.state.selection
        await press(app, "f")
        assert app.state.dataset == "other"
        assert (app.state.selection.image, app.state.selection.seed) == (0, 2)
        await press(app, "f")
        assert app.state.selection == kept


# --- codes


async def test_the_nearest_code_is_reported_with_its_class(grid: Path) -> None:
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "4", "home")
        assert "nearest " in text(app)
        assert " to a " in text(app)


async def test_codes_of_other_weights_are_not_used(grid: Path) -> None:
    run = grid / "digits" / "vae-z2-b1-bce-s0-h16"
    tiny.write_codes(run, tiny.config(), 2)  # of an epoch before the model's
    async with exploring(grid, LARGE, [run]) as (app, _):
        await press(app, "4", "home")
        # At step 1 the point is the code of the first test image itself.
        assert "0.00 to a " in text(app)


# --- images


async def test_images_that_take_long_are_waited_for_in_words(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = threading.Event()
    read = test_images.load

    def slowly(dataset: str, folder: Path) -> LoadedImages:
        here.wait(10)
        return read(dataset, folder)

    monkeypatch.setattr(test_images, "load", slowly)
    monkeypatch.setattr(loader, "SLOW_SECONDS", 1.5)
    app = Explorer(RunIndex(run.parents[1]), run, terminal())
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause(0.1)
        assert "loading" not in text(app)
        await soon(lambda: "loading test images" in text(app))
        here.set()
        await settle(app)
        assert "test images 0" in text(app)
