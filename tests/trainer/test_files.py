"""What is written is whole; what is read is checked."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from trainer.files import Array, DamagedFile, Problem, clean, read_tensors, sweep, write_bytes, write_tensors

ARRAYS: dict[str, Array] = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array([1, 2], dtype=np.uint8),
    "scalar": np.array(0.1),
    "turned": np.arange(6, dtype=np.int32).reshape(2, 3).T,
}


def test_tensors_come_back_as_they_were(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", ARRAYS, {"epoch": "3"})
    read = read_tensors(tmp_path / "t", {"a": (2, 3)})
    assert read.metadata["epoch"] == "3"
    for name, array in ARRAYS.items():
        assert read.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(read.arrays[name], array, strict=True)


def test_half_floats_are_widened_and_doubles_stay(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", {"half": np.ones(2, np.float16), "double": np.ones(2)})
    arrays = read_tensors(tmp_path / "t").arrays
    assert arrays["half"].dtype == np.float32
    assert arrays["double"].dtype == np.float64


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:4],
        lambda data: data[: len(data) // 2],
        flip,
        lambda data: struct.pack("<Q", 1 << 40) + data[8:],
        lambda data: struct.pack("<Q", 2 << 20) + b" " * (3 << 20),
        lambda data: data[:8] + b"x" + data[9:],
        lambda data: safetensors.numpy.save(ARRAYS),  # no checksum
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "model.safetensors"
    write_tensors(path, ARRAYS)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedFile, match=r"model\.safetensors is damaged: ."):
        read_tensors(path)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", {"weight": np.array([1, np.nan], np.float32)})
    with pytest.raises(DamagedFile, match="weight holds numbers that are not finite"):
        read_tensors(tmp_path / "t")


@pytest.mark.parametrize("shapes", [{"a": (3, 2)}, {"c": (1,)}])
def test_shapes_are_held_against_the_configuration(
    tmp_path: Path, shapes: dict[str, tuple[int, ...]]
) -> None:
    write_tensors(tmp_path / "t", ARRAYS)
    with pytest.raises(DamagedFile, match="the configuration says"):
        read_tensors(tmp_path / "t", shapes)


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="does not exist"):
        read_tensors(tmp_path / "t")


def test_writing_replaces_whole_files_and_leaves_no_litter(tmp_path: Path) -> None:
    write_bytes(tmp_path / "f", b"old")
    with (tmp_path / "f").open("rb") as reader:
        write_bytes(tmp_path / "f", b"new")
        assert reader.read() == b"old"
    assert (tmp_path / "f").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["f"]
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value


def test_leftovers_of_a_killed_writer_are_swept(tmp_path: Path) -> None:
    (tmp_path / ".model.safetensors.123.tmp").write_bytes(b"half")
    (tmp_path / "config.json").write_text("{}")
    sweep(tmp_path)
    assert os.listdir(tmp_path) == ["config.json"]


def test_text_from_files_cannot_steer_a_terminal() -> None:
    assert clean("a\x1b[31mred\x1b]0;title\x07\nb\u202e") == "a [31mred ]0;title b"
    assert len(clean("x" * 10_000)) == 500


def test_metadata_is_cleaned(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", ARRAYS, {"epoch": "\x1b[2J"})
    assert read_tensors(tmp_path / "t").metadata["epoch"] == "[2J"
    assert json.dumps(read_tensors(tmp_path / "t").metadata).isascii()
