"""Follow metrics.jsonl while a trainer appends to it."""

from __future__ import annotations

import os
from io import BufferedReader
from pathlib import Path

from trainer.contract.config import Model
from trainer.contract.files import MissingFile, Problem, clean, open_regular
from trainer.contract.metrics import Epoch, parse_epoch

MOST_BYTES = 8 << 20  # of one file that are read: 9000 epochs of 20 dimensions, which take half a second
_ANCHOR = 64
_UNKNOWN = (-1, -1, -1)  # the signature of no file

Signature = tuple[int, int, int]


def file_signature(path: Path) -> Signature | None:
    """Return inode, size and time of change of a file, which differ once it was written; None without one."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:  # of something that exists; reading it reports the error
        return 0, 0, -(error.errno or 1)
    return status.st_ino, status.st_size, status.st_ctime_ns


class MetricsReader:
    """The epochs in one metrics.jsonl, updated by `read`, which costs one `stat` while nothing changes.

    Polling, because inotify is unreliable on network file systems. Whole lines only; an epoch number seen
    before replaces its row (a resumed run writes epochs again); a file that was replaced or cut is read
    again. Of a file of more than `MOST_BYTES` the last ones are read. `problem` names what was left out for
    that, or the first line that could not be read or is of no run of `model`, "" if all is well.
    """

    def __init__(self, path: Path, model: Model | None = None) -> None:
        self.path, self.model = path, model
        self.epochs: tuple[Epoch, ...] = ()
        self.problem = ""
        self._seen: Signature | None = None
        self._forget()

    def _forget(self) -> None:
        self._offset = 0
        self._anchor = b""  # the last bytes before the offset, to notice a file written over in place
        self._rows: dict[int, Epoch] = {}
        self.problem = ""

    def read(self) -> bool:
        """Read what is new. Returns whether `epochs` or `problem` changed."""
        before = (self.epochs, self.problem)
        signature = file_signature(self.path)
        if signature == self._seen:
            return False
        if signature is None or (self._seen and self._seen[0] != signature[0]):
            self._forget()
        self._seen = signature
        try:
            if signature is not None:
                self._read_new()
        except MissingFile:
            self._forget()
            self._seen = None
        except Problem as problem:
            self._fail(str(problem))
        except OSError as error:
            self._fail(f"{clean(str(self.path))} cannot be read: {error.strerror}")
        self.epochs = tuple(self._rows[number] for number in sorted(self._rows))
        return (self.epochs, self.problem) != before

    def _fail(self, problem: str) -> None:
        self._forget()
        self._seen, self.problem = _UNKNOWN, problem

    def _read_new(self) -> None:
        """Read from the offset to the last newline; of a file that is too long, its last lines."""
        with open_regular(self.path) as file:
            file.seek(self._offset - len(self._anchor))
            if file.read(len(self._anchor)) != self._anchor:
                self._forget()
                file.seek(0)
            size = os.fstat(file.fileno()).st_size
            if size - self._offset > MOST_BYTES:
                self._skip(file, size)
            fresh = file.read(max(size - self._offset, 0))
        fresh = fresh[: fresh.rfind(b"\n") + 1]
        if not fresh:
            return
        self._offset += len(fresh)
        self._anchor = (self._anchor + fresh)[-_ANCHOR:]
        for line in fresh.splitlines():
            if line.strip():
                self._add(line)

    def _skip(self, file: BufferedReader, size: int) -> None:
        """Go to the first whole line of the last `MOST_BYTES`."""
        self._forget()
        file.seek(size - MOST_BYTES)
        self._anchor = file.readline(MOST_BYTES)[-_ANCHOR:]
        self._offset = file.tell()
        most = MOST_BYTES >> 20
        self.problem = f"{clean(str(self.path))} holds {size >> 20} MiB: only its last {most} MiB are read"

    def _add(self, line: bytes) -> None:
        try:
            epoch = parse_epoch(line, self.path, self.model)
        except Problem as problem:
            self.problem = self.problem or str(problem)
        else:
            self._rows[epoch.epoch] = epoch
