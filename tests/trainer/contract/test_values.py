"""Values from JSON are of their type and within its bounds, or the place that is not is named."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from trainer.contract.files import DamagedFile
from trainer.contract.values import Between, build, parse


@dataclass(frozen=True)
class Inner:
    share: Annotated[float, Between(0, 1)]


@dataclass(frozen=True)
class Outer:
    count: Annotated[int, Between(1, 9)] = 1
    free: float = 0.0
    whole: int = 0
    row: tuple[Annotated[float, Between(-1, 1)], ...] = ()
    table: dict[str, Annotated[int, Between(0, 5)]] | None = None
    word: Literal["a", "b"] = "a"
    flag: bool = False
    inner: Inner | None = None


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"count": 0}, "count is 0, expected 1 to 9"),
        ({"count": 10**400}, "count is 10*, expected 1 to 9"),
        ({"count": True}, "count is True, expected int"),
        ({"count": 1.0}, "count is 1.0, expected int"),
        ({"free": float("inf")}, "free is inf, expected"),
        ({"free": 10**400}, "free is 10*, expected"),
        ({"free": "1"}, "free is '1', expected float"),
        ({"whole": 1 << 63}, "whole is 9223372036854775808, expected"),
        ({"row": [0.0, 0.5, -1.5]}, r"row\[2\] is -1.5, expected -1 to 1"),
        ({"row": [0.0, 2]}, r"row\[1\] is 2, expected -1 to 1"),
        ({"row": [None]}, r"row\[0\] is None, expected float"),
        ({"table": {"a": 6}}, "table.a is 6, expected 0 to 5"),
        ({"word": ["a"]}, r"word is \['a'\], expected 'a' or 'b'"),
        ({"flag": 1}, "flag is 1, expected bool"),
        ({"inner": {"share": 2}}, "inner.share is 2, expected 0 to 1"),
        ({"inner": {}}, "inner.share is missing"),
        ([], "the file is not an object"),
    ],
)
def test_what_does_not_fit_is_named(raw: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        build(Outer, raw)


def test_valid_values_are_converted(tmp_path: Path) -> None:
    raw = {"count": 9, "free": 3, "row": [1.0, -1.0], "table": {"a": 5}, "inner": {"share": 1}, "new": 1}
    found = parse(Outer, json.dumps(raw).encode(), tmp_path)
    assert found == Outer(9, 3.0, 0, (1.0, -1.0), {"a": 5}, inner=Inner(1.0))
    assert type(found.free) is float


def test_a_damaged_file_is_a_short_sentence(tmp_path: Path) -> None:
    deep, long, odd = b"[" * 10**5, b'{"count":' + b"1" * 10**5, b'{"word":' + b"[" * 400 + b"]" * 400 + b"}"
    for text in (deep, long, odd):
        with pytest.raises(DamagedFile) as caught:
            parse(Outer, text, tmp_path / "f")
        assert len(str(caught.value)) < 300
