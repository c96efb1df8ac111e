"""Help on terminals of every width."""

from pathlib import Path

import pytest
import typer

from tests.vaetui.cli.shell import call, terminal
from vaetui.cli.main import app

COMMANDS = ("", *typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.fault(
    "COLUMNS from 40 to 200, for the help of every command", "no line is wider, nothing is lost"
)
@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {}
    for columns in (40, 41, 52, 60, 79, 80, 100, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        result = call(*command.split(), "--help")
        lines = result.stdout.splitlines()
        assert (result.returncode, result.stderr) == (0, "")
        assert max(map(len, lines)) <= columns, max(lines, key=len)
        assert all(line == line.rstrip() for line in lines)
        texts[columns] = "".join(result.stdout.split())
    assert len(set(texts.values())) == 1, "the same words at every width"


@pytest.mark.fault("COLUMNS that mean nothing, or fewer than 40", "help as on a terminal of 80, or 40")
def test_help_with_columns_that_mean_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = call("train", "--help").stdout
    for columns in ("", "0", "-5", "many", "9" * 30):
        monkeypatch.setenv("COLUMNS", columns)
        assert call("train", "--help").stdout == usual
    monkeypatch.setenv("COLUMNS", "40")
    narrow = call("train", "--help").stdout
    monkeypatch.setenv("COLUMNS", "7")
    assert call("train", "--help").stdout == narrow


@pytest.mark.fault("a terminal 40 columns wide", "help that fits it")
def test_help_on_a_narrow_terminal(tmp_path: Path) -> None:
    with terminal("train", "--help", columns=40, rows=200) as screen:
        assert screen.end() == 0
        shown = screen.text()
    assert "Usage: vaetui train" in shown
    assert "auto|mnist|" in shown


@pytest.mark.fault("a terminal 80 columns wide, for help with lines of its own", "these lines are not broken")
@pytest.mark.parametrize("command", COMMANDS[1:])
def test_lines_that_stand_as_they_are_fit_a_usual_terminal(command: str) -> None:
    text = typer.main.get_command(app).commands[command].help or ""  # type: ignore[attr-defined]
    for block in (paragraph for paragraph in text.split("\n\n") if paragraph.startswith("\b")):
        assert max(len(f"  {line}") for line in block.splitlines()) <= 80, block
