"""Errors to be expected while the explorer runs: of files, devices and memory."""

from __future__ import annotations

from trainer.contract.files import Problem, clean

# Anything else that is raised is a bug and ends the program.
EXPECTED_ERRORS = (Problem, OSError, MemoryError)


def sentence(error: BaseException) -> str:
    """Return what went wrong, in one line."""
    if isinstance(error, MemoryError):
        return "there is not enough memory for that"
    if isinstance(error, OSError):
        where = f"{clean(str(error.filename))}: " if error.filename else ""
        return where + (error.strerror or clean(str(error)) or type(error).__name__)
    return str(error)
