"""What `pip install` brings, tried from a folder with nothing in it."""

import re
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.copying import clone
from tests.vaetui.cli.shell import terminal, vaetui

LIMIT = 5_300_000  # bytes of the whole wheel: 4.8 MB and the feature network


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not any(int(found.version.partition(".")[0]) >= 77 for found in distributions(name="setuptools")):
        pytest.skip("building takes setuptools 77 or newer, which is not installed here")
    folder = tmp_path_factory.mktemp("wheel")
    project = clone(folder / "project")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    build += ["--no-index", "--wheel-dir", str(folder), str(project)]
    done = subprocess.run(build, check=False, capture_output=True, text=True)
    if "No module named pip" in done.stderr:
        pytest.skip("building takes pip, which is not installed here")
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def elsewhere(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The command through which others find what is in the wheel, in a folder with nothing in it."""
    site, empty = tmp_path / "site", tmp_path / "empty"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    empty.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.delenv("VAETUI_RUNS")
    return ("sh", "-c", 'cd "$0" && exec "$@"', str(empty))


def test_a_few_trained_models_are_in_the_wheel_and_nothing_of_the_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    models = [name.split("/")[-2] for name in names if name.endswith("model.safetensors")]
    assert sorted(models) == ["vae-z10-b1-bce-s0", "vae-z2-b1-bce-s0", "vae-z2-b4-bce-s0"]
    assert {re.split("[/-]", name)[0] for name in names} == {"trainer", "vaetui"}
    assert not [name for name in names if name.endswith("timeline.safetensors")]
    assert "trainer/evaluation/features.safetensors" in names
    assert wheel.stat().st_size < LIMIT


def test_trained_models_open_after_pip_install(elsewhere: tuple[str, ...]) -> None:
    listed = vaetui("ls", "--examples", through=elsewhere)
    assert listed.returncode == 0, listed.stderr
    assert [line.split()[0] for line in listed.stdout.splitlines()[2:]] == [
        *("vae-z2-b1-bce-s0", "vae-z2-b4-bce-s0", "vae-z10-b1-bce-s0")
    ]
    nothing = vaetui("ls", through=elsewhere)
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "`vaetui explore --examples`" in nothing.stderr
    refused = vaetui("train", "--dataset", "digits", "--runs", "@examples", "--dry-run", through=elsewhere)
    assert refused.returncode == 1
    assert "holds the runs that ship with vaetui and is never trained in" in refused.stderr


def test_the_explorer_opens_on_them_and_says_so_where_there_is_nothing(elsewhere: tuple[str, ...]) -> None:
    with terminal("explore", through=elsewhere) as screen:
        screen.wait_for("vaetui explore --examples")
        screen.press(b"q")
        assert screen.end() == 0
    with terminal("explore", "--examples", through=elsewhere) as screen:
        assert "mnist examples" in screen.wait_for("30/30")
        screen.press(b"q")
        assert screen.end() == 0
