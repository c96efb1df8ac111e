"""Argument types and error reporting of the benchmarks' command lines."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from trainer.contract.files import Problem


def count(text: str) -> int:
    """Parse an integer above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer above 0")
    return int(text)


def minutes(text: str) -> float:
    """Parse a number above 0, `inf` included."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def new_file(text: str) -> Path:
    """Parse the path of an output file; fail before measuring if its folder does not exist."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"folder {str(path.parent)!r} does not exist")
    return path


def run(main: Callable[[], int | None]) -> NoReturn:
    """Exit with the code that `main` returns; print a `Problem` as one sentence without a traceback."""
    try:
        sys.exit(main())
    except Problem as problem:
        sys.exit(str(problem))
