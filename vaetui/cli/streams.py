"""Standard output and standard error: encoding, and errors of writing."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TextIO

from vaetui.cli.hangup import discard
from vaetui.render.terminal import is_ascii

PLAIN = {
    "−": "-",
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)),
    "β": "beta",
    "×": "x",
    "·": "-",
    "…": "...",
    "→": "->",
    "●": "*",
    "━": "-",
    "╸": "-",
    "╲": "/",
    "›": ">",
    "↔": "<->",
    "–": "-",
}
_TABLE = str.maketrans(PLAIN)
_CLOSED = (errno.EPIPE, errno.EIO)  # the reader has ended, the terminal has closed


class OutputError(Exception):
    """Raised when output cannot be written or its reader has closed; the cause is an `OSError`."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(cause.strerror or str(cause))
        self.is_unread = cause.errno == errno.EPIPE


def prepare_streams() -> None:
    """Prepare both streams for characters that the terminal lacks and for closed streams.

    Symbols are written in ASCII if the locale has no others. Standard output that cannot be written raises
    `OutputError`; standard error is dropped then, but raises if its reader or terminal has closed.
    """
    codecs.register_error("vaetui", _plain)
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 (open as long as the process)
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream, fail in ((sys.stdout, _fail), (sys.stderr, _fail_or_drop)):
        if isinstance(stream, io.TextIOWrapper) and "write" not in vars(stream):
            stream.reconfigure(errors="vaetui")
            _watch(stream, fail)


def plain(text: str) -> str:
    """Return `text` with vaetui's symbols replaced by ASCII."""
    return text.translate(_TABLE)


def drop(stream: TextIO) -> None:
    """Discard pending and later output of `stream`, without an error at exit."""
    with contextlib.suppress(OSError, ValueError):
        discard(stream.fileno())


def _watch(stream: Any, fail: Callable[[TextIO, OSError], None]) -> None:
    """Replace the writing methods on the instance `stream`, where print, Rich and Typer look them up."""
    write, flush = stream.write, stream.flush
    has_ascii_only = is_ascii(os.environ, stream)

    def watched_write(text: str) -> int:
        try:
            write(plain(text) if has_ascii_only else text)
        except OSError as error:
            fail(stream, error)
        return len(text)

    def watched_flush() -> None:
        try:
            flush()
        except OSError as error:
            fail(stream, error)

    stream.write, stream.flush = watched_write, watched_flush


def _fail(_stream: TextIO, error: OSError) -> NoReturn:
    raise OutputError(error) from error


def _fail_or_drop(stream: TextIO, error: OSError) -> None:
    if error.errno in _CLOSED:
        _fail(stream, error)
    drop(stream)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in text), error.end
