"""Files damaged, folders gone and memory short under a running explorer: a line each, and it goes on."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, exploring, press, text, until
from trainer.contract.files import Problem
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import LATENTS, MODEL, STATUS
from vaetui.errors import sentence
from vaetui.latent import posteriors, test_images, tsne_cache
from vaetui.models.autoencoder import Vae
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.loading import sources

TROUBLES: tuple[Exception, ...] = (
    Problem("the file is odd"),
    OSError(5, "Input/output error"),
    MemoryError(),
)
RAISED = pytest.mark.parametrize("error", TROUBLES, ids=lambda error: type(error).__name__)


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> Any:
        raise error

    return fail


async def alive(app: Explorer) -> None:
    """Every view can still be looked at."""
    for number in range(1, len(keys.VIEWS) + 1):
        await press(app, str(number))
        assert app._exception is None
        assert app.view.title == keys.VIEWS[number - 1]


def test_each_is_one_sentence() -> None:
    assert sentence(MemoryError()) == "there is not enough memory for that"
    assert sentence(OSError(13, "Permission denied", "/a\x1b/b")) == "/a /b: Permission denied"
    assert sentence(OSError("odd")) == "odd"
    assert sentence(Problem("a file is damaged")) == "a file is damaged"


# --- workers that fail


@RAISED
async def test_images_that_fail_are_reported(
    run: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(test_images, "load", raising(error))
    async with exploring(run.parents[1], LARGE) as (app, _):
        await press(app, "2")
        assert text(app).count(sentence(error)) == 2  # in the view and in the notice
        assert "loading" not in text(app)
        await alive(app)


@RAISED
async def test_codes_that_fail_are_reported_and_not_asked_for_again(
    grid: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    asked = []

    def fail(_: Path, vae: Vae, *others: object) -> Any:
        asked.append(vae)
        raise error

    monkeypatch.setattr(posteriors, "load_test_codes", fail)
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "5")
        assert f"no codes: {sentence(error)}" in text(app)
        await press(app, "4", "5", "8", "space", "right")
        assert f"no codes: {sentence(error)}" in text(app)
        assert len(asked) == 1
        await alive(app)


@RAISED
async def test_large_models_that_fail_are_reported(
    grid: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(sources, "LARGE", 0)
    monkeypatch.setattr("vaetui.models.registry.load_model", raising(error))
    async with exploring(grid, LARGE) as (app, _):
        await press(app, "3")
        await until(app, lambda: sentence(error) in text(app))
        await alive(app)


@RAISED
async def test_a_comparison_that_fails_is_reported(
    grid: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async with exploring(grid, LARGE) as (app, _):
        monkeypatch.setattr("vaetui.tui.loading.sources.reconstruct", raising(error))
        await press(app, "7")
        assert sentence(error) in text(app)
        assert "reading models" not in text(app)
        await alive(app)


async def test_a_bug_is_loud(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posteriors, "load_test_codes", raising(ZeroDivisionError("a bug")))
    with pytest.raises(Exception, match="a bug"):
        async with exploring(run.parents[1]) as (app, _):
            await press(app, "5")


# --- files


async def test_damaged_codes_are_reported_and_made_anew(run: Path) -> None:
    whole = (run / LATENTS).read_bytes()
    (run / LATENTS).write_bytes(whole[:-20] + b"x" * 20)
    async with exploring(run.parents[1], LARGE) as (app, _):
        await press(app, "5")
        assert "the codes are computed again" in app.state.notice.sentence
        assert "is damaged" in text(app)
        assert "posterior means of test images" in text(app)


async def test_a_map_that_cannot_be_kept_is_reported(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tsne_cache, "run_tsne", lambda codes, tell: np.ascontiguousarray(codes[:, :2]))
    monkeypatch.setattr(tsne_cache, "write_tensors", raising(OSError(30, "Read-only file system")))
    async with exploring(run.parents[1], LARGE) as (app, _):
        await press(app, "5", "w", "w")
        await until(app, lambda: "Read-only file system" in text(app))
        assert "t-SNE is not kept" in text(app)
        assert "nearest on map" in text(app)


@pytest.mark.parametrize("name", [MODEL, METRICS, STATUS, LATENTS, "config.json", "evaluation.json"])
@pytest.mark.parametrize("damage", ["cut", "garbage", "folder", "gone"])
async def test_files_damaged_meanwhile_leave_it_alive(grid: Path, name: str, damage: str) -> None:
    run = grid / "digits" / "vae-z5-b1-bce-s0-h16"
    async with exploring(grid, LARGE, [run]) as (app, pilot):
        await press(app, "2")
        path = run / name
        content = path.read_bytes()
        path.unlink()
        if damage == "folder":
            path.mkdir()
        elif damage != "gone":
            path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"\x00\xffgarbage" * 9)
        await pilot.pause(0.1)
        await alive(app)
        await press(app, "left_square_bracket", "right_square_bracket")
        await alive(app)


async def test_a_runs_folder_that_goes_and_comes_back(grid: Path, tmp_path: Path) -> None:
    async with exploring(grid) as (app, _):
        await press(app, "2")
        grid.rename(tmp_path / "away")
        await until(app, lambda: "There are no runs" in text(app))
        await alive(app)
        (tmp_path / "away").rename(grid)
        await until(app, lambda: app.state.runs.run is not None)
        await alive(app)


async def test_a_run_that_vanishes_while_it_is_looked_at(grid: Path) -> None:
    run = grid / "digits" / "vae-z5-b1-bce-s0-h16"
    async with exploring(grid, wanted=[run]) as (app, _):
        await press(app, "7", "6", "2")
        shutil.rmtree(run)
        await until(app, lambda: app.state.runs.run is not None and app.state.runs.run.path != run)
        await alive(app)


async def test_a_folder_that_cannot_be_read(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said by scandir here: root may read every folder."""
    scan = os.scandir

    def closed(path: Any = ".") -> Any:
        if Path(path).name == "digits":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    async with exploring(grid, LARGE) as (app, _):
        monkeypatch.setattr(os, "scandir", closed)
        tiny.make(grid, tiny.config(latent=7))  # so that it is listed again
        await until(app, lambda: "cannot be read: Permission denied" in text(app))
        await alive(app)
