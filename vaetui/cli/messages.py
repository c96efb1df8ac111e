"""Messages of the command line besides its results: one line each, on stderr."""

from __future__ import annotations

import os
import re
import sys
import textwrap

from vaetui.render.terminal import columns_of

_COMMAND = re.compile(r"`(?:vaetui )[^`]*`|(?<=^next: )vaetui .*")
_SPACE = "\0"  # marks a space at which no line breaks


class UsageError(Exception):
    """A command line that is wrong: one sentence, exit code 2."""


def fill(text: str, columns: int, first: str = "", then: str = "") -> str:
    """Wrap `text` between words, but not inside a command, which the user may paste."""
    whole = _COMMAND.sub(lambda match: match[0].replace(" ", _SPACE), text)
    return textwrap.fill(
        whole,
        columns,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,
        break_on_hyphens=False,
    ).replace(_SPACE, " ")


def print_status(text: str) -> None:
    """Print a message; on a terminal, lines break between words."""
    if sys.stderr.isatty():
        text = fill(text, columns_of(os.environ, sys.stderr), then="  ")
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def print_error(text: str) -> None:
    """Print what is wrong, as one sentence."""
    print_status(f"vaetui: {text.rstrip().removesuffix('.')}")
