"""The terminal under the app: refused where it cannot show it, given back however the app ends."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from vaetui.tui.screen import textual_private

if TYPE_CHECKING:
    from vaetui.tui.screen.terminal_app import TerminalApp

EXIT_SECONDS = 2.0  # seconds for an orderly end after a signal; a dead line may hold the app up for ever
# Leave the alternative screen; cursor, wrapping and colours as usual; no mouse, paste and focus reports.
_RESTORE = b"\x1b[<u\x1b[?1049l\x1b[0m\x1b[?25h\x1b[?7h" + b"".join(
    b"\x1b[?%dl" % mode for mode in (1000, 1003, 1015, 1006, 1004, 2004, 2048)
)


def run(app: TerminalApp[Any], mouse: bool, report: Callable[[BaseException], str]) -> int:
    """Run `app` on the terminal of standard input and return its exit code.

    SIGINT, SIGTERM and SIGHUP close the app, or end the process if that takes longer than `EXIT_SECONDS`.
    After an exception in any thread the exit code is not 0, the terminal is restored, and what `report`
    makes of the exception is printed. A closed terminal counts as SIGHUP, whatever fails because of it.
    """
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    def restore() -> None:
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(terminal, termios.TCSANOW, before)
            termios.tcflush(terminal, termios.TCOFLUSH)
            os.write(terminal, _RESTORE)

    def force(code: int) -> None:
        in_background(0.5, os._exit, code)  # a line that takes nothing would hold up the writing, too
        restore()
        if app.failure is not None and not has_hung_up():
            with contextlib.suppress(OSError):
                os.write(terminal, report(app.failure).encode())
        os._exit(code)

    def in_background(seconds: float, work: Callable[[int], object], code: int) -> None:
        timer = threading.Timer(seconds, work, (code,))
        timer.daemon = True
        timer.start()

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        code = 128 + number
        in_background(EXIT_SECONDS, force, code)
        try:
            asyncio.get_running_loop().call_soon_threadsafe(functools.partial(app.exit, return_code=code))
        except RuntimeError:  # it has not begun, or is at its end
            sys.exit(code)

    def fail(failed: threading.ExceptHookArgs) -> None:
        if has_hung_up():  # what cannot be written any more is no failure of the app
            os.kill(os.getpid(), signal.SIGHUP)
            return
        app.failure = app.failure or failed.exc_value
        in_background(EXIT_SECONDS, force, 1)
        loop = textual_private.event_loop(app)
        if loop is not None and failed.exc_value is not None:
            loop.call_soon_threadsafe(app.fail, failed.exc_value)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    threading.excepthook = fail
    try:
        app.run(mouse=mouse)
    except Exception as error:
        app.failure = app.failure or error
        restore()
    if has_hung_up():
        return 128 + signal.SIGHUP
    if app.failure is not None:
        sys.stderr.write(report(app.failure))
        return app.return_code or 1
    return app.return_code or 0


def has_hung_up() -> bool:
    """Whether nobody is at the other end of standard input any more; Textual would read its end for ever."""
    if sys.__stdin__ is None or sys.__stdin__.closed:
        return True
    poll = select.poll()
    try:
        poll.register(sys.__stdin__, 0)
        return bool(poll.poll(0))
    except (OSError, ValueError):
        return False  # no descriptor, as in tests: nothing to hang up
