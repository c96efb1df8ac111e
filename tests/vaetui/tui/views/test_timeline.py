"""Going back through the epochs of a training, in Reconstruct and Sample."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, cell, exploring, picture, press, settle, text, until
from trainer.contract.datasets import registry
from trainer.contract.files import DamagedFile, Problem
from trainer.contract.run_dir import TIMELINE
from trainer.contract.tensors import Array, read_tensors, write_tensors
from vaetui.format import compact
from vaetui.models import likelihoods
from vaetui.runs import timeline
from vaetui.tui.app import Explorer
from vaetui.tui.screen import player

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)], ids=str)
VIEWS = pytest.mark.parametrize("key", ["2", "3"], ids=["Reconstruct", "Sample"])


def rewrite(run: Path, **changed: Array | None) -> None:
    arrays: dict[str, Array | None] = {**read_tensors(run / TIMELINE).arrays, **changed}
    kept: Mapping[str, Array] = {name: array for name, array in arrays.items() if array is not None}
    write_tensors(run / TIMELINE, kept)


def is_playing(app: Explorer) -> bool:
    return app.view.player.is_playing


# --- the file


def test_what_the_trainer_wrote_is_read(run: Path) -> None:
    found = timeline.read_timeline(run)
    assert (found.epochs, found.last) == ((1, 2, 3), 2)
    assert found.probes.shape == (3, tiny.PROBES, 784)
    assert found.draws.shape == (3, tiny.DRAWS, 784)
    assert [found.place(epoch) for epoch in (-5, 1, 2, 99)] == [0, 0, 1, 2]


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"epoch": None}, "lacks epoch"),
        ({"probes": np.zeros((3, 20, 784), np.float32)}, "probes is float32"),
        ({"draws": np.zeros((3, 16, 783), np.uint8)}, "draws is"),
        ({"draws": np.zeros((2, 16, 784), np.uint8)}, "draws is"),
        ({"draws": np.zeros((3, 0, 784), np.uint8)}, "draws is"),
        ({"probe_index": np.zeros(19, np.int32)}, "probes is"),
        ({"probe_index": np.full(20, -1, np.int32)}, "below 0"),
        ({"epoch": np.array([1, 3, 3], np.int32)}, "do not ascend"),
        ({"epoch": np.array([0, 1, 2], np.int32)}, "do not ascend"),
        ({"epoch": np.zeros((3, 1), np.int32)}, "epoch is int32"),
    ],
)
def test_what_is_no_timeline_is_refused(run: Path, changed: dict[str, Array | None], cause: str) -> None:
    rewrite(run, **changed)
    with pytest.raises(DamagedFile, match=cause):
        timeline.read_timeline(run)


def test_what_is_too_large_is_not_read(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "MOST_BYTES", 1000)
    monkeypatch.setattr("trainer.contract.files.read_rest", None)
    with pytest.raises(DamagedFile, match="at most"):
        timeline.read_timeline(run)


def test_a_run_without_one_says_so(run: Path) -> None:
    (run / TIMELINE).unlink()
    with pytest.raises(Problem, match="has no timeline"):
        timeline.read_timeline(run)


# --- the views


@VIEWS
@SIZES
async def test_comma_goes_back_full_stop_on_and_end_to_the_newest(
    run: Path, key: str, size: tuple[int, int]
) -> None:
    async with exploring(run.parents[1], size) as (app, _):
        await press(app, key)
        seen = []
        for pressed, epoch in (("comma", 2), ("comma", 1), ("comma", 1), ("full_stop", 2), ("full_stop", 3)):
            await press(app, pressed)
            assert app.state.selection.epoch == epoch
            assert f"epoch {epoch} of 3, from the timeline" in text(app)
            assert "End: newest" in text(app)
            assert {len(line) for line in text(app).splitlines()} == {size[0]}
            seen.append(picture(app))
        assert seen[1] == seen[2]
        assert seen[0] == seen[3] != seen[4]
        await press(app, "end")
        assert app.state.selection.epoch is None
        assert "from the timeline" not in text(app)


async def test_probes_stand_under_their_originals_with_their_distortion(run: Path) -> None:
    found, images = timeline.read_timeline(run), registry.load_test("digits", run.parents[1].parent / "data")
    async with exploring(run.parents[1], LARGE) as (app, _):
        await press(app, "2", "comma")
        original = images.pixels[found.probe_index[3]].reshape(784) / 255
        mean = np.clip(found.probes[1, 3] / 255, 1 / 510, 1 - 1 / 510)
        nats = -(original * np.log(mean) + (1 - original) * np.log(1 - mean)).sum()
        assert f"{images.labels[found.probe_index[3]]} {compact(nats, 1)} nats" in text(app)
        assert "nats: −log p(x|z), from 8-bit images" in text(app)
        await press(app, "w")
        error = np.square(found.probes[1, 0] / 255 - images.pixels[found.probe_index[0]].reshape(784) / 255)
        assert f"squared error  {error.mean():.4f} a pixel" in text(app)


async def test_a_likelihood_whose_outputs_are_unknown_has_squared_errors(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bernoulli = likelihoods.FORMULAS["bernoulli"]
    monkeypatch.setitem(likelihoods.FORMULAS, "bernoulli", dataclasses.replace(bernoulli, outputs=None))
    async with exploring(run.parents[1], LARGE) as (app, _):
        await press(app, "2", "comma")
        assert "MSE per pixel, from 8-bit images" in text(app)
        assert text(app).count("/px") == tiny.PROBES + 1  # the sidebar has one
        await press(app, "w")
        assert "squared error" in text(app)
        assert "distortion" not in text(app).partition("from 8-bit")[2]


async def test_another_dataset_in_the_place_of_the_probes_has_no_errors(runs: Path) -> None:
    tiny.make(runs, tiny.config(dataset="mnist"))
    async with exploring(runs, LARGE) as (app, _):
        await press(app, "2", "comma")
        assert "without the originals" in text(app)
        assert text(app).count("▀") > 20 * 14  # but the reconstructions are
        await press(app, "right", "pagedown", "home", "c")
        assert "epoch 2 of 3" in text(app)


async def test_probes_that_are_no_test_images_have_no_originals(run: Path) -> None:
    rewrite(run, probe_index=np.arange(10**6, 10**6 + tiny.PROBES, dtype=np.int32))
    async with exploring(run.parents[1]) as (app, _):
        await press(app, "2", "comma", "right")
        assert "epoch 2 of 3" in text(app)


@VIEWS
async def test_the_epoch_stays_while_the_checkpoint_changes(runs: Path, key: str) -> None:
    tiny.make(runs, tiny.config(beta=1.0, epochs=8))
    tiny.make(runs, tiny.config(beta=4.0, epochs=3))
    async with exploring(runs, wanted=[runs / "digits" / tiny.config(beta=1.0, epochs=8).name]) as (app, _):
        await press(app, key, "comma", "comma")
        assert "epoch 6 of 8" in text(app)
        await press(app, "equals_sign")
        assert "epoch 3 of 3, from the timeline, nearest to 6" in text(app)
        await press(app, "minus")
        assert "epoch 6 of 8, from the timeline " in text(app)


async def test_it_plays_from_the_first_epoch(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "FRAMES", 0.01)  # it is still playing when a slow machine has drawn
    async with exploring(run.parents[1]) as (app, _):
        await press(app, "2", "space")
        assert app.state.selection.epoch == 1
        assert "plays" in text(app)
        await press(app, "space")
        assert not is_playing(app)
        await press(app, "space", "end")
        assert not is_playing(app)
        assert app.state.selection.epoch is None


async def test_playing_stops_at_the_last_epoch(run: Path) -> None:
    async with exploring(run.parents[1]) as (app, _):
        await press(app, "2", "space")
        await until(app, lambda: app.state.selection.epoch == 3)
        await until(app, lambda: not is_playing(app))


async def test_leaving_the_view_stops_it(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(player, "FRAMES", 0.01)
    async with exploring(run.parents[1]) as (app, _):
        await press(app, "2", "space")
        view = app.view
        assert view.player.is_playing
        await press(app, "4")
        assert not view.player.is_playing


async def test_a_click_on_the_slider_goes_to_an_epoch(run: Path) -> None:
    async with exploring(run.parents[1]) as (app, pilot):
        await press(app, "3", "comma")
        zone = next(zone for zone in app.view._zones if zone.action == "to_epoch(1)")
        await pilot.click("#Sample", offset=(zone.x, zone.y))
        await settle(app)
        assert app.state.selection.epoch == 1


@VIEWS
async def test_without_a_timeline_one_sentence_says_why(grid: Path, key: str) -> None:
    name = tiny.config(beta=4.0).name
    (grid / "digits" / name / TIMELINE).unlink()
    (grid / "digits" / tiny.config(beta=1.0, latent=5).name / TIMELINE).write_bytes(b"no tensors")
    async with exploring(grid, wanted=[grid / "digits" / tiny.config().name]) as (app, _):
        await press(app, key, "comma", "equals_sign")
        assert "has no timeline.safetensors" in text(app)
        assert "End shows the model as it is" in text(app)
        await press(app, "end")
        assert "End shows" not in text(app)
        assert "timeline" not in app.facts
        await press(app, "comma")
        assert "has no timeline.safetensors" in text(app)  # in the notice
        await press(app, "minus", "comma", "right_square_bracket")
        assert cell(app) == (5, 1.0)
        assert "is damaged" in text(app)


async def test_a_live_run_gets_longer(runs: Path) -> None:
    config = tiny.config(epochs=9)
    with tiny.live(runs, config, done=2) as run:
        async with exploring(runs) as (app, _):
            await press(app, "2", "comma")
            assert "epoch 1 of 2" in text(app)
            tiny.grow(run, config, 3)
            await until(app, lambda: "epoch 1 of 3" in text(app))


async def test_a_timeline_is_read_once(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with exploring(grid, wanted=[grid / "digits" / tiny.config().name], poll=60) as (app, _):
        await press(app, "2", "comma", "equals_sign", "minus")
        monkeypatch.setattr(timeline, "read_timeline", None)
        await press(app, "equals_sign", "comma", "minus", "3", "full_stop")
        assert "from the timeline" in text(app)
