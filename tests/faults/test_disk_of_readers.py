"""The disk fills up or breaks while `vaetui evaluate`, `export` or `report` writes."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests import tiny
from tests.faults.forks import Forks
from tests.faults.injection import failing
from tests.faults.outcome import check_said, queued
from tests.trainer.small import config
from trainer.contract.evaluation import EVALUATION, read_evaluation
from trainer.contract.files import Problem
from vaetui.cli import export
from vaetui.report import write
from vaetui.report.data import ReportData
from vaetui.report.document import Document, ReportFigure, Text

ERRORS = {errno.ENOSPC: True, errno.EIO: False, errno.EROFS: True}  # and whether they last


@pytest.mark.fault(
    "each operation on the files of `vaetui evaluate` fails in turn: the disk full, broken or read-only",
    "one sentence; the figures are the old or the new ones; evaluating again works",
)
def test_evaluate(forks: Forks, quick: Path) -> None:
    (run,) = queued(quick, [config(2, epochs=1)])
    assert forks.call("train", run).code == 0
    old = (run / EVALUATION).read_bytes()
    assert forks.call("judge", run).code == 0
    new = (run / EVALUATION).read_bytes()
    assert old != new
    for error, lasting in ERRORS.items():
        number = 0
        while True:
            number += 1
            (run / EVALUATION).write_bytes(old)
            ended = forks.call("judge", run, root=quick, error=error, at=number, lasting=lasting)
            check_said(ended.said, [run])
            assert (run / EVALUATION).read_bytes() in (old, new)
            if len(ended.operations) < number:
                assert ended.code == 0
                break
            events = [json.loads(line) for line in ended.said.splitlines()]
            if ended.code:
                assert [fact["event"] for fact in events].count("problem") == 1, ended.said
        assert number > 2
    assert forks.call("judge", run).code == 0
    assert read_evaluation(run).weights


Write = Callable[[], object]


def broken_at_every_operation(folder: Path, write_old: Write, write_new: Write) -> int:
    """Let `write_new` meet every fault in turn; what it leaves is all old or all new. How many there were."""

    def files() -> list[bytes]:
        return [path.read_bytes() for path in sorted(folder.rglob("[!.]*.*"))]

    write_new()
    new = files()
    write_old()
    old, met = files(), 0
    assert len(old) == len(new)
    for error, lasting in ERRORS.items():
        number, seen = 1, ["any"]
        while number <= len(seen):
            write_old()
            with failing(folder, error, number, lasting=lasting) as injector:
                sentence = refusal(write_new)
            seen = injector.seen
            assert "Errno" not in sentence
            if error != errno.EROFS:
                assert not list(folder.rglob(".*"))
            if not sentence:
                assert files() == new, (seen, error)
            elif seen.count("replace") < 2:  # only a rename that fails after another could mix them
                assert files() in (old, new), (seen, error)
            number, met = number + 1, met + bool(sentence)
    return met


def refusal(act: Write) -> str:
    """Why it cannot be done, "" where it was."""
    try:
        act()
    except Problem as problem:
        return str(problem)
    return ""


@pytest.mark.fault(
    "each operation on the files of `vaetui export` fails in turn: the disk full, broken or read-only",
    "one sentence; encoder and decoder are both the old ones or both the new ones",
)
def test_export(runs: Path, tmp_path: Path) -> None:
    run, folder = str(tiny.make(runs)), tmp_path / "out"
    folder.mkdir()

    def write_old() -> None:
        for name in ("model-encoder.onnx", "model-decoder.onnx"):
            (folder / name).write_bytes(b"old")

    def write_new() -> None:
        export.export(run, None, to="onnx", out=folder / "model.onnx")

    assert broken_at_every_operation(folder, write_old, write_new) > 15


@pytest.mark.fault(
    "each operation on the files of `vaetui report` fails in turn: the disk full, broken or read-only",
    "one sentence; the report that was there before is whole, with its own figures",
)
def test_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    material = ReportData("a title", "", (), (), False, ())

    def write_report(text: str) -> None:
        picture = ReportFigure("one.png", text.encode(), "a caption", "an image")
        document = Document("a title", (Text(text), picture))
        monkeypatch.setattr(write, "compose", lambda *_: document)
        write.write(material, tmp_path / "out", lambda _: None)

    old, new = (partial(write_report, text) for text in ("old", "new"))
    old()
    assert broken_at_every_operation(tmp_path / "out", old, new) > 20
