"""Files that survive: whole replacement on writing, bounds and checks on reading.

What is read may come from a stranger: sizes are bounded before anything is allocated, JSON is held against
dataclasses, tensors against their checksum, and text loses its control characters.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

MAX_JSON_BYTES = 4 << 20
MAX_HEADER_BYTES = 1 << 20
MAX_TENSOR_BYTES = 2 << 30
HEADER_CHECKSUM = "header_crc32"

Array = npt.NDArray[Any]


class Problem(Exception):
    """Something that a person can mend: one sentence that names the cause and the mend."""


class DamagedFile(Problem):
    """A file of a run directory that cannot be what the trainer wrote."""

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(f"{clean(str(path))} is damaged: {clean(cause)}")


def clean(text: str, limit: int = 500) -> str:
    """`text` without control characters, so that a file's content cannot steer a terminal."""
    kept = "".join(c if c.isprintable() else " " for c in text[:limit])
    return " ".join(kept.split())


# --- JSON ---


class _Misfit(Exception):
    """What is wrong with a value, and where it stands in the file, such as `model.hidden[1]`."""

    def __init__(self, cause: str, place: str = "") -> None:
        super().__init__()
        self.cause, self.place = cause, place

    def inside(self, outer: str) -> _Misfit:
        """The same, seen from one level further out."""
        dot = "." if self.place and not self.place.startswith("[") else ""
        return _Misfit(self.cause, f"{outer}{dot}{self.place}")


Reader = Callable[[Any], Any]


@cache
def _reader(kind: Any) -> Reader:
    """What takes a value from JSON and gives it as `kind`, or raises `_Misfit`; found once for each type."""
    origin, args = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _object_reader(kind)
    if origin is UnionType:
        inner = _reader(next(a for a in args if a is not NoneType))
        return lambda raw: None if raw is None else inner(raw)
    if origin is tuple:
        return _list_reader(args[0])
    if origin is dict:
        return _mapping_reader(args[1])
    wanted = " or ".join(map(repr, args)) if origin is Literal else getattr(kind, "__name__", str(kind))
    if origin is Literal:
        return lambda raw: raw if raw in args else _refuse(raw, wanted)
    if kind is float:
        return _read_float
    if kind is str:
        return lambda raw: clean(raw) if type(raw) is str else _refuse(raw, wanted)
    return lambda raw: raw if type(raw) is kind else _refuse(raw, wanted)  # int or bool


def _refuse(raw: Any, wanted: str) -> NoReturn:
    raise _Misfit(f"is {clean(repr(raw), 80)}, expected {wanted}")


def _read_float(raw: Any) -> float:
    if type(raw) is not float and type(raw) is not int:
        _refuse(raw, "float")
    if not math.isfinite(raw):  # JSON has no infinity, but 1e999 is read as one
        raise _Misfit("is not a finite number")
    return float(raw)


def _object_reader(kind: type[Any]) -> Reader:
    """Unknown keys are passed over; a missing one has its default, if it has any."""
    hints = get_type_hints(kind)
    readers = [(field, field.name, _reader(hints[field.name])) for field in dataclasses.fields(kind)]

    def read(raw: Any) -> Any:
        if not isinstance(raw, dict):
            raise _Misfit("is not an object")
        values: dict[str, Any] = {}
        for field, name, reader in readers:
            if name in raw:
                try:
                    values[name] = reader(raw[name])
                except _Misfit as misfit:
                    raise misfit.inside(name) from None
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                raise _Misfit("is missing", name)
        return kind(**values)

    return read


def _list_reader(kind: Any) -> Reader:
    reader = _reader(kind)

    def read(raw: Any) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            _refuse(raw, "tuple")
        if kind is float and set(map(type, raw)) <= {float} and math.isfinite(sum(raw)):
            return tuple(raw)  # a row of figures for each dimension: the bulk of metrics.jsonl
        values = []
        for place, item in enumerate(raw):
            try:
                values.append(reader(item))
            except _Misfit as misfit:
                raise misfit.inside(f"[{place}]") from None
        return tuple(values)

    return read


def _mapping_reader(kind: Any) -> Reader:
    reader = _reader(kind)

    def read(raw: Any) -> dict[str, Any]:
        if not isinstance(raw, dict):
            _refuse(raw, "dict")
        values = {}
        for key, item in raw.items():
            try:
                values[clean(key)] = reader(item)
            except _Misfit as misfit:
                raise misfit.inside(clean(key)) from None
        return values

    return read


def build(kind: Any, raw: Any) -> Any:
    """`raw` (from JSON) as the type `kind`, ignoring unknown keys. Raises `ValueError` naming the place."""
    try:
        return _reader(kind)(raw)
    except _Misfit as misfit:
        raise ValueError(f"{misfit.place or 'the file'} {misfit.cause}") from None


def _reject_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def parse(kind: type[Any], text: bytes | str, path: Path) -> Any:
    """`text` as the dataclass `kind`. Raises `DamagedFile`."""
    try:
        return build(kind, json.loads(text, parse_constant=_reject_constant))
    except (ValueError, RecursionError, OverflowError) as error:
        raise DamagedFile(path, str(error)) from None


def read_bounded(path: Path, limit: int) -> bytes:
    """The bytes of `path`. Raises `Problem` where it is missing, unreadable or longer than `limit`."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise Problem(f"{clean(str(path))} does not exist") from None
    except OSError as error:
        raise Problem(f"{clean(str(path))} cannot be read: {error.strerror}") from None
    if len(data) > limit:
        raise DamagedFile(path, f"it is larger than {limit >> 20} MiB")
    return data


def write_json(path: Path, value: Mapping[str, Any], *, durable: bool) -> None:
    """Replace `path` with `value` as JSON. Raises `ValueError` for numbers that are not finite."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, indent=1) + "\n"
    write_bytes(path, text.encode(), durable=durable)


def write_bytes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace `path` so that a reader, or a crash at any moment, finds the old bytes or the new ones."""
    write_files([(path, data)], durable=durable)


def write_files(files: Iterable[tuple[Path, bytes]], *, durable: bool = True) -> None:
    """Replace files of one folder together: all of them are on the disk before the first is renamed.

    Where one cannot be written none is replaced. They are renamed in their order, so a crash leaves the new
    bytes in the first ones. Raises `OSError`.
    """
    ready: list[tuple[Path, Path]] = []
    try:
        for path, data in files:
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            ready.append((temporary, path))
            _write_new(temporary, data, durable=durable)
        for temporary, path in ready:
            temporary.replace(path)
    except BaseException:
        for temporary, _ in ready:
            with contextlib.suppress(OSError):  # the first error is the one to tell
                temporary.unlink(missing_ok=True)
        raise
    if durable and ready:
        _sync_folder(ready[0][1].parent)


def _write_new(path: Path, data: bytes, *, durable: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        _write_all(descriptor, data)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`: one call may write a part of it, and the next one says why."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def append_bytes(path: Path, data: bytes) -> None:
    """Append all of `data` to `path`, or nothing. Raises `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
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
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        _write_all(descriptor, data)
        os.ftruncate(descriptor, len(data))
    finally:
        os.close(descriptor)


def sync(path: Path) -> None:
    """Have the content of `path` on the disk before anything that is written from now on."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(run: Path) -> None:
    """Remove temporary files that a killed writer left behind; call only while holding the lock."""
    for leftover in run.glob(".*.tmp"):
        leftover.unlink(missing_ok=True)


# --- tensors ---


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
        value = zlib.crc32(arrays[name].tobytes(), zlib.crc32(name.encode(), value))
    return f"{value:08x}"


def _header_checksum(header: Mapping[str, Any]) -> str:
    """Of all that a header says: names, types, shapes, places and metadata but for this checksum."""
    metadata = {k: v for k, v in header.get("__metadata__", {}).items() if k != HEADER_CHECKSUM}
    text = json.dumps({**header, "__metadata__": metadata}, sort_keys=True, separators=(",", ":"))
    return f"{zlib.crc32(text.encode()):08x}"


def write_tensors(path: Path, arrays: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> None:
    """Replace `path` with a safetensors file of `arrays` and `metadata`, as `tensor_bytes` makes it."""
    write_bytes(path, tensor_bytes(arrays, metadata))


def tensor_bytes(arrays: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a safetensors file, always the same for the same content.

    Two checksums are in its metadata: `crc32` of the arrays, and one of the whole header, `crc32` included.
    """
    solid = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    data = safetensors.numpy.save(solid)
    (size,) = struct.unpack("<Q", data[:8])
    # The library writes metadata in an order of its own, another one each time, so it is put in here.
    text = dict(sorted({**(metadata or {}), "crc32": _checksum(solid)}.items()))
    header = {"__metadata__": text, **json.loads(data[8 : 8 + size])}
    text[HEADER_CHECKSUM] = _header_checksum(header)
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)  # so that the arrays are aligned
    return b"".join((struct.pack("<Q", len(encoded)), encoded, memoryview(data)[8 + size :]))


def read_tensors(path: Path, shapes: Mapping[str, tuple[int, ...]] | None = None) -> Tensors:
    """Read a safetensors file into memory, checked: header, checksum, finiteness and, where given, `shapes`.

    The bytes are read, not mapped: a mapped file that is cut short in place kills its reader. Half floats
    come back as fp32. Raises `Problem` where it is missing, `DamagedFile` where it is not what it claims.
    """
    data = read_bounded(path, MAX_TENSOR_BYTES)
    if len(data) < 8 or struct.unpack("<Q", data[:8])[0] > min(MAX_HEADER_BYTES, len(data) - 8):
        raise DamagedFile(path, "its header is cut short or too large")
    (size,) = struct.unpack("<Q", data[:8])
    try:
        header = json.loads(data[8 : 8 + size])
        arrays: dict[str, Array] = safetensors.numpy.load(data)
        metadata = {str(k): clean(str(v)) for k, v in header.get("__metadata__", {}).items()}
    except (safetensors.SafetensorError, ValueError, AttributeError, KeyError, RecursionError) as error:
        raise DamagedFile(path, str(error)) from None
    if metadata.get("crc32", "") != _checksum(arrays):
        raise DamagedFile(path, "its checksum does not match its content")
    _check_header(path, header)
    if shapes is not None:
        _check_shapes(path, arrays, shapes)
    halves = [name for name, array in arrays.items() if array.dtype == np.float16]
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise DamagedFile(path, f"{clean(name)} holds numbers that are not finite")
        if name in halves:
            arrays[name] = array.astype(np.float32)
    return Tensors(arrays, metadata, is_rounded=bool(halves))


def _check_header(path: Path, header: Mapping[str, Any]) -> None:
    """Files of older versions have no checksum of their header."""
    if header.get("__metadata__", {}).get(HEADER_CHECKSUM) not in (None, _header_checksum(header)):
        raise DamagedFile(path, "its checksum does not match its header")


def read_metadata(path: Path) -> dict[str, str]:
    """The text metadata of a safetensors file, without its arrays: the header is checked, they are not.

    Raises `Problem` where it is missing, `DamagedFile` where it is not what it claims.
    """
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header: Any = json.loads(file.read(size)) if size <= MAX_HEADER_BYTES else None
        metadata = {str(k): clean(str(v)) for k, v in header["__metadata__"].items()}
        _check_header(path, header)
    except FileNotFoundError:
        raise Problem(f"{clean(str(path))} does not exist") from None
    except OSError as error:
        raise Problem(f"{clean(str(path))} cannot be read: {error.strerror}") from None
    except (struct.error, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise DamagedFile(path, "its header cannot be read") from None
    return metadata


def _check_shapes(path: Path, arrays: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        found = arrays[name].shape if name in arrays else "missing"
        if found != shape:
            raise DamagedFile(path, f"{name} is {found}, the configuration says {shape}")
