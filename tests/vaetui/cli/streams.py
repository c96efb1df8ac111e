"""Standard streams that are not what they should be: terminals that are none, full disks, closed pipes."""

import contextlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass

from vaetui.cli.main import run_command


class Raw(io.RawIOBase):
    """Keeps what is written, or refuses it with the error number `fails`."""

    def __init__(self, fails: int = 0) -> None:
        self.kept = bytearray()
        self.fails = fails

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        if self.fails:
            raise OSError(self.fails, os.strerror(self.fails))
        self.kept += bytes(data)  # type: ignore[call-overload]
        return len(data)  # type: ignore[arg-type]


class Stream(io.TextIOWrapper):
    """A text stream like those of a process; `is_tty` is what it says of itself."""

    def __init__(self, raw: Raw, is_tty: bool) -> None:
        super().__init__(io.BufferedWriter(raw), encoding="utf-8", line_buffering=is_tty)
        self._is_tty = is_tty

    def isatty(self) -> bool:
        return self._is_tty


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    output: str
    errors: str


@contextlib.contextmanager
def streams(output: Raw, errors: Raw, is_tty: bool) -> Iterator[None]:
    """Standard output and error output that end in `output` and `errors`."""
    made = Stream(output, is_tty), Stream(errors, is_tty)
    try:
        with contextlib.redirect_stdout(made[0]), contextlib.redirect_stderr(made[1]):
            yield
    finally:
        output.fails = errors.fails = 0  # what is left in the buffers goes somewhere
        for stream in made:
            stream.detach()


def answer(*words: object, is_tty: bool = False, output_fails: int = 0, errors_fail: int = 0) -> Outcome:
    """What `vaetui` does with such streams; error numbers are of every write."""
    output, errors = Raw(output_fails), Raw(errors_fail)
    with streams(output, errors, is_tty):
        code = run_command(list(map(str, words)))
    return Outcome(code, output.kept.decode(), errors.kept.decode())
