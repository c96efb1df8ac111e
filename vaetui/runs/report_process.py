"""Write a report in a process of its own: `vaetui report`, whose messages are its progress."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import IO

from trainer.contract.files import Problem, clean

PROGRAM = (sys.executable, "-P", "-m", "vaetui")  # -P: a vaetui.py in the user's folder is not ours
ERROR = "vaetui: "  # begins the errors among its messages
KEPT_BYTES = 1 << 16  # of its messages
PATIENCE = 5.0  # seconds for an orderly end


def write_report(words: Sequence[str], narrate: Callable[[str], object]) -> str:
    """Run `vaetui` with the `words` of a report; return the path of the page.

    `narrate` is called ten times a second with the last message; an exception from it ends the process, and
    those that it has started. Raises `Problem` with its error.
    """
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [*PROGRAM, *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        with child:
            messages = _Messages(child)
            try:
                while _is_running(child):
                    narrate(messages.read()[-1])
            finally:
                _end(child)
            if child.returncode:
                raise Problem(_error(messages.read(), child.returncode))
        output.seek(0)
        return _lines(output.read())[-1]


class _Messages:
    """The last messages of a process, read without blocking."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stderr is not None
        self._pipe: IO[bytes] = child.stderr
        self._text = b""
        os.set_blocking(self._pipe.fileno(), False)

    def read(self) -> list[str]:
        """Return the messages, one a line; "" before the first."""
        self._text = (self._text + (self._pipe.read() or b""))[-KEPT_BYTES:]
        return _lines(self._text)


def _lines(text: bytes) -> list[str]:
    lines = [clean(line, 4096) for line in text.decode(errors="replace").splitlines()]
    return list(filter(None, lines)) or [""]


def _is_running(child: subprocess.Popen[bytes]) -> bool:
    """Wait a moment for the end of a process, and return whether it goes on."""
    try:
        child.wait(0.1)
    except subprocess.TimeoutExpired:
        return True
    return False


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a process that still runs, and those that it started: it ends an evaluation itself, on SIGTERM."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # it has just ended by itself
                os.killpg(child.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(PATIENCE)


def _error(messages: Sequence[str], code: int) -> str:
    """Return the first error among the messages; the command line says it in one line."""
    errors = [line.removeprefix(ERROR) for line in messages if line.startswith(ERROR)]
    return errors[0] if errors else f"the report ended without a message (exit code {code}): try again"
