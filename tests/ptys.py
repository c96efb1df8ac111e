"""Run the explorer in a pseudo-terminal and drive it from the other end."""

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
PAUSE_SECONDS = 0.2  # without output, after which a frame is complete


def resize(terminal: int, columns: int, rows: int) -> None:
    """Set the size of a terminal; processes that it controls get SIGWINCH."""
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
        """Read its output, waiting at most so long; return whether there was any."""
        if not select.select([self.end], [], [], seconds)[0]:
            return False
        with contextlib.suppress(OSError):
            part = os.read(self.end, 1 << 16)
            self.output += part
            self._emulator.feed(part)
        return True

    def until(self, holds: Callable[[], bool], seconds: float = 60.0) -> None:
        """Read until `holds()` is true; fail after `seconds`."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, self.report()
            self.read()

    def report(self) -> str:
        """Return screen, exit code, last output and crash logs, for a failed assertion."""
        logs = Path(os.environ["HOME"]).rglob("explorer-crash.log")
        code = f"exit code {self.process.poll()}, written last {self.output[-300:]!r}"
        return "\n".join([*self.screen.display, code, *(log.read_text()[-3000:] for log in logs)])

    def wait_for(self, codes: bytes, seconds: float = 60.0) -> None:
        """Read until its output has `codes`."""
        self.until(lambda: codes in self.output, seconds)

    def wait_to_see(self, words: str, seconds: float = 60.0) -> None:
        """Read until `words` are on its screen; its output may have only the letters that changed."""
        self.until(lambda: self.shows(words), seconds)

    def wait_until_gone(self, words: str, seconds: float = 60.0) -> None:
        """Read until the output pauses and `words` are not on its screen.

        A frame arrives in parts: text that moves down a line is missing for a moment.
        """
        self.until(lambda: not self.read(PAUSE_SECONDS) and not self.shows(words), seconds)

    def shows(self, words: str) -> bool:
        """Return whether `words` are on its screen."""
        return any(words in line for line in self.screen.display)

    def drain(self) -> bytes:
        """Return and forget its output once nothing more comes."""
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
        """Return the number of typed bytes that it has not read yet."""
        count = fcntl.ioctl(self.inner, termios.FIONREAD, struct.pack("i", 0))
        return int(struct.unpack("i", count)[0])

    def is_restored(self) -> bool:
        """Return whether the terminal has its first modes and screen again."""
        return termios.tcgetattr(self.inner)[:4] == self.before[:4] and LEAVE in self.output

    def threads(self) -> int:
        """Return the number of threads of the process."""
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def megabytes(self) -> float:
        """Return the peak memory of the process."""
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
    """Open a terminal whose explorer shows the grid."""
    terminal = Terminal(runs, *arguments, **settings)  # type: ignore[arg-type]
    try:
        terminal.wait_for("z╲β".encode())
        yield terminal
    finally:
        terminal.close()
