"""t-SNE of the codes: computed once, kept beside the model, made anew where damaged."""

import threading
from pathlib import Path

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, exploring, press, text, until
from tests.vaetui.tui.views.latent.codes import HERE, Tell, codes_of, fake_tsne, held, to_tsne
from trainer.contract.files import Problem
from trainer.contract.tensors import read_tensors, write_tensors
from vaetui.arrays import Floats
from vaetui.latent import prior, tsne_cache
from vaetui.latent.posteriors import Codes
from vaetui.tui.views.latent.view import Latent


def test_points_that_cannot_be_drawn_are_worked_out_anew(run: Path) -> None:
    first, _ = tsne_cache.load_or_run_tsne(run, held(run), print)
    file = read_tensors(run / tsne_cache.FILE)
    points = file.arrays["points"].copy()
    points[0] = 3e38
    write_tensors(run / tsne_cache.FILE, {"points": points}, {"codes": file.metadata["codes"]})
    np.testing.assert_array_equal(tsne_cache.load_or_run_tsne(run, held(run), print)[0], first)


async def test_tsne_is_kept_beside_the_model_and_decodes_the_nearest_code(run: Path) -> None:
    async with exploring(run.parent.parent, LARGE) as (app, _):
        await press(app, HERE)
        await to_tsne(app)
        assert "nearest on map" in text(app)
        kept = read_tensors(run / tsne_cache.FILE).arrays["points"]
        nearest = int(np.abs(codes_of(run)[:, 0]).argmin())  # the cursor is at 0
        np.testing.assert_array_equal(kept, fake_tsne(codes_of(run)))
        assert f"{float(prior.log_prior(codes_of(run)[nearest])):.2f} nats".replace("-", "−") in text(app)


def test_a_map_of_other_codes_is_not_used(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = held(run)
    first, _ = tsne_cache.load_or_run_tsne(run, codes, print)

    def refuse(*_: object) -> Floats:
        raise AssertionError("worked out again")

    monkeypatch.setattr(tsne_cache, "run_tsne", refuse)
    np.testing.assert_array_equal(tsne_cache.load_or_run_tsne(run, codes, print)[0], first)
    other = Codes(codes.mean + np.float32(1e-3), codes.labels)
    with pytest.raises(AssertionError, match="worked out again"):
        tsne_cache.load_or_run_tsne(run, other, print)


async def test_the_map_is_of_random_images_and_says_so(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tsne_cache, "MOST", 20)
    images = held(run).random_images(20)
    assert len(set(images.tolist())) == 20
    assert images.max() > 40, "not the first ones"
    async with exploring(run.parent.parent, LARGE) as (app, _):
        await press(app, HERE)
        await to_tsne(app)
        assert "20 random posterior means of test images" in text(app)
        kept = read_tensors(run / tsne_cache.FILE).arrays["points"]
        np.testing.assert_array_equal(kept, fake_tsne(codes_of(run)[images]))
        nearest = images[int(np.abs(codes_of(run)[images, 0]).argmin())]  # the cursor is at 0
        assert f"{float(prior.log_prior(codes_of(run)[nearest])):.2f} nats".replace("-", "−") in text(app)
        assert isinstance(app.view, Latent)
        assert app.view.map is not None
        np.testing.assert_array_equal(app.view.map.labels, held(run).labels[images])


def test_a_map_of_the_first_images_by_an_older_version_is_not_used(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tsne_cache, "MOST", 20)
    first = Codes(codes_of(run)[:20], held(run).labels[:20])
    old, _ = tsne_cache.load_or_run_tsne(run, first, print)
    new, _ = tsne_cache.load_or_run_tsne(run, held(run), print)
    assert not np.array_equal(old, new)


def test_a_map_of_a_shipped_run_is_kept_beside_it(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny.ship(runs, tiny.config(latent=5))
    before = sorted(path.name for path in run.iterdir())
    first, notice = tsne_cache.load_or_run_tsne(run, held(run), print)
    assert (notice, sorted(path.name for path in run.iterdir())) == ("", before)
    monkeypatch.setattr(tsne_cache, "run_tsne", None)  # not worked out again
    np.testing.assert_array_equal(tsne_cache.load_or_run_tsne(run, held(run), print)[0], first)


@pytest.mark.parametrize("content", [b"", b"\x08" * 40, b"\xff" * 4000])
def test_a_damaged_map_is_made_anew(run: Path, content: bytes) -> None:
    (run / tsne_cache.FILE).write_bytes(content)
    np.testing.assert_array_equal(
        tsne_cache.load_or_run_tsne(run, held(run), print)[0], fake_tsne(codes_of(run))
    )


def test_a_folder_that_cannot_be_written_to_is_no_trouble(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tsne_cache, "write_tensors", refuse)
    np.testing.assert_array_equal(
        tsne_cache.load_or_run_tsne(run, held(run), print)[0], fake_tsne(codes_of(run))
    )
    assert not (run / tsne_cache.FILE).exists()


async def test_waiting_for_tsne_is_reported_and_other_keys_work_meanwhile(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def slow(codes: Floats, tell: Tell) -> Floats:
        tell(0.35)
        assert gate.wait(10)
        return fake_tsne(codes)

    monkeypatch.setattr(tsne_cache, "run_tsne", slow)
    async with exploring(run.parent.parent) as (app, _):
        await press(app, HERE, "w", "w")
        await until(app, lambda: "t-SNE of 60 codes, once only … 35%" in text(app))
        await press(app, "w")
        assert "two dims" in text(app)
        await press(app, "w", "w")
        assert "t-SNE of 60 codes" in text(app)
        gate.set()
        await until(app, lambda: "↑ t-SNE 2" in text(app))


async def test_why_there_is_no_tsne_is_reported(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Floats:
        raise Problem("3 codes are too few")

    monkeypatch.setattr(tsne_cache, "run_tsne", refuse)
    async with exploring(run.parent.parent) as (app, _):
        await press(app, HERE, "w", "w")
        await until(app, lambda: "no t-SNE: 3 codes are too few" in text(app))
        await press(app, "right", "z", "home", "w")
        assert "two dims" in text(app)
