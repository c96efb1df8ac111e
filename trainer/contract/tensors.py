"""Arrays in safetensors files, written with checksums and checked against them and their header when read."""

from __future__ import annotations

import json
import math
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from trainer.contract.files import (
    DamagedFile,
    Problem,
    clean,
    load_json,
    open_regular,
    read_rest,
    write_bytes,
)

MAX_HEADER_BYTES = 1 << 20
MAX_TENSOR_BYTES = 2 << 30
HEADER_CHECKSUM = "header_crc32"

Array = npt.NDArray[Any]

# The types that a file may hold, by their names in a safetensors header.
_TYPES: Mapping[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}
_MARGIN = 8 << 20  # bytes that a file may have besides the arrays whose shapes are known


@dataclass(frozen=True)
class Tensors:
    """The arrays of one safetensors file and its text metadata.

    `is_rounded`: some of them were stored in half precision.
    """

    arrays: dict[str, Array]
    metadata: dict[str, str]
    is_rounded: bool = False


def _checksum(arrays: Mapping[str, Array]) -> str:
    value = 0
    for name in sorted(arrays):
        value = zlib.crc32(arrays[name].data, zlib.crc32(name.encode(), value))
    return f"{value:08x}"


def _header_checksum(header: Mapping[str, Any]) -> str:
    """Return the CRC-32 of a header: names, types, shapes, offsets and metadata without this checksum."""
    metadata = {k: v for k, v in header.get("__metadata__", {}).items() if k != HEADER_CHECKSUM}
    text = json.dumps({**header, "__metadata__": metadata}, sort_keys=True, separators=(",", ":"))
    return f"{zlib.crc32(text.encode()):08x}"


def write_tensors(path: Path, arrays: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> None:
    """Replace `path` with the `tensor_bytes` of `arrays` and `metadata`. Raises `OSError`."""
    write_bytes(path, tensor_bytes(arrays, metadata))


def tensor_bytes(arrays: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> bytes:
    """Return the bytes of a safetensors file, always the same for the same content.

    Two checksums are in its metadata: `crc32` of the arrays, and one of the whole header, `crc32` included.
    """
    solid = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    data = safetensors.numpy.save(solid)
    (size,) = struct.unpack("<Q", data[:8])
    # The library writes metadata in a random order, so it is added here, sorted.
    text = dict(sorted({**(metadata or {}), "crc32": _checksum(solid)}.items()))
    header = {"__metadata__": text, **json.loads(data[8 : 8 + size])}
    text[HEADER_CHECKSUM] = _header_checksum(header)
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)  # so that the arrays are aligned
    return b"".join((struct.pack("<Q", len(encoded)), encoded, memoryview(data)[8 + size :]))


def read_tensors(
    path: Path, shapes: Mapping[str, tuple[int, ...]] | None = None, limit: int | None = None
) -> Tensors:
    """Read a safetensors file into memory, checked: header, checksum, finiteness and, where given, `shapes`.

    The header is compared with the file's size and `shapes` before the rest is read. The file may be `limit`
    bytes long, else what `shapes` need as fp32 and some more, else 2 GiB. The bytes are read, not mapped: a
    mapped file that is cut short in place kills its reader. Half floats become fp32. Raises `Problem` where
    the file is missing, `DamagedFile` where it does not match its header.
    """
    if limit is None and shapes is not None:
        limit = 4 * sum(map(math.prod, shapes.values())) + _MARGIN
    limit = min(limit or MAX_TENSOR_BYTES, MAX_TENSOR_BYTES)
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise DamagedFile(path, f"it holds {size:,} bytes, expected at most {limit:,}")
        entries, metadata = _read_header(path, file)
        stored = {entry.name: entry.shape for entry in entries}
        for name, shape in (shapes or {}).items():
            if stored.get(name) != shape:
                actual = stored.get(name, "missing")
                raise DamagedFile(path, f"{name} is {actual}, the configuration says {shape}")
        needed = sum(entry.size for entry in entries)
        data = read_rest(path, file, needed)
    if len(data) != needed:
        raise DamagedFile(path, f"it holds {len(data):,} bytes of data, its header says {needed:,}")
    arrays = {entry.name: entry.array(data) for entry in entries}
    if metadata.get("crc32", "") != _checksum(arrays):
        raise DamagedFile(path, "its checksum does not match its content")
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise DamagedFile(path, f"{name} holds numbers that are not finite")
    halves = {name: array for name, array in arrays.items() if array.dtype == np.float16}
    arrays |= {name: array.astype(np.float32) for name, array in halves.items()}
    return Tensors(arrays, metadata, is_rounded=bool(halves))


@dataclass(frozen=True)
class _Entry:
    """The place of an array in the data of a file."""

    name: str
    type: np.dtype[Any]
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        return math.prod(self.shape) * self.type.itemsize

    def array(self, data: bytearray) -> Array:
        """Return the array, which shares the memory of `data`."""
        return np.frombuffer(data, self.type, math.prod(self.shape), self.start).reshape(self.shape)


def read_metadata(path: Path) -> dict[str, str]:
    """Read the text metadata of a safetensors file; only its header is read and checked.

    Raises `Problem` where it is missing, `DamagedFile` where its header is wrong.
    """
    with open_regular(path) as file:
        return _read_header(path, file)[1]


def _read_header(path: Path, file: BufferedReader) -> tuple[list[_Entry], dict[str, str]]:
    """Return the arrays that the header of an open safetensors file describes, and its metadata."""
    try:
        length = file.read(8)
        size = struct.unpack("<Q", length)[0] if len(length) == 8 else MAX_HEADER_BYTES + 1
        text = file.read(size) if size <= MAX_HEADER_BYTES else b""
    except OSError as error:
        raise Problem(f"{clean(str(path))} cannot be read: {error.strerror}") from None
    if len(text) < size:
        raise DamagedFile(path, "its header is cut short or too large")
    try:
        return _parse_header(load_json(text))
    except ValueError as error:
        raise DamagedFile(path, str(error)) from None


def _parse_header(header: Any) -> tuple[list[_Entry], dict[str, str]]:
    metadata = header.get("__metadata__", {}) if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("its header is no table of arrays")
    if metadata.get(HEADER_CHECKSUM) not in (None, _header_checksum(header)):  # older versions wrote none
        raise ValueError("its checksum does not match its header")
    entries = [_entry(name, facts) for name, facts in header.items() if name != "__metadata__"]
    entries.sort(key=lambda entry: (entry.start, entry.size))
    ends = [entry.start + entry.size for entry in entries]
    if [entry.start for entry in entries] != [0, *ends][: len(entries)]:
        raise ValueError("its arrays overlap, or leave gaps")
    return entries, {clean(key): clean(text) for key, text in metadata.items()}


def _entry(name: str, facts: Any) -> _Entry:
    try:
        kind, shape, (start, end) = _TYPES[facts["dtype"]], facts["shape"], facts["data_offsets"]
        numbers = (*shape, start, end)
        is_sound = all(type(n) is int and 0 <= n <= MAX_TENSOR_BYTES for n in numbers) and len(shape) <= 8
        entry = _Entry(clean(name, 200), kind, tuple(shape), start)
    except (KeyError, TypeError, ValueError):
        is_sound = False
    if not is_sound or entry.size != end - start:
        raise ValueError(f"its header does not say what {clean(name, 80)!r} is")
    return entry
