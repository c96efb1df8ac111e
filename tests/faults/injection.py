"""Make the n-th operation on files fail, or kill the process there: a disk that fills up, breaks or is lost.

Patches the functions of `os` that change files, and `io.open`, for paths below one folder.
"""

from __future__ import annotations

import errno
import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KILL = -1
BLOCK = 4096

# What each fault hits. On a full disk files can be removed and renamed, and written where they have room.
ALL = ("create", "open", "write", "fsync", "replace", "unlink", "mkdir", "rmdir", "truncate")
HITS = {
    errno.ENOSPC: ("create", "write", "mkdir"),
    errno.EIO: ALL,
    errno.EROFS: ("create", "open", "write", "replace", "unlink", "mkdir", "rmdir", "truncate"),
    KILL: ALL,
}

_PATCHED = (
    "open",
    "write",
    "pwrite",
    "fsync",
    "ftruncate",
    "replace",
    "rename",
    "unlink",
    "remove",
    "mkdir",
    "rmdir",
)


@dataclass
class Injector:
    """Counts the operations below `root` that `error` can hit, and hits number `at` (from 1; 0: none).

    `lasting`: all after it, too. A write that a full disk or a kill hits is half done.
    """

    root: Path
    error: int
    at: int = 0
    lasting: bool = False
    seen: list[str] = field(default_factory=list)
    _files: set[int] = field(default_factory=set)
    _real: dict[str, Any] = field(default_factory=dict)

    def _is_below(self, path: Any) -> bool:
        try:
            return Path(os.fspath(path)).absolute().is_relative_to(self.root)
        except TypeError:
            return False

    def _meet(self, kind: str, half: Callable[[], None] | None = None) -> None:
        if kind not in HITS[self.error]:
            return
        self.seen.append(kind)
        number = len(self.seen)
        if not (number == self.at or (self.lasting and 0 < self.at < number)):
            return
        if half and self.error in (KILL, errno.ENOSPC):
            half()
        if self.error == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(self.error, os.strerror(self.error))

    # --- what replaces the functions

    def open(self, path: Any, flags: int, *rest: Any, **named: Any) -> int:
        below = self._is_below(path)
        if below and flags & (os.O_WRONLY | os.O_RDWR):
            is_new = bool(flags & os.O_CREAT) and not Path(path).exists()
            self._meet("create" if is_new else "open")
        descriptor: int = self._real["open"](path, flags, *rest, **named)
        if below:
            self._files.add(descriptor)
        else:
            self._files.discard(descriptor)
        return descriptor

    def write(self, descriptor: int, data: Any) -> int:
        if descriptor in self._files:
            place = os.lseek(descriptor, 0, os.SEEK_CUR)
            self._meet_write(descriptor, place, data, lambda half: self._real["write"](descriptor, half))
        written: int = self._real["write"](descriptor, data)
        return written

    def pwrite(self, descriptor: int, data: Any, place: int) -> int:
        if descriptor in self._files:
            self._meet_write(
                descriptor, place, data, lambda half: self._real["pwrite"](descriptor, half, place)
            )
        written: int = self._real["pwrite"](descriptor, data, place)
        return written

    def _meet_write(self, descriptor: int, place: int, data: Any, put: Callable[[Any], Any]) -> None:
        room = -(-os.fstat(descriptor).st_size // BLOCK) * BLOCK  # a file has whole blocks
        if self.error != errno.ENOSPC or place + len(data) > room:
            self._meet("write", lambda: put(memoryview(data)[: len(data) // 2]))

    def fsync(self, descriptor: int) -> None:
        if descriptor in self._files:
            self._meet("fsync")
        self._real["fsync"](descriptor)

    def ftruncate(self, descriptor: int, size: int) -> None:
        if descriptor in self._files:
            self._meet("truncate")
        self._real["ftruncate"](descriptor, size)

    def _of_path(self, name: str, kind: str) -> Callable[..., Any]:
        def act(path: Any, *rest: Any, **named: Any) -> Any:
            if self._is_below(path):
                self._meet(kind)
            return self._real[name](path, *rest, **named)

        return act

    def io_open(self, file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if not isinstance(file, int) and self._is_below(file) and set(mode) & set("wax+"):
            self._meet("open" if Path(file).exists() else "create")
        return self._real["io.open"](file, mode, *rest, **named)

    # --- installing it

    def install(self) -> None:
        """From now on, until `remove`."""
        self.root = self.root.absolute()
        self._real = {name: getattr(os, name) for name in _PATCHED} | {"io.open": io.open}
        kinds = {"replace": "replace", "rename": "replace", "unlink": "unlink", "remove": "unlink"}
        kinds |= {"mkdir": "mkdir", "rmdir": "rmdir"}
        for name in _PATCHED:
            setattr(os, name, self._of_path(name, kinds[name]) if name in kinds else getattr(self, name))
        io.open = self.io_open

    def remove(self) -> None:
        """Put the real functions back."""
        io.open = self._real.pop("io.open")
        for name, real in self._real.items():
            setattr(os, name, real)


@contextmanager
def failing(root: Path, error: int, at: int = 0, *, lasting: bool = False) -> Iterator[Injector]:
    """Below `root` the operation number `at` that `error` can hit fails with it; none where `at` is 0."""
    injector = Injector(root, error, at, lasting)
    injector.install()
    try:
        yield injector
    finally:
        injector.remove()
