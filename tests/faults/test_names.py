"""Names of runs that are long, wide, composed, or mean something to a shell, a terminal or Markdown."""

import json
import re
import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests import tiny
from tests.vaetui.cli.shell import call, complaint
from tests.vaetui.cli.streams import answer
from trainer.contract.config import is_plain_name
from vaetui.runs.lookup import find_run

LONG = "a-run-that-somebody-gave-a-very-long-name-" + "x" * 208
ODD = (LONG, "数据集" * 25, "e\u0301" * 80, "\u202eevil\x1b[31m", "=x|y!z", "`id`", "-dash", "plain")


@pytest.fixture
def shelf(runs: Path) -> Path:
    """A run of every odd name."""
    for number, name in enumerate(ODD):
        tiny.make(runs, tiny.config(beta=1 + number), name=name)
    return runs


@pytest.mark.fault(
    "names of 250 characters, of wide and of combining ones", "tables that fit 80 and 60 columns"
)
@pytest.mark.parametrize("columns", [80, 60])
def test_tables_fit_whatever_runs_are_called(
    columns: int, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for words in (["ls"], ["compare"], ["watch", *(str(path) for path in (shelf / "digits").iterdir())]):
        found = answer(*words, "--runs", shelf, is_tty=True)
        assert found.code == 0
        table = [line for line in found.output.splitlines() if " · " not in line and str(shelf) not in line]
        # A word stays whole in a sentence, at the width that it has.
        lines = [line for line in table if not line.startswith(("chosen", "digits,")) and " " in line]
        assert all(cell_len(plain(line)) <= columns for line in lines), max(lines, key=cell_len)
        assert any("a-run-that-some" in line and "…" in line for line in lines)
        assert any(plain(line).strip().lstrip("› ").startswith("plain ") for line in lines)
        assert "evil\x1b" not in found.output
        assert "\u202e" not in found.output + found.errors


def plain(line: str) -> str:
    """A line without what sets its looks."""
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", line)


@pytest.mark.fault("the same names, for programs", "whole in --json and --csv, found by their beginnings")
def test_names_are_whole_for_programs(shelf: Path) -> None:
    listed = json.loads(call("ls", "--json", "--runs", shelf).stdout)
    assert {LONG, "=x|y!z", "`id`", "-dash"} <= {run["run"] for run in listed}
    assert LONG in call("compare", "--csv", "--runs", shelf).stdout
    assert find_run(shelf, "a-run-that").path.name == LONG


@pytest.mark.fault("a pipe, and a run of 250 characters among them", "no row is padded to its name")
def test_rows_in_a_pipe_are_not_padded_to_the_longest_name(shelf: Path) -> None:
    lines = call("ls", "--runs", shelf).stdout.splitlines()
    assert max(map(cell_len, lines)) < 220


@pytest.mark.fault("--name that the command line could not take again", "refused when given, exit code 2")
@pytest.mark.parametrize(
    "name",
    ["-x", "--help", "@latest", "a/b", "..", ".hidden", "a b", "a\x1b[31m", "\u0301a", "x" * 121, "数" * 100],
)
def test_names_that_cannot_be_typed_are_refused(name: str, runs: Path) -> None:
    result = call("train", "--dry-run", "--dataset", "digits", f"--name={name}", "--runs", runs)
    assert result.returncode == 2
    assert complaint(result).startswith("--name takes letters, digits and . _ - +")
    assert not list(runs.iterdir())


@pytest.mark.fault("--name with marks that belong to its letters", "taken, and composed")
@pytest.mark.parametrize("name", ["été", unicodedata.normalize("NFD", "été"), "हिन्दी", "ไทยที่", "مُحَمَّد"])
def test_names_of_every_script_are_taken(name: str, runs: Path) -> None:
    result = call("train", "--dry-run", "--dataset", "digits", "--name", name, "--runs", runs)
    assert result.returncode == 0, result.stderr
    assert unicodedata.normalize("NFC", name) in result.stdout
    assert is_plain_name(name)


@pytest.mark.fault("a folder whose accents are apart, named with composed ones", "the same run goes on")
def test_a_run_goes_on_however_its_accents_are_composed(runs: Path) -> None:
    apart = unicodedata.normalize("NFD", "été")
    path = tiny.make(runs, tiny.config(epochs=3), name=apart)
    longer = tiny.config(epochs=5)
    assert tiny.create_runs(runs, [longer], force=True, name="été") == [path]
    assert [found.name for found in (runs / "digits").iterdir()] == [apart]


@pytest.mark.fault("--out and --to in capital letters", "as in small ones")
def test_endings_in_any_case(runs: Path, tmp_path: Path) -> None:
    run = tiny.make(runs)
    for command, name in (("show", "S.PNG"), ("sample", "s.Svg"), ("sample", "n.NPZ")):
        assert call(command, run, "--count", 2, "--out", tmp_path / name).returncode == 0
        assert (tmp_path / name).read_bytes()
    assert call("interpolate", run, 0, 1, "--out", tmp_path / "w.GIF").returncode == 0
    assert call("export", run, "--out", tmp_path / "w.NPZ").returncode == 0
    (tmp_path / "R.TOML").write_text('[[train]]\ndataset = "digits"\n')
    dry = call("train", "--dry-run", "--recipe", tmp_path / "R.TOML", "--runs", runs)
    assert dry.returncode == 0, dry.stderr
    refused = call("show", run, "--digits", 3, "--out", tmp_path / "s.GIF")
    assert "leave out --digits" in complaint(refused)


@pytest.mark.fault("values that differ in their seventh digit", "shown with the digits in which they differ")
def test_values_in_a_refusal_can_be_distinguished(runs: Path) -> None:
    tiny.make(runs, tiny.config(lr=1e-3), name="mine")
    options = ("--dataset", "digits", "--latent", 2, "--hidden", 16, "--epochs", 3, "--name", "mine")
    result = call("train", *options, "--lr", "0.00100000001", "--runs", runs)
    assert "learning rate 0.001, not 0.00100000001:" in complaint(result)
    ends = call("traverse", runs / "digits" / "mine", "--from", "1000001", "--to", "1000000")
    assert "not 1000001 and 1000000" in complaint(ends)
