import dataclasses
import json
import os
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from trainer.contract.metrics import METRICS, append_epochs, keep_epochs, read_epochs
from vaetui.runs import metrics_reader
from vaetui.runs.metrics_reader import MetricsReader

CONFIG = tiny.config()


def row(number: int, seconds: float = 0.5) -> bytes:
    epoch = dataclasses.replace(tiny.epoch(CONFIG, number), seconds=seconds)
    return json.dumps(dataclasses.asdict(epoch)).encode() + b"\n"


def numbers(tail: MetricsReader) -> list[int]:
    return [epoch.epoch for epoch in tail.epochs]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / METRICS


def test_rows_are_taken_in_as_they_come(path: Path) -> None:
    tail = MetricsReader(path)
    assert not tail.read()
    append_epochs(path.parent, [tiny.epoch(CONFIG, 1)])
    assert tail.read()
    assert tail.epochs == (tiny.epoch(CONFIG, 1),)
    append_epochs(path.parent, [tiny.epoch(CONFIG, 2)])
    append_epochs(path.parent, [tiny.epoch(CONFIG, 3)])
    assert tail.read()
    assert list(tail.epochs) == read_epochs(path.parent)
    assert not tail.read()


def test_a_line_counts_once_it_is_whole(path: Path) -> None:
    path.write_bytes(row(1) + row(2)[:-9])
    tail = MetricsReader(path)
    tail.read()
    assert numbers(tail) == [1]
    with path.open("ab") as file:
        file.write(row(2)[-9:])
    assert tail.read()
    assert numbers(tail) == [1, 2]
    assert tail.problem == ""


def test_an_epoch_written_again_replaces_its_row(path: Path) -> None:
    path.write_bytes(row(1) + row(2))
    tail = MetricsReader(path)
    tail.read()
    with path.open("ab") as file:
        file.write(row(2, seconds=9) + row(3))
    assert tail.read()
    assert numbers(tail) == [1, 2, 3]
    assert tail.epochs[1].seconds == 9


def test_a_file_that_was_replaced_is_read_afresh(path: Path) -> None:
    path.write_bytes(row(1) + row(2) + row(3))
    tail = MetricsReader(path)
    tail.read()
    keep_epochs(path.parent, 1)  # what a resumed run does
    append_epochs(path.parent, [tiny.epoch(CONFIG, 2)])
    append_epochs(path.parent, [tiny.epoch(CONFIG, 3)])
    append_epochs(path.parent, [tiny.epoch(CONFIG, 4)])  # longer than before: only the inode tells
    keep_epochs(path.parent, 2)
    assert tail.read()
    assert numbers(tail) == [1, 2]


@pytest.mark.parametrize("rows", [(7,), (7, 8, 9)])
def test_a_file_written_over_in_place_is_read_afresh(path: Path, rows: tuple[int, ...]) -> None:
    path.write_bytes(row(1) + row(2))
    tail = MetricsReader(path)
    tail.read()
    with path.open("r+b") as file:
        file.truncate()
        file.write(b"".join(map(row, rows)))
    os.utime(path, ns=(1, 1))
    assert tail.read()
    assert numbers(tail) == list(rows)


def test_a_file_that_went_away_leaves_nothing(path: Path) -> None:
    path.write_bytes(row(1))
    tail = MetricsReader(path)
    tail.read()
    path.unlink()
    assert tail.read()
    assert tail.epochs == ()


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b'{"epoch": 2}', b"\xff\xfe", row(2).replace(b"0.5", b"1e999")]
)
def test_a_damaged_line_is_named_and_left_out(path: Path, line: bytes) -> None:
    path.write_bytes(row(1) + line.strip() + b"\n\n" + row(3))
    tail = MetricsReader(path)
    assert tail.read()
    assert numbers(tail) == [1, 3]
    assert "metrics.jsonl is damaged" in tail.problem
    assert not tail.read()


def test_a_problem_goes_away_with_its_file(path: Path) -> None:
    path.write_bytes(b"nonsense\n")
    tail = MetricsReader(path)
    tail.read()
    assert tail.problem
    path.unlink()
    path.write_bytes(row(1))
    assert tail.read()
    assert tail.problem == ""
    assert numbers(tail) == [1]


def test_what_cannot_be_read_is_a_problem_and_no_crash(path: Path) -> None:
    path.mkdir()
    tail = MetricsReader(path)
    assert tail.read()
    assert "cannot be read" in tail.problem
    assert not tail.read()
    path.rmdir()
    path.write_bytes(row(1))
    assert tail.read()
    assert (tail.problem, numbers(tail)) == ("", [1])


def test_of_a_long_file_the_end_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_reader, "MOST_BYTES", 4 * len(row(1000)) + 20)
    path.write_bytes(b"".join(row(1000 + number) for number in range(40)))
    tail = MetricsReader(path)
    assert tail.read()
    assert numbers(tail) == [1036, 1037, 1038, 1039]
    assert "holds 0 MiB: only its last 0 MiB are read" in tail.problem
    with path.open("ab") as file:
        file.write(row(1040))
    assert tail.read()
    assert numbers(tail) == [1036, 1037, 1038, 1039, 1040]
    with path.open("ab") as file:
        file.write(b"x" * (metrics_reader.MOST_BYTES + 1))
    assert tail.read()
    assert numbers(tail) == []
    path.write_bytes(row(1))
    assert tail.read()
    assert (numbers(tail), tail.problem) == ([1], "")


@pytest.mark.parametrize("line_length", [500, 200 << 20])
def test_a_file_of_200_mb_is_read_from_its_end(path: Path, line_length: int) -> None:
    with path.open("wb") as file:
        file.write(row(1))
        file.truncate(200 << 20)  # NULs, which take no room on the disk
        file.seek(0, 2)
        file.write((b"\n" if line_length == 500 else b"") + row(2))
    tail = MetricsReader(path)
    tracemalloc.start()
    try:
        tail.read()
        assert tracemalloc.get_traced_memory()[1] < 5 * metrics_reader.MOST_BYTES
    finally:
        tracemalloc.stop()
    assert numbers(tail) == ([2] if line_length == 500 else [])
    assert "only its last 8 MiB are read" in tail.problem


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 10**400}, "epoch is 1000"),
        ({"epoch": 0}, "epoch is 0, expected 1 to"),
        ({"kl_per_dim": []}, "epoch 2: kl_per_dim has 0 values, the model 2 dimensions"),
        ({"kl_per_dim": [1.0] * 3}, "epoch 2: kl_per_dim has 3 values, the model 2 dimensions"),
        ({"kl_per_dim": [1e300, 1.0]}, r"kl_per_dim\[0\] is 1e\+300, expected"),
        ({"active_units": 3}, "epoch 2: active_units is 3, the model has 2 dimensions"),
        ({"active_units": -1}, "active_units is -1, expected 0 to"),
        ({"seconds": -1.0}, "seconds is -1.0, expected 0 to"),
        ({"train": {"distortion": 1e300, "rate": 0, "elbo": 0, "mse": 0}}, "train.distortion is 1e"),
    ],
)
def test_a_row_that_cannot_be_of_this_run_is_damage(
    path: Path, changes: dict[str, Any], message: str
) -> None:
    bad = json.dumps(json.loads(row(2)) | changes).encode() + b"\n"
    path.write_bytes(row(1) + bad + row(3))
    tail = MetricsReader(path, CONFIG.model)
    tail.read()
    assert numbers(tail) == [1, 3]
    assert re.search(f"metrics.jsonl is damaged: {message}", tail.problem)
