"""What the explorer has done beside itself: stopping a training, downloading images, writing a report."""

import hashlib
import math
import os
import sys
import time
from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.tui.driving import LARGE, exploring, press, settle, soon, text, until
from trainer.contract.datasets import fetch, registry, sources
from trainer.contract.run_dir import read_status
from vaetui.runs import launch, report_process
from vaetui.runs.run_watcher import Run
from vaetui.tui import base_app
from vaetui.tui.app import Explorer
from vaetui.tui.dialogs.stop import Stop


def notice(app: Explorer) -> str:
    return text(app).splitlines()[-2].strip()


# --- stopping


async def test_a_training_is_stopped_once_that_is_confirmed(runs: Path) -> None:
    with tiny.trainer(runs) as (run, _):
        async with exploring(runs) as (app, _):
            await press(app, "s")
            assert f"Stop {run.name}?" in text(app)
            await press(app, "escape")
            assert read_status(run).state == "running"
            await press(app, "s", "enter")
            assert notice(app).startswith((f"› asked {run.name} to stop", f"› {run.name} stopped"))
            await until(app, lambda: read_status(run).state == "stopped")
            await until(app, lambda: "stopped" in text(app))
            assert "alive" not in app.facts
            await press(app, "s")
            assert not isinstance(app.screen, Stop)


async def test_runs_that_train_together_are_counted(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Run] = []
    monkeypatch.setattr(launch, "ask_to_stop", asked.append)
    with tiny.live(runs, sign=True) as run, tiny.live(runs, tiny.config(beta=4.0), sign=True):
        async with exploring(runs, wanted=[run]) as (app, _):
            await press(app, "s")
            assert "and 1 more that train with it" in text(app)
            await press(app, "y")
            assert notice(app) == "› asked 2 runs to stop: runs that train together stop together"
            assert [one.path for one in asked] == [run]


async def test_what_cannot_be_stopped_from_here_is_reported(runs: Path) -> None:
    with tiny.live(runs):
        async with exploring(runs, LARGE) as (app, _):
            await press(app, "s", "enter")
            assert notice(app).endswith("is only just starting: try again in a moment")
            assert notice(app).startswith("!")


# --- downloading


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a data set called mnist that is small: the bundled digits in IDX files."""
    digits = registry.load("digits", tmp_path)
    folder = tmp_path / "mirror" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    parts = []
    for stem, images in {"train": digits.train, "t10k": digits.test}.items():
        count = len(images.labels)
        part = sources.part(stem, count, ("", ""), ("", ""))
        sums = {}
        for file, values in ((part.images, images.pixels), (part.labels, images.labels)):
            content = b"".join(word.to_bytes(4, "big") for word in file.header) + values.tobytes()
            (folder / file.name).write_bytes(content)
            sums[file.name] = (hashlib.md5(content).hexdigest(), "")
        parts.append(sources.part(stem, count, sums[part.images.name], sums[part.labels.name]))
    source = sources.Source("mnist", "MNIST", 12, parts[0], parts[1])
    monkeypatch.setitem(sources.SOURCES, "mnist", source)
    return tmp_path / "mirror"


def download_with(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let `program` run in the downloader's place; its `folder` is where to download to."""
    whole = f"import sys, pathlib, time, shutil\nfolder = pathlib.Path(sys.argv[1])\n{program}"
    monkeypatch.setattr(fetch, "command", lambda _, folder: [sys.executable, "-I", "-c", whole, str(folder)])


async def test_absent_images_are_downloaded_and_take_the_place_of_their_stand_ins(
    runs: Path, tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = tmp_path / "go on"
    program = f"""
(folder / "part.gz").write_bytes(bytes(4_000_000))
while not pathlib.Path({str(go_on)!r}).exists(): time.sleep(0.02)
shutil.copytree({str(images / "MNIST")!r}, folder / "MNIST")"""
    download_with(monkeypatch, program)
    tiny.make(runs, tiny.config(dataset="mnist"))
    async with exploring(runs, LARGE) as (app, pilot):
        await press(app, "2")
        assert notice(app).startswith("! digits replace mnist, which is not here: D downloads it")
        assert "D download" in text(app)
        await press(app, "5")  # whose codes are made of the stand-ins
        codes = app.view.state.codes
        await press(app, "2")
        app.simulate_key("D")
        await soon(lambda: "downloading mnist: 4.0 of 12 MB" in notice(app))
        assert "D download" not in text(app)
        app.simulate_key("D")
        await soon(lambda: "D: this dataset is being downloaded" in notice(app))
        app.simulate_key("right")  # nothing waits for it
        await pilot.pause(0.1)
        assert app.state.selection.image == 1
        go_on.touch()
        await until(app, lambda: "mnist test images" in text(app))
        assert notice(app) == "› mnist is here now"
        assert "absent" not in app.facts
        await press(app, "5")
        assert app.view.state.codes is not None
        assert app.view.state.codes is not codes


async def test_why_a_download_failed_is_one_sentence_and_the_key_is_there_again(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    download_with(monkeypatch, "sys.exit('no mirror of MNIST delivers it: check the network')")
    tiny.make(runs, tiny.config(dataset="mnist"))
    async with exploring(runs, LARGE) as (app, _):
        await press(app, "2", "D")
        await until(app, lambda: "no mirror of MNIST delivers it" in text(app))
        shown = " ".join(text(app).split())
        assert "could not be downloaded: no mirror of MNIST delivers it" in shown
        assert "! MNIST not found" in shown
        assert "absent" in app.facts


async def test_leaving_ends_a_download(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    download_with(monkeypatch, "time.sleep(60)")
    tiny.make(runs, tiny.config(dataset="mnist"))
    start, folder = time.monotonic(), tmp_path / "data"
    async with exploring(runs, data=folder) as (app, pilot):
        await until(app, lambda: "absent" in app.facts)
        app.simulate_key("D")
        await soon(lambda: bool(list(folder.glob(".download-*"))))
        app.simulate_key("q")
        await pilot.pause(0.2)
        assert not app.is_running
    tiny.wait_until(lambda: not list(folder.glob(".download-*")))
    assert time.monotonic() - start < 50  # it would take 60


async def test_there_is_no_key_where_nothing_can_be_downloaded(runs: Path) -> None:
    tiny.make(runs, tiny.config(dataset="mine"))
    async with exploring(runs, LARGE) as (app, _):
        assert "absent" not in app.facts
        assert "D download" not in text(app)
        await press(app, "D")
        assert "downloading" not in text(app)


# --- reporting


def report_with(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let `program` run in the place of `vaetui report`; `say` writes a message."""
    whole = f"""
import os, pathlib, sys, time
def say(text): print(text, file=sys.stderr, flush=True)
{program}"""
    monkeypatch.setattr(report_process, "PROGRAM", (sys.executable, "-I", "-c", whole))


async def test_a_report_is_written_meanwhile_and_its_page_is_named(
    run: Path, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = tmp_path / "go on"
    program = f"""
say("evaluating 2 runs first"); say("vae run=1/2 done=50% quality")
while not pathlib.Path({str(go_on)!r}).exists(): time.sleep(0.02)
print("/there/report.md\\n/there/report.html")"""
    report_with(monkeypatch, program)
    async with exploring(runs) as (app, pilot):
        await press(app, "2", "X")
        app.simulate_key("enter")
        await soon(lambda: notice(app) == "› report on this family: vae run=1/2 done=50% quality")
        app.simulate_key("right")  # nothing waits for it
        await pilot.pause(0.1)
        assert app.state.selection.image == 1
        app.simulate_key("X")
        await soon(lambda: "1 of 1 with test figures" in text(app))
        app.simulate_key("enter")
        await soon(lambda: notice(app) == "! a report is being written: start the next when that is done")
        go_on.touch()
        await until(app, lambda: notice(app) == "› report written: /there/report.html")
        assert app.state.log.entries[-1].notice.sentence == "report written: /there/report.html"


async def test_why_there_is_no_report_is_one_sentence(
    run: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_with(monkeypatch, "say('drawing figures'); sys.exit('vaetui: the disk is full: make room')")
    async with exploring(runs) as (app, _):
        await press(app, "X", "enter")
        await until(app, lambda: notice(app) == "! the disk is full: make room")
        assert app.state.log.entries[-1].notice.is_trouble
        assert not app.loader.is_busy()


async def test_leaving_ends_a_report(run: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report_with(monkeypatch, "say(os.getpid()); time.sleep(60)")
    start = time.monotonic()
    async with exploring(runs) as (app, pilot):
        await press(app, "X")
        app.simulate_key("enter")
        await soon(lambda: notice(app)[-1:].isdigit())
        child = int(notice(app).rpartition(": ")[2])
        os.kill(child, 0)
        app.simulate_key("q")
        await pilot.pause(0.2)
        assert not app.is_running
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert time.monotonic() - start < 50  # it would take 60


# --- telling


async def test_what_is_reported_gives_way_to_what_is_wrong(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_app, "NOTICE_SECONDS", 0.3)
    tiny.make(runs, state="failed", error="out of memory")
    async with exploring(runs, LARGE) as (app, pilot):
        assert "out of memory" in notice(app)
        app.show_notice("first")
        app.show_notice("second", seconds=math.inf)
        await settle(app)
        assert notice(app) == "› second"
        await pilot.pause(0.5)
        assert notice(app) == "› second"
        app.show_notice("third")
        await until(app, lambda: "out of memory" in notice(app))
