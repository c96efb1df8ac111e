"""Benchmarks refuse wrong arguments in one sentence and before they measure."""

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import arguments
from trainer.contract.files import Problem


@pytest.mark.parametrize("text", ["0", "-5", "1.5", "many", ""])
def test_a_count_is_above_zero(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not an integer above 0"):
        arguments.count(text)
    assert arguments.count("12") == 12


@pytest.mark.parametrize("text", ["0", "-1", "nan", "long"])
def test_minutes_are_above_zero(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not a number above 0"):
        arguments.minutes(text)
    assert (arguments.minutes("0.5"), arguments.minutes("inf")) == (0.5, float("inf"))


def test_the_folder_of_an_output_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="does not exist"):
        arguments.new_file(str(tmp_path / "none" / "page.md"))
    assert arguments.new_file(str(tmp_path / "page.md")) == tmp_path / "page.md"


def missing() -> int:
    raise Problem("the images are not there")


@pytest.mark.parametrize(
    ("main", "code"), [(lambda: None, None), (lambda: 1, 1), (missing, "the images are not there")]
)
def test_the_exit_code_is_that_of_main_or_a_problem_s_sentence(
    main: Callable[[], int | None], code: object
) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments.run(main)
    assert ended.value.code == code


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("train_speed --data {0} --images 0", "'0' is not an integer above 0"),
        ("train_speed --data {0} --batch-size -1", "'-1' is not an integer above 0"),
        ("train_speed --data {0} --json {0}/none/rows.json", "none' does not exist"),
        ("train_speed --data {0}", "does not exist"),
        ("shapes --data {0} --rounds 0", "'0' is not an integer above 0"),
        ("layouts --data {0}", "does not exist"),
        ("reproduce --data {0}", "does not exist"),
        ("gpu --rehearse --data {0} --minutes nan", "'nan' is not a number above 0"),
        ("gpu --rehearse --data {0} --out {0}/none/page.md", "none' does not exist"),
        ("openmp often", "unrecognized arguments: often"),
    ],
)
def test_benchmarks_refuse_wrong_arguments(
    tmp_path: Path,
    command: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name, *given = command.format(tmp_path).split()
    module = importlib.import_module("benchmarks.gpu.__main__" if name == "gpu" else f"benchmarks.{name}")
    monkeypatch.setattr(sys, "argv", [name, *given])
    with pytest.raises(SystemExit) as ended:
        arguments.run(module.main)
    printed = capsys.readouterr().err + (ended.value.code if isinstance(ended.value.code, str) else "")
    assert ended.value.code not in (None, 0)
    assert words in printed.splitlines()[-1]
