"""What the command line says besides its results: one line at a time, to stderr."""

from __future__ import annotations

import codecs
import io
import os
import shutil
import sys
import textwrap
from pathlib import Path

PLAIN = {
    "−": "-",
    "β": "beta",
    "×": "x",
    "·": "-",
    "…": "...",
    "→": "->",
    "●": "*",
    "━": "-",
    "╸": "-",
    "╲": "/",
}


class Usage(Exception):
    """A command line that asks for what there is not: one sentence, exit code 2."""


def narrate(text: str) -> None:
    """Tell the user what is going on; on a terminal, lines break between words."""
    if sys.stderr.isatty():
        columns = shutil.get_terminal_size().columns
        text = textwrap.fill(
            text, columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def complain(text: str) -> None:
    """Tell the user what is wrong, in one sentence."""
    text = text.rstrip().removesuffix(".")
    narrate(f"vaetui: {text}")


def prepare_streams() -> None:
    """Let no output fail for letters that the terminal lacks, or for a stream that was closed."""
    codecs.register_error("vaetui", _plain)
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 (open as long as the process)
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="vaetui")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in text), error.end
