"""Atomic writing, and bounded, checked reading of files.

Input is untrusted: only regular files are opened, sizes are bounded before anything is allocated, and control
characters are removed from text.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

MAX_JSON_BYTES = 4 << 20
_CHUNK = 1 << 16
# For writing: never block, and never follow a link out of an untrusted folder.
_OWN = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW


class Problem(Exception):
    """An error that the user can fix: one sentence that names the cause and the remedy."""


class DamagedFile(Problem):
    """A file of a run directory is not as the trainer wrote it."""

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(f"{clean(str(path))} is damaged: {clean(cause)}")


def clean(text: str, limit: int = 500) -> str:
    """Return `text` without control characters, so that a file's content cannot control a terminal."""
    kept = "".join(c if c.isprintable() else " " for c in text[:limit])
    return " ".join(kept.split())


# --- reading ---

_BYTE_ORDER_MARKS = {  # UTF-32 first: its mark begins with that of UTF-16
    "UTF-8": (codecs.BOM_UTF8,),
    "UTF-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "UTF-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}
_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a directory",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class MissingFile(Problem):
    """A file does not exist."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{clean(str(path))} does not exist")


def open_regular(path: Path) -> BufferedReader:
    """Open `path` for reading, only if it is a regular file: opening a FIFO or a device may block or act.

    Raises `MissingFile`, or `Problem` where it is something else or cannot be opened.
    """
    try:
        _check_regular(path, path.stat())
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            _check_regular(path, os.fstat(descriptor))  # it may have been replaced in between
        except Problem:
            os.close(descriptor)
            raise
    except FileNotFoundError:
        raise MissingFile(path) from None
    except OSError as error:
        raise Problem(f"{clean(str(path))} cannot be read: {error.strerror}") from None
    return os.fdopen(descriptor, "rb")


def _check_regular(path: Path, status: os.stat_result) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        what = _KINDS.get(kind, "something else")
        raise Problem(f"{clean(str(path))} cannot be read: it is {what}, not a regular file")


def read_bounded(path: Path, limit: int) -> bytes:
    """Read the regular file `path`; memory follows its size.

    Raises `MissingFile`, or `Problem` where it cannot be read or is longer than `limit`.
    """
    with open_regular(path) as file:
        return bytes(read_rest(path, file, limit))


def read_rest(path: Path, file: BufferedReader, limit: int) -> bytearray:
    """Read an open `file` from its position to its end; memory follows its size.

    Raises `DamagedFile` where there are more than `limit` bytes, before reading them if its size says so, and
    `Problem` where it cannot be read.
    """
    allowed = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
    too_large = DamagedFile(path, f"it is larger than {allowed}")
    try:
        expected = os.fstat(file.fileno()).st_size - file.tell()
        if expected > limit:
            raise too_large
        data = bytearray(max(expected, 0))
        del data[file.readinto(data) :]
        while len(data) <= limit and (grown := file.read(_CHUNK)):
            data += grown
    except OSError as error:
        raise Problem(f"{clean(str(path))} cannot be read: {error.strerror}") from None
    except MemoryError:
        raise Problem(f"{clean(str(path))} cannot be read: there is not enough memory for it") from None
    if len(data) > limit:
        raise too_large
    return data


def decode(text: bytes | bytearray) -> str:
    """Return `text`, which must be UTF-8, as a string. Raises `ValueError`, a short sentence."""
    for name, marks in _BYTE_ORDER_MARKS.items():
        if text.startswith(marks):
            raise ValueError(f"it begins with a {name} byte order mark, expected UTF-8 without one")
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 text (byte {error.start})") from None


def load_json(text: bytes | bytearray) -> Any:
    """Return the JSON value in `text`. Raises `ValueError`, a short sentence."""
    try:
        return json.loads(decode(text), parse_constant=_reject_constant, parse_int=_parse_int)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _reject_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _parse_int(digits: str) -> int:
    if len(digits) > 1000:  # Python reads up to 4300, slowly
        raise ValueError(f"it has a number of {len(digits)} digits")
    return int(digits)


# --- writing ---


def write_json(path: Path, value: Mapping[str, Any], *, durable: bool) -> None:
    """Replace `path` with `value` as JSON. Raises `ValueError` for numbers that are not finite."""
    write_bytes(path, json_bytes(value), durable=durable)


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """Return `value` as the text of a JSON file. Raises `ValueError` for numbers that are not finite."""
    return (json.dumps(value, allow_nan=False, ensure_ascii=False, indent=1) + "\n").encode()


def write_bytes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace `path` so that a reader, or a crash at any moment, finds the old bytes or the new ones."""
    write_files([(path, data)], durable=durable)


def write_files(files: Iterable[tuple[Path, bytes]], *, durable: bool = True) -> None:
    """Replace files together: all of them are on the disk before the first is renamed.

    Where one cannot be written none is replaced. They are renamed in their order, so a crash leaves the new
    bytes in the first ones. Raises `OSError`.
    """
    ready: list[tuple[Path, Path]] = []
    try:
        for path, data in files:
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            ready.append((temporary, path))
            with _opened(temporary, os.O_CREAT | os.O_TRUNC | _OWN) as descriptor:
                _write_all(descriptor, data)
                if durable:
                    os.fsync(descriptor)
        for temporary, path in ready:
            temporary.replace(path)
    except BaseException:
        for temporary, _ in ready:
            with contextlib.suppress(OSError):  # report the first error
                temporary.unlink(missing_ok=True)
        raise
    if durable:
        for folder in dict.fromkeys(path.parent for _, path in ready):
            sync(folder)


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """Open `path` and yield its descriptor, which is closed afterwards."""
    descriptor = os.open(path, flags, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`: one call may write a part of it, and the next one raises the cause."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def open_to_append(path: Path) -> int:
    """Open a regular file for appending, created where there is none; return the descriptor.

    Raises `OSError`, also for a FIFO or a device in its place, which could block for ever, and for a link.
    """
    descriptor = os.open(path, os.O_APPEND | os.O_CREAT | _OWN, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return descriptor


def append_bytes(path: Path, data: bytes) -> None:
    """Append all of `data` to `path`, or nothing. Raises `OSError`."""
    descriptor = open_to_append(path)
    try:
        size = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, data)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def overwrite(path: Path, data: bytes) -> None:
    """Write `data` over a small file in place, which needs no further room on the disk. Raises `OSError`."""
    with _opened(path, _OWN) as descriptor:
        _write_all(descriptor, data)
        os.ftruncate(descriptor, len(data))


def sync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to the disk."""
    with _opened(path, os.O_RDONLY) as descriptor:
        os.fsync(descriptor)


def sweep(run: Path) -> None:
    """Remove temporary files that a killed writer left behind; call only while holding the lock."""
    for leftover in run.glob(".*.tmp"):
        with contextlib.suppress(OSError):  # a leftover does no harm
            leftover.unlink()
