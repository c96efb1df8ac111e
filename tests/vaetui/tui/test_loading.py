"""What takes long: a line after a while, with how far it is, which goes away; what is quick has none."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, press, settle, soon, terminal, text
from vaetui.latent import posteriors, test_images
from vaetui.latent.test_images import LoadedImages
from vaetui.models import registry
from vaetui.runs.run_index import RunIndex
from vaetui.tui.app import Explorer
from vaetui.tui.loading import sources
from vaetui.tui.views.draw.view import HINT, HINT_OF_KEYS

READING, ENCODING = "reading a model", "encoding images"


@contextmanager
def held(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> Iterator[Callable[[], None]]:
    """A function that waits until it is let go."""
    gate, real = threading.Event(), getattr(owner, name)

    def slowly(*arguments: Any) -> Any:
        gate.wait(20)
        return real(*arguments)

    monkeypatch.setattr(owner, name, slowly)
    try:
        yield gate.set
    finally:
        gate.set()


def made(runs: Path) -> Explorer:
    return Explorer(RunIndex(runs), runs.parent / "data", terminal())


async def test_a_small_model_is_there_at_once(run: Path) -> None:
    """Without a worker: the first frame already has it."""
    app = made(run.parents[1])
    async with app.run_test(size=SMALL):
        assert app.view.state.vae is not None


async def test_a_large_model_is_read_in_a_thread_with_a_line(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LARGE", 0)
    with held(monkeypatch, registry, "load_model") as release:
        app = made(grid)
        async with app.run_test(size=SMALL) as pilot:
            await press_only(app, "3")
            await soon(lambda: READING in text(app))
            await press_only(app, "left_square_bracket")  # the app is alive, and wants another one now
            await pilot.pause(0.3)
            await soon(lambda: READING in text(app))
            release()
            await settle(app)
            assert READING not in text(app)
            assert "temperature" in text(app)
            assert app.view.state.vae is not None
            assert app.view.state.run == app.state.runs.run


async def press_only(app: Explorer, *keys: str) -> None:
    """Press without waiting for workers."""
    for key in keys:
        app.simulate_key(key)


async def test_a_large_model_stays_until_its_newer_self_is_read(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "LARGE", 0)
    config = tiny.config()
    with tiny.live(runs, config) as run:
        async with exploring(runs) as (app, pilot):
            await press(app, "3")
            assert "epoch 1" in text(app)
            with held(monkeypatch, registry, "load_model") as release:
                tiny.grow(run, config, 2)
                await pilot.pause(0.5)
                assert "temperature" in text(app)
                assert READING not in text(app)
                release()
                await settle(app)
            await soon(lambda: "epoch 2" in text(app))


async def test_codes_are_waited_for_with_their_progress(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny.make(runs)
    (run / "latents.safetensors").unlink()
    gate, halfway = threading.Event(), threading.Event()
    encode = posteriors._encode

    def slowly(vae: Any, images: Any, goes_on: Callable[[float], bool], notice: str) -> Any:
        goes_on(0.5)
        halfway.set()
        gate.wait(20)
        return encode(vae, images, goes_on, notice)

    monkeypatch.setattr(posteriors, "_encode", slowly)
    app = made(runs)
    async with app.run_test(size=SMALL):
        await press_only(app, "5")
        await soon(halfway.is_set)
        await soon(lambda: f"{ENCODING} … 50%" in text(app))
        gate.set()
        await settle(app)
        assert ENCODING not in text(app)
        assert "of test images" in text(app)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_draw_waits_for_codes_in_words_and_not_for_ever(
    runs: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    tiny.make(runs)
    with held(monkeypatch, posteriors, "load_test_codes") as release:
        app = made(runs)
        async with app.run_test(size=size) as pilot:
            await press_only(app, "8")
            await pilot.pause(0.1)
            await press_only(app, "space", "right", "down")
            await soon(lambda: "nearest test codes" in text(app) and "encoding" in text(app))
            release()
            await settle(app)
            assert "encoding" not in text(app)
            assert "distance " in text(app)


async def test_draw_says_why_there_are_no_codes_without_images(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_images, "load", lambda *_: LoadedImages(None, "the disk is gone"))
    async with exploring(run.parents[1], LARGE) as (app, _):
        await press(app, "8", "space", "right")
        await soon(lambda: "nearest test codes" in text(app))
        assert text(app).count("the disk is gone") == 2  # there and in the notice
        await press(app, "2")
        assert text(app).count("the disk is gone") == 2


async def test_compare_says_how_many_models_it_has_read(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(monkeypatch, registry, "load_model") as release:
        app = made(grid)
        monkeypatch.setattr(sources, "LARGE", 0)
        async with app.run_test(size=LARGE):
            await press_only(app, "7")
            await soon(lambda: "reading models … 0 of 6" in text(app))
            release()
            await soon(lambda: "reading models" not in text(app))


async def test_draw_without_a_mouse_speaks_of_keys(run: Path) -> None:
    without = dataclasses.replace(terminal(), has_mouse=False)
    for shown, words, absent in ((terminal(), HINT, HINT_OF_KEYS), (without, HINT_OF_KEYS, HINT)):
        async with exploring(run.parents[1], shown=shown) as (app, _):
            await press(app, "8")
            assert words in text(app)
            assert absent not in text(app)
            assert ("left button" in text(app)) == shown.has_mouse


async def test_images_that_are_read_while_the_app_starts_are_read_once(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = test_images.load

    def counted(dataset: str, folder: Path) -> Any:
        read.append(threading.current_thread().name)
        return real(dataset, folder)

    monkeypatch.setattr(test_images, "load", counted)
    app = made(grid)
    app.preload()
    async with app.run_test(size=SMALL):
        await settle(app)
        await press(app, "2")
        assert "test images 0" in text(app)
    assert len(read) == 1
    assert threading.main_thread().name not in read
