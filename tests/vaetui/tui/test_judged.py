"""The explorer shows what a run is judged on: grey or binarised originals, and nats of its own likelihood."""

from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, press, text
from trainer.contract import images as images_module
from trainer.contract.config import Binarize, read_config
from trainer.contract.datasets import registry
from trainer.contract.images import Images, Pixels, evaluation_images
from vaetui.latent import posteriors
from vaetui.latent.test_images import ImageSet
from vaetui.models.registry import load_model
from vaetui.tui.app import Explorer
from vaetui.tui.views.reconstruct.pairs import layout

GREY = registry.load_test("digits", Path())
INK = evaluation_images(GREY, "fixed", "digits/test")


def shown(app: Explorer) -> ImageSet:
    found = app.view.state.shown
    assert found is not None
    return found


def costs(run: Path, images: Images, count: int) -> list[str]:
    """What the first images cost through the mean of their posteriors, as they are written."""
    pixels = (images.pixels[:count] / 255).astype(np.float32)
    model = load_model(run, read_config(run))
    return [f"{nats:.0f} nats" for nats in model.distortion(pixels, model.encode(pixels).mean)]


@pytest.mark.parametrize("binarize", ["fixed", "dynamic"])
async def test_originals_and_nats_are_those_the_run_is_judged_on(runs: Path, binarize: Binarize) -> None:
    grey = tiny.make(runs)
    ink = tiny.make(runs, tiny.config(binarize=binarize))
    for run, images, caption in ((grey, GREY, "digits test"), (ink, INK, "binarised digits test")):
        async with exploring(runs, LARGE, [run]) as (app, _):
            await press(app, "2")
            np.testing.assert_array_equal(shown(app).images.pixels, images.pixels)
            assert f" {caption} images 0 to" in text(app)
            assert ("binarised" in text(app)) == (run is ink)
            plan = layout(app.view.size.width, app.view.size.height)
            for cost in costs(run, images, min(plan.images, 5)):
                assert cost in text(app)


async def test_another_family_swaps_the_originals_and_draws_them_once(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    binarise = images_module.binarise

    def count(pixels: Pixels, part: str) -> Pixels:
        drawn.append(part)
        return binarise(pixels, part)

    monkeypatch.setattr(images_module, "binarise", count)
    tiny.grid(runs)
    async with exploring(runs) as (app, _):
        await press(app, "2", "3", "4")
        assert drawn == []
    tiny.grid(runs, binarize="fixed")
    tiny.grid(runs, binarize="dynamic")
    async with exploring(runs) as (app, _):
        await press(app, "2", "right", "right")
        seen: dict[bool, ImageSet] = {}
        selection = app.state.selection
        for key in ("f", "right_square_bracket", "f", "equals_sign", "f", "f", "4", "f", "2", "f"):
            await press(app, key)
            run = app.state.runs.run
            assert run is not None
            is_ink = run.config.data.binarize != "none"
            assert shown(app).is_binarised == is_ink
            assert ("binarised" in text(app)) == is_ink
            assert shown(app) is seen.setdefault(is_ink, shown(app))
            assert app.state.selection == selection
        assert set(seen) == {True, False}
    assert drawn == ["digits/test"]


async def test_both_ends_of_a_path_are_binarised_too(runs: Path) -> None:
    grey, ink = tiny.make(runs), tiny.make(runs, tiny.config(binarize="fixed"))
    for run, name in ((grey, "test 0"), (ink, "binarised 0")):
        async with exploring(runs, LARGE, [run]) as (app, _):
            await press(app, "4")
            assert name in text(app)


async def test_what_stands_in_for_missing_images_is_binarised_under_its_own_name(runs: Path) -> None:
    tiny.make(runs, tiny.config(dataset="mnist", binarize="fixed"))
    async with exploring(runs, LARGE) as (app, _):
        await press(app, "2")
        assert "digits replace mnist" in text(app)
        assert "binarised digits test images 0" in text(app)
        np.testing.assert_array_equal(shown(app).images.pixels, INK.pixels)


def test_codes_made_here_are_of_the_binarised_images(runs: Path) -> None:
    config = tiny.config(binarize="fixed")
    run = tiny.make(runs, config, state="stopped", done=1)  # no codes of the trainer
    model = load_model(run, config)
    found = posteriors.load_test_codes(run, model, lambda: ImageSet("digits", GREY).binarised().images)
    assert found is not None
    pixels = (INK.pixels[:9] / 255).astype(np.float32)
    np.testing.assert_allclose(found.mean[:9], model.encode(pixels).mean, atol=1e-5)


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_a_gaussian_costs_its_squared_error_and_says_so(runs: Path, size: tuple[int, int]) -> None:
    run = tiny.make(runs, tiny.config(likelihood="gaussian"))
    async with exploring(runs, size) as (app, _):
        await press(app, "2")
        assert "nats: squared error, variance 1/2" in text(app)
        assert "log p(x|z)" not in text(app)
        for cost in costs(run, GREY, 3):
            assert cost in text(app)
        await press(app, "1")
        if size == SMALL:
            await press(app, "w")
        assert "distortion: squared error" in text(app)
        assert "log p(x|z)" not in text(app)


async def test_a_bernoulli_costs_its_log_probability(run: Path) -> None:
    async with exploring(run.parents[1]) as (app, _):
        await press(app, "2")
        assert "nats: −log p(x|z)  at the posterior's mean" in text(app)
        await press(app, "1", "w")
        assert "distortion −E log p(x|z)" in text(app)
