"""No bytes in place of an IDX file do anything but load or be refused in a sentence."""

import gzip
import hashlib
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.contract.datasets import idx
from trainer.contract.datasets.idx import IdxFile, Read, UnfitError

LABELS = struct.pack(">2i", 0x801, 40) + bytes(n % 10 for n in range(40))
ROWS = struct.pack(">3i", 0xC02, 5, 2) + struct.pack(">10i", *range(10))
KNOWN = IdxFile("t10k-labels-idx1-ubyte", (0x801, 40), hashlib.md5(LABELS).hexdigest(), "", 10)
UNKNOWN = IdxFile("test-labels-idx2-int", (0xC02, 5, 2), "", "", 10)


@st.composite
def harmed(draw: st.DrawFn, content: bytes) -> bytes:
    """`content`, perhaps gzipped, with some of its bytes exchanged, taken away or repeated."""
    data = bytearray(content)
    packing = draw(st.sampled_from(("before", "after", "never")))
    if packing == "before":
        data = bytearray(gzip.compress(content, mtime=0))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, max(len(data) - 1, 0)))
        stop = start + draw(st.integers(0, 8))
        data[start:stop] = draw(st.binary(max_size=8))
    data = data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data * draw(st.integers(1, 3))
    return gzip.compress(bytes(data), mtime=0) if packing == "after" else bytes(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("idx")


def read_or_refuse(file: IdxFile, folder: Path) -> Read | None:
    """What was read, None where that was refused in a line that names the file."""
    try:
        return idx.read(file, folder, {})
    except UnfitError as error:
        sentence = str(error.problem)
    assert sentence.startswith(str(folder / file.name))
    assert "\n" not in sentence
    return None


@settings(max_examples=200)
@given(stored=st.one_of(harmed(LABELS), st.binary(max_size=100), st.just(gzip.compress(b""))))
def test_what_is_read_with_a_checksum_is_what_was_published(folder: Path, stored: bytes) -> None:
    (folder / KNOWN.name).write_bytes(stored)
    read = read_or_refuse(KNOWN, folder)
    if read is not None:
        assert read.is_verified
        assert read.values.tobytes() == LABELS[8:]


@settings(max_examples=200)
@given(stored=st.one_of(harmed(ROWS), st.binary(max_size=100)))
def test_what_is_read_without_a_checksum_has_the_right_form(folder: Path, stored: bytes) -> None:
    (folder / UNKNOWN.name).write_bytes(stored)
    read = read_or_refuse(UNKNOWN, folder)
    if read is not None:
        assert not read.is_verified
        assert read.values.shape == (5, 2)
        assert 0 <= read.values[:, 0].min() <= read.values[:, 0].max() < 10


def test_zeros_after_the_last_gzip_member_are_padding(folder: Path) -> None:
    (folder / KNOWN.name).write_bytes(gzip.compress(LABELS) + bytes(500))
    assert idx.read(KNOWN, folder, {}).is_verified
