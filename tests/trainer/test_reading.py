"""What is opened: regular files alone, as large as they may be; tensors held against their header first."""

import contextlib
import json
import os
import socket
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainer.contract.files import DamagedFile, Problem, load_json, read_bounded
from trainer.contract.tensors import Array, read_metadata, read_tensors, write_tensors

ARRAYS: dict[str, Array] = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.zeros((0, 2), np.uint8),
}


def make_irregular(path: Path, kind: str) -> None:
    """Something at `path` that is no regular file."""
    match kind:
        case "FIFO":
            os.mkfifo(path)
        case "socket":
            with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as server:
                server.bind(path.name)
        case "directory":
            path.mkdir()
        case "device":
            path.symlink_to("/dev/zero")
        case _:
            path.symlink_to(path.name)


@pytest.mark.parametrize("kind", ["FIFO", "socket", "directory", "device", "loop"])
def test_only_regular_files_are_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    make_irregular(path, kind)
    what = "Too many levels of symbolic links" if kind == "loop" else f"it is a {kind}, not a regular file"
    for read in (lambda: read_bounded(path, 100), lambda: read_tensors(path), lambda: read_metadata(path)):
        with pytest.raises(Problem, match=f"file cannot be read: {what}"):
            read()


def test_what_takes_a_files_place_at_the_last_moment_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "good").write_bytes(b"good")
    os.mkfifo(tmp_path / "bad")
    regular = (tmp_path / "good").stat()
    monkeypatch.setattr(Path, "stat", lambda *_, **__: regular)
    with pytest.raises(Problem, match="it is a FIFO"):
        read_bounded(tmp_path / "bad", 100)


def test_a_file_may_be_as_large_as_its_bound_and_no_larger(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1024)
    assert read_bounded(path, 1024) == b"x" * 1024
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(DamagedFile, match="larger than 1 KiB"):
        read_bounded(path, 1024)


def test_a_file_that_grows_while_it_is_read_is_read_up_to_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 2000)
    seen = os.stat_result((*path.stat()[:6], 100, *path.stat()[7:]))
    monkeypatch.setattr(os, "fstat", lambda _: seen)
    assert len(read_bounded(path, 4096)) == 2000
    with pytest.raises(DamagedFile, match="larger than 1 KiB"):
        read_bounded(path, 1024)


def test_memory_follows_the_size_of_a_file(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", ARRAYS)
    tracemalloc.start()
    try:
        read_tensors(tmp_path / "t")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_what_does_not_fit_into_memory_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    (tmp_path / "file").write_bytes(b"x")
    monkeypatch.setattr("trainer.contract.files.bytearray", refuse, raising=False)
    with pytest.raises(Problem, match="not enough memory"):
        read_bounded(tmp_path / "file", 100)


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"[" * 100_000, "nested too deeply"), (b"1" * 100_000, "100000 digits"), (b"NaN", "NaN is not")],
)
def test_json_that_cannot_be_read_is_a_short_sentence(text: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_json(text)
    assert len(str(caught.value)) < 80


def sparse(path: Path, header: bytes, size: int) -> None:
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(size)


def test_tensors_that_are_too_large_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, size = tmp_path / "t", 2_000 << 20
    bytes_ = size - 1024
    facts = {"dtype": "U8", "shape": [bytes_], "data_offsets": [0, bytes_]}
    monkeypatch.setattr("trainer.contract.tensors.read_rest", None)
    sparse(path, json.dumps({"a": facts}).encode(), size)
    with pytest.raises(DamagedFile, match="expected at most"):
        read_tensors(path, limit=1 << 20)
    with pytest.raises(DamagedFile, match="expected at most"):
        read_tensors(path, {"a": (2, 3)})
    sparse(path, json.dumps({"a": facts}).encode(), 1 << 20)
    with pytest.raises(DamagedFile, match=r"a is \(\d+,\), the configuration says \(2, 3\)"):
        read_tensors(path, {"a": (2, 3)})


@pytest.mark.parametrize(
    "facts",
    [
        7,
        {},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 7]},
        {"dtype": "F33", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [0, -8]},
        {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [10**30, 0], "data_offsets": [0, 0]},
        {"dtype": "F32", "shape": [1] * 99, "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
    ],
)
def test_a_header_says_what_can_be(tmp_path: Path, facts: Any) -> None:
    sparse(tmp_path / "t", json.dumps({"a": facts}).encode(), 1000)
    with pytest.raises(DamagedFile, match=r"its header does not say what 'a' is|leave gaps"):
        read_tensors(tmp_path / "t")
