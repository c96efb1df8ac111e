"""`vaetui explore RUN1 RUN2` shows only these runs; one RUN is where it begins."""

from pathlib import Path

import pytest

from tests import ptys, tiny

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=lambda s: f"{s[0]}x{s[1]}")


def grid(terminal: ptys.Terminal) -> tuple[list[str], list[str]]:
    """Return the columns and the rows of the grid in the sidebar."""
    lines = [line[: line.index("│")].split() for line in terminal.screen.display if "│" in line[:36]]
    heading: list[str] = next((words[1:] for words in lines if words[:1] == ["z╲β"]), [])
    names = [words[0].rstrip("‹") for words in lines if words]
    return heading, [name for name in names if name.isdigit()]


@SIZES
def test_only_the_named_runs_are_in_the_grid(runs: Path, size: tuple[int, int]) -> None:
    tiny.grid(runs, kinds=("vae", "ae"))
    tiny.make(runs, tiny.config(latent=9, hidden=(8,)))  # another family
    with ptys.opened(runs, "vae-z5-b4", "vae-z2-b4", size=size) as terminal:
        terminal.until(lambda: grid(terminal) == (["4"], ["2", "5"]))
        terminal.type(b"R")
        terminal.wait_to_see("2 of 2")
    with ptys.opened(runs, "vae-z5-b4", size=size) as terminal:
        terminal.until(lambda: grid(terminal) == (["AE", "1", "4"], ["2", "5"]))


def test_runs_of_two_folders_are_refused(run: Path, tmp_path: Path) -> None:
    other = tiny.make(tmp_path / "elsewhere")
    terminal = ptys.Terminal(run.parent.parent, run.name, str(other))
    try:
        terminal.until(lambda: terminal.process.poll() is not None and not terminal.read())
        said = b" ".join(terminal.output.split()).decode()
        assert f"is not in {run.parent.parent}: the explorer shows runs of one folder" in said
        assert "Traceback" not in said
    finally:
        terminal.close()
