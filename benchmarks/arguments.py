"""What benchmarks take from a command line, and how they say what is wrong with it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from trainer.contract.files import Problem


def count(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def minutes(text: str) -> float:
    """A number above 0; `inf` is one."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def new_file(text: str) -> Path:
    """A file whose folder is there: found out before anything is measured."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
    return path


def run(main: Callable[[], int | None]) -> NoReturn:
    """End the process with what `main` returns; a problem that a person can mend is one sentence."""
    try:
        sys.exit(main())
    except Problem as problem:
        sys.exit(str(problem))
