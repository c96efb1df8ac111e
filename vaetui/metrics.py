"""Following metrics.jsonl while a trainer appends to it."""

from __future__ import annotations

from pathlib import Path

from trainer.files import MAX_JSON_BYTES, Problem, clean
from trainer.run import Epoch, parse_epoch

MAX_BYTES = 64 * MAX_JSON_BYTES
_ANCHOR = 64
_UNKNOWN = (-1, -1, -1)  # inode, size and time of change of no file


class Tail:
    """The epochs in one metrics.jsonl, kept up by `read`, which costs one `stat` while nothing changes.

    Polling, because inotify is unreliable on network file systems. Whole lines only; an epoch number seen
    before replaces its row (a resumed run writes epochs again); a file that was replaced or cut is read
    afresh. `problem` names the first line that could not be read, "" if all is well; such lines are left out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.epochs: tuple[Epoch, ...] = ()
        self.problem = ""
        self._seen: tuple[int, int, int] | None = None
        self._forget()

    def _forget(self) -> None:
        self._offset = 0
        self._anchor = b""  # the last bytes before the offset, to notice a file written over in place
        self._rows: dict[int, Epoch] = {}
        self.problem = ""

    def read(self) -> bool:
        """Take in what is new. Returns whether `epochs` or `problem` changed."""
        before = (self.epochs, self.problem)
        try:
            signature = self._signature()
            if signature == self._seen:
                return False
            if signature is None or (self._seen and self._seen[0] != signature[0]):
                self._forget()
            if signature is not None:
                self._take()
        except OSError as error:
            self._forget()
            self._seen = _UNKNOWN
            self.problem = f"{clean(str(self.path))} cannot be read: {error.strerror}"
        else:
            self._seen = signature
            self.epochs = tuple(self._rows[number] for number in sorted(self._rows))
        return (self.epochs, self.problem) != before

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return None
        return now.st_ino, now.st_size, now.st_ctime_ns

    def _take(self) -> None:
        """Read from the offset to the last newline."""
        with self.path.open("rb") as file:
            file.seek(self._offset - len(self._anchor))
            data = file.read(MAX_BYTES)
            if not data.startswith(self._anchor):
                self._forget()
                file.seek(0)
                data = file.read(MAX_BYTES)
        fresh = data[len(self._anchor) : data.rfind(b"\n") + 1]
        if not fresh:
            return
        self._offset += len(fresh)
        self._anchor = (self._anchor + fresh)[-_ANCHOR:]
        for line in fresh.splitlines():
            if line.strip():
                self._add(line)

    def _add(self, line: bytes) -> None:
        try:
            epoch = parse_epoch(line, self.path)
        except Problem as problem:
            self.problem = self.problem or str(problem)
        else:
            self._rows[epoch.epoch] = epoch
