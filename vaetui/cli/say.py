"""What the command line says besides its results: one line at a time, to stderr."""

from __future__ import annotations

import os
import sys
import textwrap

from vaetui.render.terminal import columns_of


class Usage(Exception):
    """A command line that asks for what there is not: one sentence, exit code 2."""


def narrate(text: str) -> None:
    """Tell the user what is going on; on a terminal, lines break between words."""
    if sys.stderr.isatty():
        columns = columns_of(os.environ, sys.stderr)
        text = textwrap.fill(
            text, columns, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def complain(text: str) -> None:
    """Tell the user what is wrong, in one sentence."""
    text = text.rstrip().removesuffix(".")
    narrate(f"vaetui: {text}")
