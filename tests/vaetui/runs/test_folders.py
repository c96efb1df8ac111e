"""Where runs lie: what cannot be looked at does not hide the rest, and the folder that is meant is named."""

from pathlib import Path

import pytest

from tests import tiny
from tests.vaetui.cli.shell import call, complaint
from trainer.contract.config import CONFIG
from trainer.contract.files import Problem
from vaetui.commands import runs_folder
from vaetui.doctor.folders import section
from vaetui.runs.folders import check_runs_folder, checked_runs_folder, list_runs
from vaetui.runs.lookup import find_run
from vaetui.runs.run_index import RunIndex

TOO_LONG = ["x" * 300, "x/" * 2500]


def test_a_link_to_itself_is_a_problem_of_its_own(run: Path) -> None:
    loop, runs = run.parent / "loop", run.parents[1]
    loop.symlink_to("loop")
    (runs / "outer").symlink_to("outer")
    library = RunIndex(runs)
    assert [found.path for found in library.runs] == [run]
    message = "cannot be read: Too many levels of symbolic links"
    assert library.problems == ((loop, f"{loop} {message}"), (runs / "outer", f"{runs / 'outer'} {message}"))
    assert find_run(runs, run.name).path == run
    assert list_runs(runs) == [run]
    loop.unlink()
    assert library.poll()
    assert len(library.problems) == 1


def test_what_only_runs_hold_makes_a_folder_one(run: Path) -> None:
    (run / CONFIG).unlink()
    assert RunIndex(run.parents[1]).problems == ((run, f"{run / CONFIG} does not exist"),)


def test_a_folder_that_is_fit_is_opened(run: Path, tmp_path: Path) -> None:
    for folder in (run.parents[1], tmp_path / "none", tmp_path):
        assert checked_runs_folder(folder) == folder


def test_one_level_too_deep_names_the_folder_that_is_meant(run: Path) -> None:
    for folder, what in ((run, "a run"), (run.parent, "the folder of one data set")):
        with pytest.raises(Problem, match=f"{folder} is {what}: .* --runs {run.parents[1]}$"):
            check_runs_folder(folder)
    copy = tiny.make(run.parents[1], name="inner/copy")
    check_runs_folder(run.parent)  # there is a run at the right depth
    assert [found.path for found in RunIndex(run.parent).runs] == [copy]


@pytest.mark.parametrize(
    "words",
    [
        ("ls",),
        ("ls", "--json"),
        ("show", "x"),
        ("compare",),
        ("watch",),
        ("stop", "x"),
        ("evaluate", "x"),
        ("report", "--out", "none"),
        ("train", "--dataset", "digits", "--dry-run"),
        ("explore",),
    ],
    ids="-".join,
)
def test_every_command_names_a_folder_that_cannot_hold_runs(run: Path, words: tuple[str, ...]) -> None:
    for folder in (*TOO_LONG, run / CONFIG, run / CONFIG / "x", run, run.parent):
        result = call(*words, "--runs", folder)
        assert result.returncode == 1
        assert "--runs" in complaint(result)


def test_doctor_looks_at_the_rest_too(run: Path) -> None:
    for folder in (*map(Path, TOO_LONG), run / CONFIG, run):
        findings = section(run, folder).findings
        (trouble,) = [found for found in findings if found.standing == "broken" and "--runs" in found.mend]
        assert "too long" in trouble.found or str(run) in trouble.found
        assert findings[-1].about == "disk"


@pytest.mark.parametrize("length", [4000, 4090])
def test_a_run_below_a_folder_of_almost_the_greatest_length_is_refused(tmp_path: Path, length: int) -> None:
    folder = tmp_path
    while len(str(folder)) < length - 200:
        folder /= "x" * 100
    folder /= "x" * (length - len(str(folder)) - 1)
    words = ("--runs", folder, "--dataset", "digits", "--name", "n" * 100)
    result = call("train", *words)
    assert result.returncode == 1
    assert "File name too long" in complaint(result)
    assert not folder.exists()


def test_a_folder_to_be_made_whose_name_is_too_long_is_refused(runs: Path) -> None:
    result = call("train", "--runs", runs / "new" / ("日" * 110), "--dataset", "digits")
    assert (result.returncode, list(runs.iterdir())) == (1, [])
    assert "File name too long" in complaint(result)


def test_runs_folder_prefers_option_then_variable_then_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("VAETUI_RUNS", "~/mine")
    assert runs_folder(Path("asked")) == Path("asked")
    assert runs_folder(None) == Path("~/mine").expanduser()
    monkeypatch.setenv("VAETUI_RUNS", "")
    assert runs_folder(None).name == "runs"
    assert "vaetui" in runs_folder(None).parts
    (tmp_path / "checkpoints").mkdir()
    assert runs_folder(None) == Path("checkpoints")
