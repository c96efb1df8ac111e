"""Values by key, bounded in bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from threading import Lock
from typing import Any

import numpy as np

from vaetui.tui.state.loaded import Loaded

MOST_BYTES = 128 << 20
Key = tuple[str, Hashable]  # kind, subject


class Cache:
    """Drops the least recently used values once all of them take more than `most` bytes. Thread-safe.

    `in_use` holds by kind the key that was requested last; its value is never dropped.
    """

    def __init__(self, most: int | None = None) -> None:
        self.in_use: dict[str, Key] = {}
        self._most = MOST_BYTES if most is None else most
        self._entries: dict[Key, tuple[Loaded[Any], int]] = {}  # with bytes; the least recently used first
        self._lock = Lock()

    def get(self, key: Key) -> Loaded[Any] | None:
        """Return the newest value of `key`, None if there is none."""
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is None:
                return None
            self._entries[key] = entry
            return entry[0]

    def put(self, key: Key, loaded: Loaded[Any]) -> None:
        """Replace the value of `key`."""
        size = size_of(loaded.value)
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = (loaded, size)
            surplus = sum(size for _, size in self._entries.values()) - self._most
            for old in list(self._entries)[:-1]:
                if surplus <= 0:
                    break
                if old not in self.in_use.values():
                    surplus -= self._entries.pop(old)[1]


def size_of(value: object) -> int:
    """Return the bytes of all arrays in `value`, which may hold them in tuples, mappings and dataclasses."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        return sum(map(size_of, value.values()))
    if isinstance(value, tuple | list):
        return sum(map(size_of, value))
    if dataclasses.is_dataclass(value):
        return sum(size_of(getattr(value, each.name)) for each in dataclasses.fields(value))
    return 0
