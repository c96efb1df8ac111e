"""`y`: the command line that is copied makes what is seen."""

import dataclasses
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import tiny
from tests.vaetui.cli import shell
from tests.vaetui.tui.driving import LARGE, SMALL, exploring, press, settle, terminal, text
from vaetui import commands
from vaetui.arrays import Floats
from vaetui.runs.run_index import RunIndex
from vaetui.tui.app import Explorer
from vaetui.tui.session import Session

RUN = "vae-z5-b1-bce-s0-h16"
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)], ids=str)


def copied(app: Explorer) -> list[str]:
    """The words of what is on the clipboard, after `vaetui`."""
    first, *words = shlex.split(app.clipboard)
    assert first == "vaetui"
    return words


def json_of(words: list[str]) -> dict[str, Any]:
    """What the command says to programs."""
    result = shell.call(*words, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def points(found: dict[str, Any]) -> Floats:
    return np.array([digit["z"] for digit in found["digits"]], np.float32)


def seen(app: Explorer, name: str) -> Any:
    """An array of what the view shows."""
    return app.view.content().arrays[name]


def as_bytes(images: Any) -> Any:
    return np.rint(255 * images).astype(int).reshape(-1, 28, 28)


async def copy(app: Explorer, *keys: str) -> list[str]:
    await press(app, *keys, "y")
    return copied(app)


# --- views


@SIZES
@pytest.mark.parametrize("name", [RUN, "ae-z5-bce-s0-h16"])
async def test_reconstruct(grid: Path, size: tuple[int, int], name: str) -> None:
    async with exploring(grid, size, [grid / "digits" / name]) as (app, _):
        words = await copy(app, "2", "right", "right", "right")
        assert words[:2] == ["show", name]
        found = json_of(words)["digits"]
        assert [digit["image"] for digit in found] == seen(app, "indices").tolist()
        assert found[0]["image"] == 3
        np.testing.assert_array_equal(
            [digit["reconstruction"] for digit in found], as_bytes(seen(app, "reconstructions"))
        )


@SIZES
@pytest.mark.parametrize("name", [RUN, "ae-z5-bce-s0-h16"])
@pytest.mark.parametrize(
    "keys", [("r", "up"), ("p", "n", "down"), ("p", "p", "r"), ("p", "p", "p", "less_than_sign", "up")]
)
async def test_sample(grid: Path, size: tuple[int, int], name: str, keys: tuple[str, ...]) -> None:
    async with exploring(grid, size, [grid / "digits" / name]) as (app, _):
        words = await copy(app, "3", *keys)
        result = shell.call(*words, "--json")
        assert result.returncode == 0
        z = points(json.loads(result.stdout))
        np.testing.assert_array_equal(z, seen(app, "z")[: len(z)])
        assert app.state.selection.sampling.source in words


async def test_sample_counts_what_is_seen(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / RUN]) as (app, _):
        words = await copy(app, "3")
        around = await copy(app, "p")
    counts = [int(each[each.index("--count") + 1]) for each in (words, around)]
    assert counts[0] == counts[1] + 1 > 4  # the digit that draws are around takes a place


@SIZES
@pytest.mark.parametrize("keys", [(), ("P", "l"), ("i", "greater_than_sign", "B")])
async def test_interpolate(grid: Path, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    async with exploring(grid, size, [grid / "digits" / RUN]) as (app, _):
        words = await copy(app, "4", *keys)
        found = json_of(words)
        assert found["stops"] == list(app.state.selection.interpolation.stops)
        np.testing.assert_array_equal(points(found), seen(app, "z"))
        np.testing.assert_array_equal(
            [digit["image"] for digit in found["digits"]], as_bytes(seen(app, "images"))
        )


async def test_a_path_to_the_drawing_has_no_command(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / RUN]) as (app, _):
        words = await copy(app, "8", "space", "down", "down", "b", "4")
        assert words == ["explore", RUN, "--view", "Interpolate", *folders(app)]


@SIZES
@pytest.mark.parametrize("name", [RUN, "ae-z5-bce-s0-h16"])
@pytest.mark.parametrize(
    "keys", [("n", "n"), ("down", "right", "down", "shift+left", "0", "down"), ("right", "right")]
)
async def test_traverse(grid: Path, size: tuple[int, int], name: str, keys: tuple[str, ...]) -> None:
    async with exploring(grid, size, [grid / "digits" / name]) as (app, _):
        words = await copy(app, "6", *keys)
        found = json_of(words)
        (row,) = found["dims"]
        assert found["digit"] == int(seen(app, "digit"))
        assert row["dim"] == int(seen(app, "dimension")) + 1
        values = {digit["value"]: digit["z"] for digit in row["digits"]}
        own = dict(zip(seen(app, "values").tolist(), seen(app, "z"), strict=True))
        both = sorted(set(values) & set(own))
        assert {-3.0, 0.0, 3.0} <= set(both)
        for value in both:
            np.testing.assert_allclose(values[value], own[value], atol=1e-6)


async def test_keys_faster_than_the_screen_are_in_the_command(grid: Path) -> None:
    async with exploring(grid, wanted=[grid / "digits" / RUN]) as (app, _):
        await press(app, "6")
        for key in ("n", "right", "down", "y"):
            app.simulate_key(key)
        await settle(app)
        words = copied(app)
        assert words[words.index("--digit") + 1] == "#1"
        assert "--set" in words


async def test_compare(grid: Path) -> None:
    tiny.grid(grid, hidden=(8,))  # a second family
    async with exploring(grid, wanted=[grid / "digits" / RUN]) as (app, _):
        words = await copy(app, "7")
        assert "--data" not in words
        result = shell.call(*words, "--json")
        assert result.returncode == 0
        found = [entry for ranking in json.loads(result.stdout) for entry in ranking["runs"]]
        wanted = dict(zip(seen(app, "runs").tolist(), seen(app, "distortion").tolist(), strict=True))
        assert all(wanted[Path(entry["path"]).name] == entry["distortion"] for entry in found)
        assert app.state.runs.family is not None
        assert len(found) == len(app.state.runs.family.runs)


@pytest.mark.parametrize("view", ["Loss", "Latent", "Draw"])
async def test_what_no_command_prints_is_opened_again(grid: Path, view: str) -> None:
    async with exploring(grid, wanted=[grid / "digits" / RUN]) as (app, _):
        app.action_view(view)
        words = await copy(app)
    assert words[:4] == ["explore", RUN, "--view", view]
    own = {"Loss": "distortion", "Latent": "of test images", "Draw": "undo redo clear"}
    with shell.terminal(*words) as screen:
        screen.wait_for(own[view])
        screen.wait_for("z 5")
        screen.press(b"q")
        assert screen.end() == 0


async def test_the_view_that_is_asked_for_goes_before_what_is_remembered_and_what_trains(
    runs: Path, tmp_path: Path
) -> None:
    state = tmp_path / "explorer.json"
    state.write_text(json.dumps(dataclasses.asdict(Session(view="Sample"))))
    with tiny.live(runs):
        app = Explorer(RunIndex(runs), tmp_path, terminal(), session=state, view="Draw")
        async with app.run_test(size=SMALL):
            await settle(app)
            assert app.view.title == "Draw"
            assert "undo redo clear" in text(app)


# --- the line


def folders(app: Explorer) -> list[str]:
    runs, data = app.state.runs.library.folder, app.data_folder
    return ["--runs", str(runs), "--data", str(data)]


async def test_folders_are_named_only_where_they_would_not_be_found(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with exploring(grid, wanted=[grid / "digits" / RUN]) as (app, _):
        assert (await copy(app, "1"))[4:] == folders(app)
        monkeypatch.setenv("VAETUI_RUNS", str(grid))
        assert (await copy(app))[4:] == folders(app)[2:]
        monkeypatch.setenv("VAETUI_DATA", str(app.data_folder))
        assert (await copy(app))[4:] == []


def test_a_line_is_quoted_for_a_shell(tmp_path: Path) -> None:
    line = commands.copyable_command(["show", "a b", "--digits", "#3,#4"], tmp_path / "my runs", tmp_path)
    assert line.startswith("vaetui show 'a b' --digits '#3,#4' --runs ")
    assert f"--runs '{tmp_path}/my runs' --data {tmp_path}" in line


@SIZES
async def test_it_is_reported_in_as_many_lines_as_it_takes(grid: Path, size: tuple[int, int]) -> None:
    async with exploring(grid, size) as (app, pilot):
        await press(app, "2", "y")
        for _ in range(2):
            shown, copied = ("".join(words.split()) for words in (text(app), app.clipboard))
            start = f"copied:{copied}"
            assert start in shown or (start[:100] in shown and "M:allofit" in shown)
            await pilot.resize_terminal(70, 20)


async def test_the_terminal_gets_it_by_osc_52(grid: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    async with exploring(grid) as (app, _):
        monkeypatch.setattr(app._driver, "write", sent.append)
        await press(app, "y")
        assert any(part.startswith("\x1b]52;c;") for part in sent)
