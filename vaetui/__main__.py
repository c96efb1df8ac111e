"""The entry point of `vaetui` and of `python -m vaetui`.

Ctrl-C is taken care of before anything else is imported, since importing takes a while; so this module
imports only what Python itself has loaded already.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing takes milliseconds to import
if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its code; Ctrl-C ends it quietly at any moment, with 130."""
    sys.unraisablehook = _end_or_report
    try:
        _open_closed_streams()
        import signal

        signal.signal(signal.SIGINT, _interrupt)
        from vaetui.cli.hangup import end_with_terminal
        from vaetui.cli.main import main as command_line

        end_with_terminal()
        try:
            command_line()
        finally:
            signal.signal(signal.SIGINT, _leave)  # while Python tidies up, too
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or end the process at once while modules are being imported.

    An exception there could be lost in a callback of the import system, or come out as another one.
    """
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            _leave(number, frame)
        frame = frame.f_back
    raise KeyboardInterrupt


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


def _end_or_report(unraisable: sys.UnraisableHookArgs) -> None:
    """End the process where an interrupt cannot be raised, as in a callback; report all else as usual."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        os._exit(INTERRUPTED)
    sys.__unraisablehook__(unraisable)


def _open_closed_streams() -> None:
    """Open the null device for closed standard streams, so that no other file gets their numbers."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    main()
