"""The view Sample as a person uses it."""

import dataclasses
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from tests import tiny
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, picture, press, settle, terminal, text
from trainer.contract.run_dir import LATENTS
from trainer.contract.tensors import write_tensors
from vaetui.arrays import Floats
from vaetui.format import compact
from vaetui.latent import mixture
from vaetui.latent.code_distances import CodeDistances
from vaetui.latent.interpolation import next_class
from vaetui.latent.sample_statistics import BINS, sample_statistics
from vaetui.latent.samplers import SampleSources, sample
from vaetui.latent.sources import SOURCES, Source
from vaetui.models.autoencoder import Posterior
from vaetui.render.terminal import Depth, Glyphs
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.screen import player
from vaetui.tui.state.sample_settings import COMPONENTS, SampleSettings
from vaetui.tui.views.sample.paint import TABLE, layout
from vaetui.tui.views.sample.view import Sample
from vaetui.tui.widgets.images import THUMB

OWN = [row for row in keys.GROUPS if row.view == Sample.title]
VAE, AE = "vae-z5-b1-bce-s0-h16", "ae-z5-bce-s0-h16"
SIZES = [SMALL, LARGE, (60, 20), (80, 23), (100, 30), (130, 42), (180, 46)]


@asynccontextmanager
async def sampling(
    runs: Path,
    name: str = VAE,
    size: tuple[int, int] = SMALL,
    depth: Depth = "truecolor",
    glyphs: Glyphs = "half",
) -> AsyncIterator[tuple[Explorer, Pilot[None]]]:
    wanted = [runs / "digits" / name]
    async with exploring(runs, size, wanted, shown=terminal(depth, glyphs), poll=60) as (app, pilot):
        app.action_view(Sample.title)
        await settle(app)
        yield app, pilot


def source(app: Explorer) -> Source:
    return app.state.selection.sampling.source


async def turn_to(app: Explorer, wanted: Source) -> None:
    await press(app, *["p"] * SOURCES.index(wanted))
    assert source(app) == wanted


# --- keys


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
@pytest.mark.parametrize("name", [VAE, AE])
@pytest.mark.parametrize("wanted", SOURCES)
async def test_every_key_whose_facts_hold_changes_the_picture(
    grid: Path, wanted: Source, name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "FRAMES", 0.01)  # three epochs would be over before a slow machine has drawn
    async with sampling(grid, name, size) as (app, _):
        await press(app, "n", "r")
        await turn_to(app, wanted)
        rows = [row for row in OWN if row.needs in app.facts]
        assert {"source"} <= {row.label for row in rows}
        for row in rows:
            for key in row.keys:
                before = picture(app)
                await press(app, key.name)
                assert picture(app) != before, key.help
            if row.label == "play":
                await press(app, "space")
            if row.label == "source":  # back to the one whose facts these are
                await press(app, *["p"] * (len(SOURCES) - 1))


async def test_sources_go_round(grid: Path) -> None:
    async with sampling(grid) as (app, _):
        seen = []
        for key in "pppp":
            seen.append((source(app), picture(app)))
            await press(app, key)
        assert [name for name, _ in seen] == list(SOURCES)
        assert (source(app), picture(app)) == seen[0]


async def test_what_is_drawn_from_is_said(grid: Path) -> None:
    wanted = {
        "prior": "prior: z ~ N(0, 1.1²I)  temperature 1.1",
        "posterior": "posterior of test 0  temperature 1.1",
        "aggregate": "aggregated posterior  temperature 1.1",
        "mixture": "mixture of 10 Gaussians  temperature 1.1",
    }
    async with sampling(grid) as (app, _):
        await press(app, "up")
        for name in SOURCES:
            assert wanted[name] in text(app)
            await press(app, "p")


async def test_an_autoencoder_says_that_its_posterior_is_a_point(grid: Path) -> None:
    async with sampling(grid, AE) as (app, _):
        assert "N(0, I): an AE has no prior" in text(app)
        await turn_to(app, "posterior")
        assert "an AE's posterior is a point" in text(app)
        assert "one code per image" in text(app)
        assert len(re.findall(r"×\d", text(app))) == 1  # any more would be the same
        assert not {"noise", "sigma"} & app.facts  # neither would change the one picture
        before = app.state.selection
        await press(app, "r", "up")
        assert app.state.selection == before
        assert "↑: these samples have no temperature" in text(app)
        await press(app, "p")
        assert "codes of random test images" in text(app)
        assert "sigma" not in app.facts
        assert "noise" in app.facts


async def test_the_digit_is_that_of_the_other_views_and_goes_by_class(grid: Path) -> None:
    async with sampling(grid) as (app, _):
        await press(app, "n")
        assert app.state.selection.image == 0  # the prior is around no digit
        await turn_to(app, "posterior")
        await press(app, "n", "n", "N")
        assert app.state.selection.image == 1
        shown = app.view.state.shown
        assert shown is not None
        label = shown.label(1)
        assert f"original: {label}" in text(app)
        for key, by in (("c", 1), ("C", -1), ("C", -1)):
            await press(app, key)
            label = (label + by) % 10
            assert shown.label(app.state.selection.image) == label
            assert f"original: {label}" in text(app)


async def test_components_stop_at_their_ends_and_at_the_number_of_codes(grid: Path) -> None:
    async with sampling(grid) as (app, _):
        await turn_to(app, "mixture")
        await press(app, *["less_than_sign"] * 5)
        assert "one Gaussian" in text(app)
        await press(app, *["greater_than_sign"] * 7)
        assert app.state.selection.sampling.components == COMPONENTS[-1]
        assert f"mixture of {COMPONENTS[-1]} Gaussians" in text(app)


async def test_what_is_sampled_stays_while_the_checkpoint_changes(grid: Path) -> None:
    async with sampling(grid) as (app, _):
        await turn_to(app, "aggregate")
        await press(app, "r", "up")
        selection, seen = app.state.selection, picture(app)
        await press(app, "equals_sign")
        assert app.state.selection == selection
        assert picture(app) != seen
        await press(app, "minus")
        assert picture(app) == seen


# --- what is said about the draws


async def test_the_same_images_are_chosen_in_every_checkpoint(grid: Path) -> None:
    async with sampling(grid, size=LARGE) as (app, _):
        await turn_to(app, "aggregate")
        chosen = re.findall(r"test \d+: \d", text(app))
        assert len(chosen) > 20
        await press(app, "left_square_bracket", "equals_sign")
        assert re.findall(r"test \d+: \d", text(app)) == chosen


def counts(app: Explorer) -> tuple[int, int, int]:
    """Marks under draws, and what the summary says: how many of how many."""
    found = re.search(r"! (\d+) of (\d+) ", text(app))
    assert found
    marks = len(re.findall(r"\d\.?\d*!", text(app)))
    return marks, int(found[1]), int(found[2])


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_draws_far_from_any_code_are_marked_and_counted(grid: Path, size: tuple[int, int]) -> None:
    async with sampling(grid, size=size) as (app, _):
        await press(app, *["up"] * 10)
        marks, far, count = counts(app)
        assert marks == far > count // 4
        await press(app, *["down"] * 20)  # all in one place
        marks, far, _ = counts(app)
        assert marks == far
        assert far in (0, count)


async def test_distances_are_over_the_codes_that_there_are(grid: Path) -> None:
    """What stands under the first draw is what a search one by one finds."""
    async with sampling(grid) as (app, _):
        codes = app.view.state.codes
        assert codes is not None
        z = sample("prior", SampleSources(5), 1).z[0]
        apart = np.linalg.norm(codes.mean - z, axis=1)
        assert f"{codes.labels[apart.argmin()]} {compact(float(apart.min()))} ×" in text(app)


@pytest.mark.parametrize("wanted", SOURCES)
async def test_new_noise_draws_other_pictures_and_the_noise_before_the_same(
    grid: Path, wanted: Source
) -> None:
    async with sampling(grid) as (app, _):
        await turn_to(app, wanted)
        first = picture(app)
        await press(app, "r")
        assert [picture(app)[y] != first[y] for y in range(4, 11)].count(True) > 3
        await press(app, "pageup")
        assert picture(app) == first


async def test_the_table_compares_the_sources_and_chooses_among_them(grid: Path) -> None:
    async with sampling(grid, size=LARGE) as (app, pilot):
        lines = text(app).splitlines()
        row = next(y for y, line in enumerate(lines) if "› prior N(0, I)" in line)
        shares = [re.search(r"(\d+)%", lines[row + place]) for place in range(4)]
        assert all(shares)
        await pilot.click(app.view, offset=(10, row + 2 - app.view.region.y))
        await settle(app)
        assert source(app) == "aggregate"
        assert "› aggregated posterior" in text(app)


async def test_a_hot_prior_is_farther_off_than_a_cold_one_in_the_shares_too(grid: Path) -> None:
    def share(app: Explorer) -> int:
        found = re.search(r"! of 200: prior (\d+)%", text(app))
        assert found
        return int(found[1])

    async with sampling(grid) as (app, _):
        start = share(app)
        await press(app, *["up"] * 10)
        assert share(app) > start


# --- states


async def test_pictures_come_before_codes_and_distances_after(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sampling(grid) as (app, _):
        state, loaded = app.view.state, app.view.loaded
        with_codes = text(app)
        waiting = "encoding the test images …"
        app.view.show(dataclasses.replace(state, codes=None, waiting=waiting), {})
        await settle(app)
        assert "prior: z ~" in text(app)
        assert "below each" not in text(app)
        assert waiting in text(app)
        app.view.show(state, loaded)
        await settle(app)
        assert text(app) == with_codes


async def test_a_mixture_that_cannot_be_fitted_says_so(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError("Matrix is not positive definite")

    monkeypatch.setattr(mixture, "fit_mixture", refuse)
    async with sampling(grid) as (app, _):
        assert "prior: z ~" in text(app)
        await turn_to(app, "mixture")
        assert "no mixture of 10 Gaussians" in text(app)


async def test_codes_without_variances_are_made_anew(grid: Path) -> None:
    run = grid / "digits" / VAE
    mean = np.zeros((tiny.TEST_IMAGES, 5), np.float32)
    labels = np.zeros(tiny.TEST_IMAGES, np.uint8)
    write_tensors(run / LATENTS, {"mean": mean, "labels": labels}, {"epoch": "3"})
    async with sampling(grid) as (app, _):
        codes = app.view.state.codes
        assert codes is not None
        assert codes.log_var is not None
        assert codes.log_var.shape == codes.mean.shape
        await turn_to(app, "aggregate")
        assert "aggregated posterior" in text(app)


async def test_without_a_model_it_says_why(runs: Path) -> None:
    made = tiny.config()
    tiny.make(runs, made, state="stopped", done=0)
    async with sampling(runs, made.name) as (app, _):
        assert "ended before its" in text(app)
        assert not {row.needs for row in OWN} & app.facts
        await press(app, *(key.name for row in OWN for key in row.keys))


# --- sizes and terminals


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("wanted", SOURCES)
async def test_it_fits_every_size(grid: Path, wanted: Source, size: tuple[int, int]) -> None:
    async with sampling(grid, size=size) as (app, _):
        await press(app, *["up"] * 10)
        await turn_to(app, wanted)
        assert {len(line) for line in text(app).splitlines()} == {size[0]}
        assert re.search(r"! \d+ (of \d+|far)", text(app))


@pytest.mark.parametrize("depth", ["256", "16", "none"])
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_lesser_terminals(
    grid: Path, size: tuple[int, int], depth: Depth, monkeypatch: pytest.MonkeyPatch
) -> None:
    glyphs: Glyphs = "ascii" if depth == "none" else "half"
    if depth == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    async with sampling(grid, size=size, depth=depth, glyphs=glyphs) as (app, _):
        await press(app, *["up"] * 10)
        marks, far, _ = counts(app)
        assert marks == far > 0
        for _ in SOURCES:
            assert depth != "none" or text(app).isascii()
            await press(app, "p")


@pytest.mark.parametrize(
    "size", [(w, h) for w in (56, 76, 96, 165, 220) for h in (15, 17, 20, 26, 36, 46, 60)]
)
def test_pictures_and_notes_stay_apart_and_above_the_foot(size: tuple[int, int]) -> None:
    plan = layout(*size)
    taken = np.zeros((size[1], size[0]), int)
    for place in range(plan.cells):
        x, y = plan.at(place)
        assert 0 <= x <= x + THUMB[0] <= size[0]
        assert y + THUMB[1] + plan.notes <= max(plan.below, 9)
        taken[y : y + THUMB[1] + plan.notes, x : x + THUMB[0]] += 1
    assert taken.max() == 1
    assert plan.below + plan.foot == max(size[1], plan.below + plan.foot)
    assert plan.has_table == (size[0] >= 96 and size[1] >= 34)
    assert not plan.has_table or plan.foot >= TABLE


# --- values


def test_sampling_goes_round_and_components_have_ends() -> None:
    assert SampleSettings().with_next_source().source == SOURCES[1]
    assert SampleSettings(SOURCES[-1]).with_next_source() == SampleSettings()
    assert SampleSettings().with_components(1).components == 20
    assert SampleSettings(components=50).with_components(1).components == 50
    assert SampleSettings(components=1).with_components(-1).components == 1


def test_classes_go_backwards_too() -> None:
    labels = np.array([3, 5, 3, 9], np.uint8)
    assert [next_class(labels, image, -1) for image in (0, 1, 3)] == [3, 0, 1]


def test_a_tally_counts_what_is_far_and_how_many_codes_are_met() -> None:
    codes: Floats = np.array([[0, 0], [10, 0]], np.float32)
    near = CodeDistances(
        np.ones(2, bool),
        np.zeros(2, np.float32),
        codes,
        np.array([0, 100], np.float32),
        median=1.0,
        limit=2.0,
    )
    around = Posterior(np.array([[10, 3]], np.float32), None)
    statistics = sample_statistics("posterior", SampleSources(2, around), near, -1, 0, 1.0)
    assert (statistics.far_share, statistics.distance, statistics.codes) == (1.0, 3.0, 1)
    assert statistics.bins[round(3 / 2 * BINS / 2)] == 1.0
    assert sum(statistics.bins) == pytest.approx(1)
    own = sample_statistics(
        "posterior", SampleSources(2, around), near, 1, 0, 1.0
    )  # its own code does not count
    assert own.distance == pytest.approx(109**0.5)
    assert own.bins[-1] == 1.0
    every = sample_statistics("aggregate", SampleSources(2, codes=Posterior(codes, None)), near, -1, 0, 1.0)
    assert (every.distance, every.codes) == (10.0, 2)
