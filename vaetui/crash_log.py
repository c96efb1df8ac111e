"""The log of an exception that ended the explorer."""

from __future__ import annotations

import platform
import time
import traceback
from pathlib import Path

import platformdirs

from trainer.contract.files import clean
from vaetui.errors import EXPECTED_ERRORS, sentence

FILE_NAME = "explorer-crash.log"


def default_path() -> Path:
    """Return the path of the log, in XDG's state folder."""
    return platformdirs.user_state_path("vaetui") / FILE_NAME


def report(error: BaseException, path: Path) -> str:
    """Write the traceback of `error` to `path` and return a line that names both.

    Where the file cannot be written the traceback follows.
    """
    from importlib.metadata import version

    name = type(error).__name__
    said = clean(str(error), 200)
    about = sentence(error) if isinstance(error, EXPECTED_ERRORS) else f"{name}: {said}" if said else name
    text = "".join(traceback.format_exception(error))
    head = (
        f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')}, vaetui {version('vaetui')}, textual {version('textual')}, "
        f"Python {platform.python_version()}, {platform.platform()}\n"
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + text, encoding="utf-8", errors="backslashreplace")
    except OSError as trouble:
        unwritten = f"(not written to a log: {sentence(trouble)})"
        return f"vaetui: the explorer failed: {about}\n{head}{text}{unwritten}\n"
    return f"vaetui: the explorer failed: {about}; the traceback is in {clean(str(path))}\n"
