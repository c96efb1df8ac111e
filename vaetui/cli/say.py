"""What the command line says besides its results: one line at a time, to stderr."""

from __future__ import annotations

import os
import re
import sys
import textwrap

from vaetui.render.terminal import columns_of

_COMMAND = re.compile(r"`(?:vaetui )[^`]*`|(?<=^next: )vaetui .*")
_KEPT = "\0"  # in the place of a blank where no line ends


class Usage(Exception):
    """A command line that asks for what there is not: one sentence, exit code 2."""


def fill(text: str, columns: int, first: str = "", then: str = "") -> str:
    """Wrap `text` between words, but never inside a command that the user may paste."""
    whole = _COMMAND.sub(lambda found: found[0].replace(" ", _KEPT), text)
    lines = textwrap.fill(
        whole,
        columns,
        initial_indent=first,
        subsequent_indent=then,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines.replace(_KEPT, " ")


def narrate(text: str) -> None:
    """Tell the user what is going on; on a terminal, lines break between words."""
    if sys.stderr.isatty():
        text = fill(text, columns_of(os.environ, sys.stderr), then="  ")
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def complain(text: str) -> None:
    """Tell the user what is wrong, in one sentence."""
    text = text.rstrip().removesuffix(".")
    narrate(f"vaetui: {text}")
