import dataclasses
import json
import os
from pathlib import Path

import pytest

from tests import tiny
from trainer.run import METRICS, append_epoch, keep_epochs, read_epochs
from vaetui.metrics import Tail

CONFIG = tiny.config()


def row(number: int, seconds: float = 0.5) -> bytes:
    epoch = dataclasses.replace(tiny.epoch(CONFIG, number), seconds=seconds)
    return json.dumps(dataclasses.asdict(epoch)).encode() + b"\n"


def numbers(tail: Tail) -> list[int]:
    return [epoch.epoch for epoch in tail.epochs]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / METRICS


def test_rows_are_taken_in_as_they_come(path: Path) -> None:
    tail = Tail(path)
    assert not tail.read()
    append_epoch(path.parent, tiny.epoch(CONFIG, 1))
    assert tail.read()
    assert tail.epochs == (tiny.epoch(CONFIG, 1),)
    append_epoch(path.parent, tiny.epoch(CONFIG, 2))
    append_epoch(path.parent, tiny.epoch(CONFIG, 3))
    assert tail.read()
    assert list(tail.epochs) == read_epochs(path.parent)
    assert not tail.read()


def test_a_line_counts_once_it_is_whole(path: Path) -> None:
    path.write_bytes(row(1) + row(2)[:-9])
    tail = Tail(path)
    tail.read()
    assert numbers(tail) == [1]
    with path.open("ab") as file:
        file.write(row(2)[-9:])
    assert tail.read()
    assert numbers(tail) == [1, 2]
    assert tail.problem == ""


def test_an_epoch_written_again_replaces_its_row(path: Path) -> None:
    path.write_bytes(row(1) + row(2))
    tail = Tail(path)
    tail.read()
    with path.open("ab") as file:
        file.write(row(2, seconds=9) + row(3))
    assert tail.read()
    assert numbers(tail) == [1, 2, 3]
    assert tail.epochs[1].seconds == 9


def test_a_file_that_was_replaced_is_read_afresh(path: Path) -> None:
    path.write_bytes(row(1) + row(2) + row(3))
    tail = Tail(path)
    tail.read()
    keep_epochs(path.parent, 1)  # what a resumed run does
    append_epoch(path.parent, tiny.epoch(CONFIG, 2))
    append_epoch(path.parent, tiny.epoch(CONFIG, 3))
    append_epoch(path.parent, tiny.epoch(CONFIG, 4))  # longer than before: only the inode tells
    keep_epochs(path.parent, 2)
    assert tail.read()
    assert numbers(tail) == [1, 2]


@pytest.mark.parametrize("rows", [(7,), (7, 8, 9)])
def test_a_file_written_over_in_place_is_read_afresh(path: Path, rows: tuple[int, ...]) -> None:
    path.write_bytes(row(1) + row(2))
    tail = Tail(path)
    tail.read()
    with path.open("r+b") as file:
        file.truncate()
        file.write(b"".join(map(row, rows)))
    os.utime(path, ns=(1, 1))
    assert tail.read()
    assert numbers(tail) == list(rows)


def test_a_file_that_went_away_leaves_nothing(path: Path) -> None:
    path.write_bytes(row(1))
    tail = Tail(path)
    tail.read()
    path.unlink()
    assert tail.read()
    assert tail.epochs == ()


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b'{"epoch": 2}', b"\xff\xfe", row(2).replace(b"0.5", b"1e999")]
)
def test_a_damaged_line_is_named_and_left_out(path: Path, line: bytes) -> None:
    path.write_bytes(row(1) + line.strip() + b"\n\n" + row(3))
    tail = Tail(path)
    assert tail.read()
    assert numbers(tail) == [1, 3]
    assert "metrics.jsonl is damaged" in tail.problem
    assert not tail.read()


def test_a_problem_goes_away_with_its_file(path: Path) -> None:
    path.write_bytes(b"nonsense\n")
    tail = Tail(path)
    tail.read()
    assert tail.problem
    path.unlink()
    path.write_bytes(row(1))
    assert tail.read()
    assert tail.problem == ""
    assert numbers(tail) == [1]


def test_what_cannot_be_read_is_a_problem_and_no_crash(path: Path) -> None:
    path.mkdir()
    tail = Tail(path)
    assert tail.read()
    assert "cannot be read" in tail.problem
    assert not tail.read()
    path.rmdir()
    path.write_bytes(row(1))
    assert tail.read()
    assert (tail.problem, numbers(tail)) == ("", [1])
