"""`python -m benchmarks.gpu`: failing parts are rows, hanging ones are killed, late ones are left out."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import benchmarks.gpu.__main__ as command
from benchmarks.gpu import kernels, outcomes, parts, speed
from benchmarks.gpu.parts import RESULTS, Deadline, Part, Section, run_parts

FAKE_PART = "tests.benchmarks.fake_part"


def text_of(results: Path) -> Section:
    return Section(results.read_text())


def part(title: str, *behaviour: str, limit: float = 30) -> Part:
    return Part(title, [FAKE_PART, RESULTS, *behaviour], limit, text_of)


def test_a_failing_part_is_a_row_with_its_cause_and_the_others_run(tmp_path: Path) -> None:
    found = list(run_parts([part("one", "fails"), part("two")], Deadline(60), tmp_path))
    assert [(one.title, one.result, one.failed) for one in found] == [
        ("one", "RuntimeError: CUDA error: out of luck", True),
        ("two", "passed", False),
    ]
    assert [one.text for one in found] == ["found", "found"]


def test_a_hanging_part_is_killed_and_its_results_are_shown(tmp_path: Path) -> None:
    found = list(run_parts([part("one", "hangs", limit=3), part("two")], Deadline(60), tmp_path))
    assert [(one.result, one.text, one.failed) for one in found] == [
        ("not finished in 3 s", "found", True),
        ("passed", "found", False),
    ]
    assert found[0].seconds < 20


def test_unreadable_results_are_a_fault(tmp_path: Path) -> None:
    def broken(_: Path) -> Section:
        raise KeyError("rows")

    (found,) = run_parts([Part("one", [FAKE_PART, RESULTS], 30, broken)], Deadline(60), tmp_path)
    assert (found.result, found.failed) == ("KeyError: 'rows'", True)


def test_a_part_without_time_is_left_out(tmp_path: Path) -> None:
    (found,) = run_parts([part("one")], Deadline(parts.MINIMUM_SECONDS / 2), tmp_path)
    assert (found.result, found.failed, found.text) == ("left out: no time", False, "")


@pytest.mark.parametrize(("behaviour", "code"), [((), 0), (("fails",), 1)])
def test_the_page_and_the_exit_code(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    behaviour: tuple[str, ...],
    code: int,
) -> None:
    monkeypatch.setattr(command, "parts", lambda *_: [part("one", *behaviour)])
    monkeypatch.setattr(sys, "argv", ["gpu", "--data", ".", "--rehearse", "--out", str(tmp_path / "page.md")])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert command.main() == code
    page = (tmp_path / "page.md").read_text()
    assert page in capsys.readouterr().out
    assert "no GPU has run this" in page
    assert "### one\n\nfound" in page


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_without_a_gpu_it_prints_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gpu", "--data", "."])
    assert command.main() == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "--rehearse" in output.err
    assert len(output.err.splitlines()) == 1


def test_the_limits_of_the_parts_add_up_to_ten_minutes() -> None:
    assert sum(one.limit for one in command.parts(Path(), rehearse=False)) <= 600


# --- tests, test by test ------------------------------------------------------------------------------

TESTS = """
import pytest

def test_good(record_property):
    record_property("difference", 0.5)

def test_bad():
    assert 1 == 2, "one is not two"

def test_absent():
    pytest.skip("there is no such thing here")
"""


@pytest.mark.parametrize(("skips_are_faults", "faults"), [(False, "1 of 3 tests"), (True, "2 of 3 tests")])
def test_every_test_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skips_are_faults: bool, faults: str
) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    results = tmp_path / "results.json"
    given = ["outcomes", str(results), "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)]
    found = parts._call([sys.executable, "-m", "benchmarks.gpu.outcomes", *given[1:]], 60, tmp_path / "log")
    assert found[1] == 0, found[0]
    shown = outcomes.show(skips_are_faults)(results)
    assert shown.faults == (faults,)
    good, bad, absent = shown.text.splitlines()[2:]
    assert good.startswith("| `test_good` | passed |")
    assert good.endswith("| difference: 0.5 |")
    assert "**failed**: AssertionError: one is not two" in bad
    assert "skipped: there is no such thing here" in absent


# --- speed --------------------------------------------------------------------------------------------


def rows(one: float, grid: float) -> list[dict[str, Any]]:
    return [{"loop": "(a)"}, {"loop": "(c) ours", "total s": one}, {"loop": "(d) grid", "total s": grid}]


@pytest.mark.parametrize(
    ("batch_size", "one", "grid", "verdicts", "missed"),
    [
        (128, 4.9, 7.0, ["aim reached"] * 3, 0),
        (128, 9.0, 14.0, ["reached", "reached", "reached"], 0),
        (128, 4.9, 16.0, ["aim reached", "**missed**", "**missed**"], 2),
        (1024, 1.6, 2.0, ["**missed**", "aim reached", "aim reached"], 1),
    ],
)
def test_requirements_have_a_verdict(
    batch_size: int, one: float, grid: float, verdicts: list[str], missed: int
) -> None:
    text, faults = speed.check(rows(one, grid), batch_size)
    assert [line.split(" | ")[-1].removesuffix(" |") for line in text.splitlines()[2:]] == verdicts
    assert len(faults) == missed


# --- the profile --------------------------------------------------------------------------------------


def test_a_visit_is_profiled(tmp_path: Path) -> None:
    found = kernels.measure([(2, 1.0)], torch.device("cpu"), steps=1, repeats=1)
    assert {"aten::bmm", "aten::baddbmm"} <= {kernel["name"] for kernel in found["kernels"]}
    times = [kernel["microseconds"] for kernel in found["kernels"]]
    assert times == sorted(times, reverse=True)
    results = tmp_path / "results.json"
    for device, faults in (("cpu", 0), ("cuda", 1)):  # a graph that is none is a fault on a GPU only
        results.write_text(json.dumps({"device": device, "ensembles": {"one": found}}))
        shown = kernels.show(results)
        assert len(shown.faults) == faults
        assert "`aten::bmm`" in shown.text
