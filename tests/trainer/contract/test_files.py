"""What is written is whole; what is read is checked."""

import errno
import json
import os
import random
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from trainer.contract.files import (
    DamagedFile,
    Problem,
    append_bytes,
    clean,
    load_json,
    overwrite,
    sweep,
    write_bytes,
    write_files,
)
from trainer.contract.tensors import HEADER_CHECKSUM, Array, read_metadata, read_tensors, write_tensors

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


def test_the_same_content_makes_the_same_bytes(tmp_path: Path) -> None:
    metadata = {"epoch": "3", "step": "0", "seconds": "1.5", "adam_step": "12"}
    write_tensors(tmp_path / "one", ARRAYS, metadata)
    write_tensors(tmp_path / "other", dict(reversed(ARRAYS.items())), dict(reversed(metadata.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert safetensors.numpy.load_file(tmp_path / "one").keys() == ARRAYS.keys()


def test_metadata_is_read_without_the_arrays(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", ARRAYS, {"epoch": "3"})
    (tmp_path / "t").write_bytes(flip((tmp_path / "t").read_bytes()))
    assert read_metadata(tmp_path / "t")["epoch"] == "3"


def test_a_file_without_a_checksum_of_its_header_is_read(tmp_path: Path) -> None:
    """As older versions wrote it."""
    arrays = {name: np.asarray(array, order="C") for name, array in ARRAYS.items()}
    write_tensors(tmp_path / "t", arrays)
    metadata = {"epoch": "3", "crc32": read_metadata(tmp_path / "t")["crc32"]}
    (tmp_path / "t").write_bytes(safetensors.numpy.save(arrays, metadata=metadata))
    assert read_tensors(tmp_path / "t").metadata == read_metadata(tmp_path / "t") == metadata


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


def whole_metadata(path: Path) -> dict[str, str]:
    return read_tensors(path).metadata


def test_a_flipped_bit_of_a_header_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    metadata = {"epoch": "3", "step": "17", "seconds": "1.5", "adam_step": "437", "tally_images": "1258"}
    small: dict[str, Array] = {"weight/mean": np.ones((2, 3), np.float32), "tally/kl": np.ones(3)}
    path = tmp_path / "state.safetensors"
    write_tensors(path, small, metadata)
    whole = path.read_bytes()
    wanted = read_tensors(path).metadata
    accepted = 0
    bits = 8 * (8 + struct.unpack("<Q", whole[:8])[0])
    for bit in random.Random(0).sample(range(bits), 1500):  # of some 4 500
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        for read in (whole_metadata, read_metadata):
            try:
                found = read(path)
            except DamagedFile:
                continue
            accepted += 1
            assert {key: found.get(key) for key in metadata} == {key: wanted[key] for key in metadata}, bit
    assert accepted <= 8 * 2 * len(HEADER_CHECKSUM)  # only the name of the checksum itself


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


def test_files_are_replaced_together_or_not_at_all(tmp_path: Path) -> None:
    write_files([(tmp_path / name, b"old") for name in "ab"])
    with pytest.raises(FileNotFoundError):
        write_files([(tmp_path / name, b"new") for name in ("a", "b", "gone/c")])
    assert {(tmp_path / name).read_bytes() for name in "ab"} == {b"old"}
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_bytes_are_appended_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write, room = tmp_path / "rows", os.write, 9

    def short(descriptor: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(descriptor, data[:room])
        room -= written
        return written

    append_bytes(path, b"one\n")
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", short)
        with pytest.raises(OSError, match="No space"):
            append_bytes(path, b"a long row\n")
    append_bytes(path, b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_file_is_written_over_in_place(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a longer text")
    inode = (tmp_path / "f").stat().st_ino
    overwrite(tmp_path / "f", b"short")
    assert ((tmp_path / "f").read_bytes(), (tmp_path / "f").stat().st_ino) == (b"short", inode)


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


@pytest.mark.parametrize(
    "write",
    [
        lambda path: append_bytes(path, b"x"),
        lambda path: overwrite(path, b"x"),
        lambda path: write_bytes(path.with_name("file"), b"x"),
    ],
    ids=["append", "overwrite", "replace"],
)
@pytest.mark.parametrize("kind", ["link", "FIFO"])
def test_nothing_is_written_through_what_a_stranger_put_there(
    tmp_path: Path, write: Callable[[Path], None], kind: str
) -> None:
    victim, path = tmp_path / "victim", tmp_path / f".file.{os.getpid()}.tmp"
    victim.write_bytes(b"mine")
    if kind == "link":
        path.symlink_to(victim)
    else:
        os.mkfifo(path)
    with pytest.raises(OSError, match=r"symbolic links|No such device|not a regular file"):
        write(path)
    assert victim.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}".encode("utf-8-sig"), "it begins with a UTF-8 byte order mark, expected UTF-8 without one"),
        ("{}".encode("utf-16"), "it begins with a UTF-16 byte order mark, expected UTF-8 without one"),
        ("{}".encode("utf-32"), "it begins with a UTF-32 byte order mark, expected UTF-8 without one"),
        (b'{"name": "\xe9"}', "it is not UTF-8 text (byte 10)"),
    ],
)
def test_another_encoding_is_named(text: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        load_json(text)
