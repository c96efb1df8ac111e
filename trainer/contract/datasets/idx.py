"""Read IDX files under any spelling of their name, and check their content.

A file is good if its header, length, label range and checksum are right, and if it is not a file of another
data set. Compression is detected by the first bytes: browsers unpack downloads and keep `.gz` in the name.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.contract.files import DamagedFile, MissingFile, Problem, clean, open_regular, read_rest

_GZIP = 16 + zlib.MAX_WBITS  # for zlib: expect a gzip header, and check the checksum at the end
_GZIP_MAGIC = b"\x1f\x8b"
_MEMBERS = 1024  # gzip members of a file, at most: block compressors write one for every 64 KiB
_REPLACE = "delete it and run again, it will be fetched anew"

Values = npt.NDArray[Any]


@dataclass(frozen=True)
class IdxFile:
    """One published file: a `header` of big-endian int32 (magic, count, further dimensions), then the values.

    `md5` is of the content, "" where it is not known; `packed_md5` of the `.gz` as published. `classes` is
    the number of classes where the first value of each row is a label, else 0.
    """

    name: str
    header: tuple[int, ...]
    md5: str
    packed_md5: str
    classes: int = 0

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the values, from the second byte of the magic number."""
        return np.dtype({0x08: ">u1", 0x0C: ">i4"}[self.header[0] >> 8])

    @property
    def size(self) -> int:
        """The length of the content in bytes."""
        return 4 * len(self.header) + self.dtype.itemsize * math.prod(self.header[1:])


@dataclass(frozen=True, eq=False)
class Read:
    """The values of a good file, in the shape of its header.

    `is_verified`: its checksum is known and right. `passed_over`: errors of skipped files of that name.
    """

    path: Path
    values: Values
    is_verified: bool
    passed_over: tuple[str, ...]


class UnfitError(Exception):
    """A file is damaged, unreadable or, with `is_foreign`, one of another data set.

    The message names the cause, `problem` the remedy too.
    """

    def __init__(self, cause: str, problem: Problem, *, is_foreign: bool = False) -> None:
        super().__init__(cause)
        self.problem, self.is_foreign = problem, is_foreign


def candidates(file: IdxFile, folder: Path) -> list[Path]:
    """Return all files in `folder` with a spelling of the name of `file`, the preferred first.

    Spelt with dashes or dots, with `.gz` or without, or inside a folder of that name, as archives unpack. An
    unpacked file is read faster, but where only the MD5 of the `.gz` is known, the `.gz` is preferred.
    """
    raw = (file.name, file.name.replace("-idx", ".idx"))
    packed = tuple(f"{name}.gz" for name in raw)
    names = (*raw, *packed) if file.md5 else (*packed, *raw)
    spellings = ((folder / name / name, folder / name) for name in names)
    existing = (next(filter(os.path.lexists, paths), None) for paths in spellings)
    return [path for path in existing if path is not None]


def read(file: IdxFile, folder: Path, foreign: Mapping[str, str]) -> Read:
    """Read the first good candidate for `file` in `folder`.

    `foreign` names the files of other data sets by the MD5 of their content. Raises `UnfitError` for the
    first one where none is good, `FileNotFoundError` where there is none.
    """
    unfit: list[UnfitError] = []
    for path in candidates(file, folder):
        try:
            values, is_verified = _read(path, file, foreign)
        except UnfitError as error:
            unfit.append(error)
        else:
            return Read(path, values, is_verified, tuple(str(error) for error in unfit))
    if unfit:
        raise unfit[0]
    raise FileNotFoundError(folder / file.name)


def _read(path: Path, file: IdxFile, foreign: Mapping[str, str]) -> tuple[Values, bool]:
    """Read the values of `path`, and whether a checksum confirmed them. Raises `UnfitError`."""
    stored = _stored(path, file.size)
    is_packed = stored.startswith(_GZIP_MAGIC)
    content = b"".join(_unpacked(path, stored, file.size)) if is_packed else stored
    start = 4 * len(file.header)
    header = tuple(word for (word,) in struct.iter_unpack(">i", content[: min(start, len(content) & ~3)]))
    if header != file.header:
        raise _damaged(path, f"its IDX header (magic, count, sides) is {header}, expected {file.header}")
    if len(content) != file.size:
        raise _damaged(path, f"it holds {len(content)} bytes of data, expected {file.size}")
    values = np.frombuffer(content, file.dtype, offset=start).reshape(file.header[1:])
    if file.classes:
        labels = values.reshape(len(values), -1)[:, 0]
        for label in (int(labels.min()), int(labels.max())):
            if not 0 <= label < file.classes:
                expected = f"expected 0 to {file.classes - 1}"
                raise _damaged(path, f"it says that an image is of class {label}, {expected}")
    if is_packed and _md5(stored) == file.packed_md5:
        return values, True
    checksum = _md5(content)
    if checksum in foreign and checksum != file.md5:
        cause = f"{clean(str(path))} is not what its name says: it is {foreign[checksum]}"
        remedy = "move it to where it belongs and run again, the right one will be fetched"
        raise UnfitError(cause, Problem(f"{cause}: {remedy}"), is_foreign=True)
    if file.md5 and checksum != file.md5:
        raise _damaged(path, f"its checksum is {checksum}, expected {file.md5}")
    return values, bool(file.md5)


def _stored(path: Path, size: int) -> bytes:
    """Read a file whose content is `size` bytes, packed or not, and refuse a much longer one."""
    limit = size + size // 1000 + 1024
    try:
        with open_regular(path) as file:
            length = os.fstat(file.fileno()).st_size
            if length <= limit:
                return bytes(read_rest(path, file, limit))
    except MissingFile:
        cause = f"{clean(str(path))} cannot be read: what it links to does not exist"
        raise UnfitError(cause, Problem(f"{cause}: {_REPLACE}")) from None
    except Problem as problem:
        is_unreadable = os.access(path, os.F_OK) and not os.access(path, os.R_OK)
        remedy = "make it readable, or name another folder with --data" if is_unreadable else _REPLACE
        raise UnfitError(str(problem), Problem(f"{problem}: {remedy}")) from None
    raise _damaged(path, f"it is {length} bytes long, expected at most {limit}")


def _unpacked(path: Path, packed: bytes, size: int) -> Iterator[bytes]:
    """Yield the content of every gzip member, in all at most one byte more than `size`."""
    room = size + 1
    for _ in range(_MEMBERS):
        unpacking = zlib.decompressobj(_GZIP)
        try:
            content = unpacking.decompress(packed, room)  # in one call, so that other threads can run
        except zlib.error as error:
            raise _damaged(path, f"it cannot be decompressed ({error})") from None
        room -= len(content)
        if not room:
            raise _damaged(path, f"it decompresses to more than the expected {size} bytes")
        if not unpacking.eof:
            raise _damaged(path, "it cannot be decompressed (its end is missing)")
        yield content
        packed = unpacking.unused_data.lstrip(b"\0")  # gzip itself pads with zeros
        if not packed:
            return
    raise _damaged(path, f"it cannot be decompressed (more than {_MEMBERS} gzip members)")


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _damaged(path: Path, cause: str) -> UnfitError:
    return UnfitError(str(DamagedFile(path, cause)), DamagedFile(path, f"{cause}: {_REPLACE}"))
