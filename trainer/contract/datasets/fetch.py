"""Run `trainer.data.download` as a child process, which can be killed when a mirror hangs."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trainer.contract.files import clean

NEWS_EVERY = 10.0  # seconds between two progress messages
ABANDONED = 86_400.0  # seconds after which a download folder is a leftover
KEPT_BYTES = 1 << 16  # of the output of the child
LEAST = 50_000  # bytes that must arrive within the patience: a mirror that sends single bytes hangs, too
SIGN = ".reached"  # the file that grows while a mirror answers and torchvision is still loading

Narrate = Callable[[str], None]  # called with a message for the user
Watch = Callable[[int], None]  # called with the bytes received


@dataclass(frozen=True)
class Patience:
    """Seconds without a new byte before a download is given up."""

    first: float  # before the first byte, loading torchvision (up to 10 s) included
    later: float
    doubted: float  # once the downloader has reported that no mirror answers


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Make a temporary folder inside `folder` to download into, and delete it afterwards.

    Create `folder` where it does not exist, and delete leftovers of killed processes. Raises `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(".download-*"):
        with contextlib.suppress(FileNotFoundError):  # another process sweeps too
            if time.time() - leftover.stat().st_mtime > ABANDONED:
                shutil.rmtree(leftover, ignore_errors=True)
    place = Path(tempfile.mkdtemp(prefix=".download-", dir=folder))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def command(name: str, folder: Path) -> list[str]:
    """Return the command of the downloader; -P ignores a `trainer` folder in the working directory."""
    return [sys.executable, "-P", "-m", "trainer.data.download", name, str(folder)]


def ignore(_news: object) -> None:
    """Ignore a message or the progress."""


def download(
    name: str,
    folder: Path,
    patience: Patience,
    narrate: Narrate,
    watch: Watch = ignore,
    megabytes: int | None = None,
) -> str:
    """Download data set `name` into the empty `folder`; return "", or the cause of a failure and the remedy.

    A slow download continues while bytes arrive, up to the expected `megabytes`. However this ends, Ctrl-C
    included, no process is left. `watch` is called ten times a second with the bytes received; an exception
    from it ends the download.
    """
    most = math.inf if megabytes is None else (megabytes + 1) * 1e6
    child = subprocess.Popen(
        command(name, folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,
    )
    with child:
        output = _Output(child)
        try:
            given_up = _watch(child, folder, output, patience, narrate, watch, most)
        finally:
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):  # it has just ended by itself
                    os.killpg(child.pid, signal.SIGKILL)
        if child.wait() == 0:
            return ""
        return (
            given_up or output.last_line() or f"the downloader ended with code {child.returncode}: run again"
        )


class _Output:
    """The output of the child so far, read without blocking."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        self._pipe, self._text = child.stdout, b""
        os.set_blocking(self._pipe.fileno(), False)

    def last_line(self) -> str:
        self._text = (self._text + (self._pipe.read() or b""))[-KEPT_BYTES:]
        lines = [clean(line) for line in self._text.decode(errors="replace").splitlines()]
        return next((line for line in reversed(lines) if line), "")


def _watch(
    child: subprocess.Popen[bytes],
    folder: Path,
    output: _Output,
    patience: Patience,
    narrate: Narrate,
    watch: Watch,
    most: float,
) -> str:
    """Wait until the child ends (return "") or is given up (return the cause and the remedy)."""
    progress, progress_size, doubted = (0, False, 0), 0, False
    progress_at = news_at = time.monotonic()
    deadline = progress_at + patience.first
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.1)
            return ""
        now, size, received = time.monotonic(), _bytes_in(folder), _bytes_in(folder, "*.gz")
        complaint, signs = output.last_line(), _bytes_in(folder, SIGN)
        current = (signs, size > signs, size // LEAST)
        if current != progress:
            progress, progress_size, progress_at, deadline = current, size, now, now + patience.later
        elif complaint and not doubted:
            doubted, deadline = True, min(deadline, now + patience.doubted)
        if now > deadline:
            what = "nothing" if size == progress_size else "hardly anything"
            return complaint or f"{what} came for {now - progress_at:.0f} s: check the network"
        if received > most:
            return "the mirror sends more than the data set has: try again later"
        if size > 1e5 and now - news_at > NEWS_EVERY:
            news_at = now
            narrate(f"downloading: {size / 1e6:.1f} MB so far")
        watch(received)  # unpacked files were not received


def _bytes_in(folder: Path, pattern: str = "*") -> int:
    total = 0
    for path in folder.rglob(pattern):
        with contextlib.suppress(FileNotFoundError):  # the downloader renamed or removed it meanwhile
            status = path.stat()
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total
