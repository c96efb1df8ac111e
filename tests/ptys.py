"""The explorer in a terminal of its own, driven from the other end of it."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte

from tests import ROOT

# The terminal controls the session that the process leads: a line that hangs up, and Ctrl-Z, reach it.
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"


def resize(terminal: int, columns: int, rows: int) -> None:
    """Set the size of a terminal; who runs in it gets SIGWINCH if it controls them."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Terminal:
    """The other end of the terminal that `vaetui explore` runs in.

    The process leads a session that the terminal controls, as a login shell does.
    """

    def __init__(
        self,
        runs: Path,
        *arguments: str,
        size: tuple[int, int] = (80, 24),
        before: str = "",
        shell: str = "",
        **env: str,
    ) -> None:
        self.end, self.inner = pty.openpty()
        resize(self.end, *size)
        self.before = termios.tcgetattr(self.inner)
        command = ["-m", "vaetui", "explore", "--runs", str(runs), "--data", str(runs)]
        if before:  # Python to be run first, in the same process
            command = ["-c", f"{before}\nfrom vaetui.cli.main import main\nmain()", *command[2:]]
        command = [sys.executable, *command, *arguments]
        if shell:  # a script that starts it as "$@"
            command = ["/bin/sh", "-c", shell, "sh", *command]
        self.process = subprocess.Popen(
            [sys.executable, "-IS", "-c", _TAKE_TERMINAL, *command],
            stdin=self.inner,
            stdout=self.inner,
            stderr=self.inner,
            start_new_session=True,
            env=os.environ | {"COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)} | env,
            cwd=os.environ["HOME"],
        )
        self.output = b""
        self.was_restored = False  # when it was closed
        self.screen = pyte.Screen(*size)
        self._emulator = pyte.ByteStream(self.screen)

    def read(self, seconds: float = 0.05) -> bool:
        """Take what it has written, waiting for so long; whether there was anything."""
        if not select.select([self.end], [], [], seconds)[0]:
            return False
        with contextlib.suppress(OSError):
            part = os.read(self.end, 1 << 16)
            self.output += part
            self._emulator.feed(part)
        return True

    def until(self, holds: Callable[[], bool], seconds: float = 60.0) -> None:
        """Read until something holds."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, self.told()
            self.read()

    def told(self) -> str:
        """What is known where something did not come."""
        logs = Path(os.environ["HOME"]).rglob("explorer-crash.log")
        code = f"exit code {self.process.poll()}, written last {self.output[-300:]!r}"
        return "\n".join([*self.screen.display, code, *(log.read_text()[-3000:] for log in logs)])

    def wait_for(self, codes: bytes, seconds: float = 60.0) -> None:
        """Until it has been sent `codes`."""
        self.until(lambda: codes in self.output, seconds)

    def wait_to_see(self, words: str, seconds: float = 60.0) -> None:
        """Until `words` are on its screen; of what changes only some letters may have been sent."""
        self.until(lambda: self.shows(words), seconds)

    def shows(self, words: str) -> bool:
        """Whether `words` are on its screen."""
        return any(words in line for line in self.screen.display)

    def drain(self) -> bytes:
        """What was written since, once nothing more comes."""
        while self.read(0.5):
            pass
        written, self.output = self.output, b""
        return written

    def type(self, data: bytes) -> None:
        """Send bytes in one write, reading meanwhile where they are more than the terminal holds."""
        os.set_blocking(self.end, False)
        try:
            while data:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(self.end, data) :]
                self.read(0)
        finally:
            os.set_blocking(self.end, True)

    def unread(self) -> int:
        """How many bytes were sent that it has not taken yet."""
        found = fcntl.ioctl(self.inner, termios.FIONREAD, struct.pack("i", 0))
        return int(struct.unpack("i", found)[0])

    def is_restored(self) -> bool:
        """Whether the terminal works as it did before."""
        return termios.tcgetattr(self.inner)[:4] == self.before[:4] and LEAVE in self.output

    def threads(self) -> int:
        """How many threads the process has."""
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def megabytes(self) -> float:
        """The memory of the process at its largest."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def close(self) -> None:
        """End the process, and the terminal."""
        with contextlib.suppress(OSError, termios.error):  # closed before
            self.was_restored = self.is_restored()
        self.process.kill()
        self.process.wait()
        for descriptor in (self.end, self.inner):
            with contextlib.suppress(OSError):
                os.close(descriptor)


@contextlib.contextmanager
def opened(runs: Path, *arguments: str, **settings: object) -> Iterator[Terminal]:
    """A terminal whose explorer shows the grid."""
    terminal = Terminal(runs, *arguments, **settings)  # type: ignore[arg-type]
    try:
        terminal.wait_for("z╲β".encode())
        yield terminal
    finally:
        terminal.close()
