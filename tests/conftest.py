"""Fixtures for all tests; nobody's settings, folders or terminal reach them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import tiny

# The same examples on every machine, and no verdict on how fast they ran.
hypothesis.settings.register_profile("vaetui", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("vaetui")

_FOREIGN = (
    *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "STY", "TMUX"),
    *("TERM_PROGRAM", "WT_SESSION", "VAETUI_GLYPHS", "VAETUI_COLORS"),
    *("COLUMNS", "LINES", "LC_ALL", "LC_CTYPE", "VAETUI_DATA"),
)


@pytest.fixture(autouse=True)
def _of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("LANG", "C.UTF-8")
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("VAETUI_RUNS", str(home / "runs"))


@pytest.fixture(autouse=True)
def _denormals() -> Iterator[None]:
    """What computes sets its thread to flush denormal numbers; that is not to outlive the test."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """An empty runs folder."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def run(runs: Path) -> Path:
    """One finished VAE with two latent dimensions, β 1, in `runs`."""
    return tiny.make(runs)


@pytest.fixture
def grid(runs: Path) -> Path:
    """`runs` with finished VAEs of 2 and 5 dimensions at β 1 and 4, and an autoencoder of each size."""
    tiny.grid(runs, kinds=("vae", "ae"))
    return runs
