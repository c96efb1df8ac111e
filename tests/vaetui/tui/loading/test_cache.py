"""The cache is bounded in bytes, drops what was used least recently, and never what is in use."""

from dataclasses import dataclass

import numpy as np
import pytest

from vaetui.arrays import Floats
from vaetui.tui.loading.cache import Cache, size_of
from vaetui.tui.state.loaded import Loaded

ONE = np.zeros(250, np.float32)  # 1000 bytes


@dataclass(frozen=True, eq=False)
class Holder:
    """A value that holds arrays."""

    name: str
    arrays: tuple[Floats, ...]


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (ONE, 1000),
        ("a sentence", 0),
        (None, 0),
        ({"a": ONE, "b": [ONE, ONE]}, 3000),
        (Holder("x", (ONE, ONE)), 2000),
        ({1: Holder("x", (ONE,))}, 1000),
    ],
)
def test_sizes_are_those_of_all_arrays(value: object, size: int) -> None:
    assert size_of(value) == size


def test_what_was_used_least_recently_is_dropped() -> None:
    cache = Cache(2500)
    for name in "ab":
        cache.put(("kind", name), Loaded(ONE, 1))
    assert cache.get(("kind", "a")) is not None
    cache.put(("kind", "c"), Loaded(ONE, 1))
    assert [cache.get(("kind", name)) is not None for name in "abc"] == [True, False, True]


def test_a_newer_version_takes_the_place_of_the_older() -> None:
    cache = Cache(2500)
    for version in range(9):
        cache.put(("kind", "a"), Loaded(ONE, version))
    cache.put(("kind", "b"), Loaded(ONE, 0))
    found = cache.get(("kind", "a"))
    assert found is not None
    assert found.version == 8


def test_what_is_in_use_is_kept_however_large_all_is() -> None:
    cache = Cache(0)
    cache.in_use["model"] = ("model", "a")
    cache.put(("model", "a"), Loaded(ONE, 1))
    for name in "bcd":
        cache.put(("model", name), Loaded(ONE, 1))
    assert [cache.get(("model", name)) is not None for name in "abcd"] == [True, False, False, True]
