"""The command line as a user meets it: as a process, through pipes or on a terminal of its own."""

import contextlib
import fcntl
import io
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pyte

from tests import ROOT
from vaetui.cli.main import run_command

COMMAND = (sys.executable, "-m", "vaetui")

Result = subprocess.CompletedProcess[str]


def vaetui(*arguments: object, through: Sequence[str] = (), **settings: Any) -> Result:
    """Run `vaetui` to its end, with pipes, by the command `through`; `settings` as for `subprocess.run`."""
    return subprocess.run(
        [*through, *COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
        **{"env": dict(os.environ)} | settings,  # see `Terminal`
    )


def call(*arguments: object) -> Result:
    """What `vaetui` does, ten times as fast as a process of its own: the same code from the arguments on."""
    words = list(map(str, arguments))
    output, errors = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = run_command(words)
    texts = [stream.buffer.getvalue().decode() for stream in (output, errors)]
    return subprocess.CompletedProcess(words, code, *texts)


def complaint(result: Result) -> str:
    """The one sentence on stderr of a command that failed and printed no result."""
    assert result.stdout == ""
    (sentence,) = result.stderr.splitlines()
    assert sentence.startswith("vaetui: ")
    return sentence.removeprefix("vaetui: ")


class Terminal:
    """A pseudo-terminal with `vaetui` in it, and the screen that its user sees.

    It is run by the command `through`, with `stdin` where that is not the terminal, and gets no SIGHUP from a
    terminal that is not controlling.
    """

    def __init__(
        self,
        arguments: tuple[str, ...],
        columns: int,
        rows: int,
        *,
        through: Sequence[str] = (),
        stdin: int | None = None,
        is_controlling: bool = True,
    ) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        def own_terminal() -> None:
            if is_controlling:
                fcntl.ioctl(1, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [*through, *COMMAND, *arguments],
            stdin=slave if stdin is None else stdin,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=own_terminal,
            cwd=ROOT,
            env=dict(os.environ),  # without it, COLUMNS as pytest's readline has set it behind Python's back
        )
        os.close(slave)

    def read(self, seconds: float) -> bool:
        """Take in what was printed, waiting `seconds` for something. Whether it may print more."""
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # what Linux says when the other side is closed
            return False
        self._stream.feed(data)
        return bool(data)

    def text(self) -> str:
        """The screen as it is now."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, text: str, seconds: float = 60.0) -> str:
        """Return the screen as soon as it shows `text`."""
        deadline = time.monotonic() + seconds
        while text not in self.text():
            assert time.monotonic() < deadline, f"no {text!r} on the screen:\n{self.text()}"
            assert self.read(0.1), f"ended without {text!r}:\n{self.text()}"
        return self.text()

    def press(self, key: bytes) -> None:
        """Send a key, as the terminal's user would."""
        os.write(self._master, key)

    def end(self, seconds: float = 60.0) -> int:
        """Wait until the command has ended; its exit code."""
        deadline = time.monotonic() + seconds
        while self.read(0.1):
            assert time.monotonic() < deadline, f"still there:\n{self.text()}"
        return self.process.wait(timeout=60)

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        os.close(self._master)
        self._master = -1

    def close(self) -> None:
        """End what is left."""
        if self._master >= 0:
            os.close(self._master)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def terminal(*arguments: object, columns: int = 80, rows: int = 24, **settings: Any) -> Iterator[Terminal]:
    """`vaetui` with these arguments on a terminal; `settings` as for `Terminal`."""
    opened = Terminal(tuple(map(str, arguments)), columns, rows, **settings)
    try:
        yield opened
    finally:
        opened.close()
