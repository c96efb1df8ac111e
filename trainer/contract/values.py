"""Convert values from JSON to dataclasses: every number bounded, every text without control characters.

Input is untrusted. A field's bounds are in its type, as `Annotated[int, Between(0, 9)]`; a number without
bounds of its own has those of int64 or of finite floats.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from trainer.contract.files import DamagedFile, clean, load_json


@dataclass(frozen=True)
class Between:
    """The bounds of a number."""

    low: float
    high: float


# The bounds of a number without bounds of its own.
_ANY_INT = Between(-(1 << 63), (1 << 63) - 1)
_ANY_FLOAT = Between(-sys.float_info.max, sys.float_info.max)


class _Misfit(Exception):
    """What is wrong with a value, and its place in the file, such as `model.hidden[1]`."""

    def __init__(self, cause: str, place: str = "") -> None:
        super().__init__()
        self.cause, self.place = cause, place

    def inside(self, outer: str) -> _Misfit:
        """Return the same error with its place inside `outer`."""
        dot = "." if self.place and not self.place.startswith("[") else ""
        return _Misfit(self.cause, f"{outer}{dot}{self.place}")


Reader = Callable[[Any], Any]
T = TypeVar("T")


@cache
def _reader(kind: Any) -> Reader:
    """Return a function that converts a value from JSON to `kind` or raises `_Misfit`; one for each type."""
    origin, args = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _object_reader(kind)
    if origin is Annotated:
        return _number_reader(args[0], next(a for a in args[1:] if isinstance(a, Between)))
    if origin in (UnionType, Union):  # the second is what `Annotated[…] | None` comes to
        inner = _reader(next(a for a in args if a is not NoneType))
        return lambda raw: None if raw is None else inner(raw)
    if origin is tuple:
        return _list_reader(args[0])
    if origin is dict:
        return _mapping_reader(args[1])
    wanted = " or ".join(map(repr, args)) if origin is Literal else getattr(kind, "__name__", str(kind))
    if origin is Literal:
        return lambda raw: raw if raw in args else _refuse(raw, wanted)
    if kind in (int, float):
        return _number_reader(kind, _ANY_INT if kind is int else _ANY_FLOAT)
    if kind is str:
        return lambda raw: clean(raw) if type(raw) is str else _refuse(raw, wanted)
    return lambda raw: raw if type(raw) is kind else _refuse(raw, wanted)  # bool


def _refuse(raw: Any, wanted: str) -> NoReturn:
    raise _Misfit(f"is {clean(repr(raw), 80)}, expected {wanted}")


def _number_reader(kind: type[Any], between: Between) -> Reader:
    low, high = between.low, between.high

    def read(raw: Any) -> Any:
        if type(raw) is not kind and not (kind is float and type(raw) is int):
            _refuse(raw, kind.__name__)
        if not low <= raw <= high:  # JSON has no infinity, but 1e999 is read as one
            _refuse(raw, f"{low:g} to {high:g}")
        return kind(raw)

    return read


def _object_reader(kind: type[Any]) -> Reader:
    """Return a reader of objects; unknown keys are ignored, missing ones have their default, if any."""
    hints = get_type_hints(kind, include_extras=True)
    readers = [(field, field.name, _reader(hints[field.name])) for field in dataclasses.fields(kind)]

    def read(raw: Any) -> Any:
        if not isinstance(raw, dict):
            raise _Misfit("is not an object")
        values: dict[str, Any] = {}
        for field, name, reader in readers:
            if name in raw:
                values[name] = _read_part(raw[name], name, reader)
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                raise _Misfit("is missing", name)
        return kind(**values)

    return read


def _read_part(raw: Any, place: str, reader: Reader) -> Any:
    """Return `reader(raw)`; what does not fit is reported with its place inside `place`."""
    try:
        return reader(raw)
    except _Misfit as misfit:
        raise misfit.inside(place) from None


def _list_reader(kind: Any) -> Reader:
    reader = _reader(kind)

    def read(raw: Any) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            _refuse(raw, "tuple")
        if raw and set(map(type, raw)) == {float}:
            # Figures of each dimension are the bulk of metrics.jsonl: checking the extremes is fast.
            with suppress(_Misfit):  # the line below names the place
                reader(min(raw)), reader(max(raw))
                return tuple(raw)
        return tuple(_read_part(item, f"[{i}]", reader) for i, item in enumerate(raw))

    return read


def _mapping_reader(kind: Any) -> Reader:
    reader = _reader(kind)

    def read(raw: Any) -> dict[str, Any]:
        if not isinstance(raw, dict):
            _refuse(raw, "dict")
        return {clean(key): _read_part(item, clean(key), reader) for key, item in raw.items()}

    return read


def build(kind: Any, raw: Any) -> Any:
    """Convert `raw` (from JSON) to `kind`, ignoring unknown keys. Raises `ValueError` naming the place."""
    try:
        return _reader(kind)(raw)
    except _Misfit as misfit:
        raise ValueError(f"{misfit.place or 'the file'} {misfit.cause}") from None


def parse(
    kind: type[T],
    text: bytes,
    path: Path,
    check: Callable[[T], object] | None = None,
    prepare: Callable[[Any], Any] = lambda raw: raw,
) -> T:
    """Parse `text` as the dataclass `kind`, whose `check` may raise `ValueError`. Raises `DamagedFile`.

    `prepare` is applied to what JSON has, before it is converted.
    """
    try:
        value: T = build(kind, prepare(load_json(text)))
        if check is not None:
            check(value)
    except ValueError as error:
        raise DamagedFile(path, str(error)) from None
    return value


# Bounds of figures: their sums stay in float32, and a training with larger ones diverges in the next steps.
Figure = Annotated[float, Between(-1e30, 1e30)]

Count = Annotated[int, Between(0, 10**9)]

Seed = Annotated[int, Between(0, (1 << 32) - 1)]
