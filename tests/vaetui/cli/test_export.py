"""Weights in files for other programs."""

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests import tiny
from tests.vaetui.cli.shell import call, complaint


def test_npz_is_one_file_and_onnx_two(run: Path, tmp_path: Path) -> None:
    result = call("export", run, "--out", tmp_path / "a.npz")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", f"wrote {tmp_path / 'a.npz'}\n")
    with np.load(tmp_path / "a.npz") as found:
        np.testing.assert_array_equal(found["mean.weight"], tiny.weights(tiny.config())["mean.weight"])
    result = call("export", run, "--out", tmp_path / "a.onnx")
    files = [tmp_path / f"a-{part}.onnx" for part in ("encoder", "decoder")]
    assert result.stderr == "".join(f"wrote {file}\n" for file in files)
    assert [onnx.load(file).graph.input[0].name for file in files] == ["images", "z"]
    assert not (tmp_path / "a.onnx").exists()


@pytest.mark.parametrize(
    ("out", "code", "words"),
    [
        ("a.pt", 2, "has no known file type: end it in .onnx or .npz"),
        ("none/a.npz", 1, "make its folder first"),
        ("none/a.onnx", 1, "make its folder first"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(
    run: Path, tmp_path: Path, out: str, code: int, words: str
) -> None:
    result = call("export", run, "--out", tmp_path / out)
    assert words in complaint(result)
    assert result.returncode == code


def test_a_missing_package_and_a_missing_file_name_are_one_sentence(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = call("export", run)
    assert "no file type" in complaint(result)
    assert result.returncode == 2
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "onnx.checker", raising=False)
    result = call("export", run, "--out", tmp_path / "a.onnx")
    assert complaint(result) == "an .onnx file takes the package onnx: pip install 'vaetui[onnx]'"
    assert result.returncode == 1


def test_the_kind_alone_writes_here_under_the_runs_name(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("export", run, "--to", "npz")
    assert (result.returncode, result.stderr) == (0, f"wrote {run.name}.npz\n")
    assert (tmp_path / f"{run.name}.npz").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "no file type: give --to onnx or --to npz, or --out FILE"),
        (("--to", "pt"), "--to takes onnx or npz, not 'pt'"),
        (("--to", "npz", "--out", "a.onnx"), "--to npz does not go with --out 'a.onnx'"),
    ],
)
def test_what_to_write_has_to_be_said_once(run: Path, words: tuple[str, ...], sentence: str) -> None:
    result = call("export", run, *words)
    assert (result.returncode, complaint(result)) == (2, sentence)
