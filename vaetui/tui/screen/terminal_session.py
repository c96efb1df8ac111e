"""Run the app on a terminal that is restored however the app ends."""

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

EXIT_SECONDS = 2.0  # for an orderly end after a signal; a dead line may block the app for ever
# Leave the alternate screen; reset cursor, wrapping and colours; no mouse, paste and focus reports.
_RESTORE = b"\x1b[<u\x1b[?1049l\x1b[0m\x1b[?25h\x1b[?7h" + b"".join(
    b"\x1b[?%dl" % mode for mode in (1000, 1003, 1015, 1006, 1004, 2004, 2048)
)


class _TerminalSession:
    """A run of `app` on the terminal of standard input, which is restored in any case."""

    def __init__(self, app: TerminalApp[Any], report: Callable[[BaseException], str]) -> None:
        self._app, self._report = app, report
        self._terminal = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._terminal)

    def restore(self) -> None:
        """Restore modes and screen of the terminal."""
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(self._terminal, termios.TCSANOW, self._before)
            termios.tcflush(self._terminal, termios.TCOFLUSH)
            os.write(self._terminal, _RESTORE)

    def on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Close the app; end the process if that takes too long."""
        code = 128 + number
        _after(EXIT_SECONDS, self._force, code)
        try:
            exit_app = functools.partial(self._app.exit, return_code=code)
            asyncio.get_running_loop().call_soon_threadsafe(exit_app)
        except RuntimeError:  # the loop has not begun, or has ended
            sys.exit(code)

    def on_thread_failure(self, failed: threading.ExceptHookArgs) -> None:
        """Close the app because of an exception in a thread."""
        if has_hung_up():  # nothing can be written any more, which is no failure of the app
            os.kill(os.getpid(), signal.SIGHUP)
            return
        self._app.failure = self._app.failure or failed.exc_value
        _after(EXIT_SECONDS, self._force, 1)
        loop = textual_private.event_loop(self._app)
        if loop is not None and failed.exc_value is not None:
            loop.call_soon_threadsafe(self._app.fail, failed.exc_value)

    def _force(self, code: int) -> None:
        """End the process now, even if the terminal blocks output."""
        _after(0.5, os._exit, code)
        self.restore()
        if self._app.failure is not None and not has_hung_up():
            with contextlib.suppress(OSError):
                os.write(self._terminal, self._report(self._app.failure).encode())
        os._exit(code)


def _after(seconds: float, work: Callable[[int], object], code: int) -> None:
    timer = threading.Timer(seconds, work, (code,))
    timer.daemon = True
    timer.start()


def run(app: TerminalApp[Any], mouse: bool, report: Callable[[BaseException], str]) -> int:
    """Run `app` on the terminal of standard input and return its exit code.

    SIGINT, SIGTERM and SIGHUP close the app, or end the process if that takes longer than `EXIT_SECONDS`.
    After an exception in any thread the exit code is not 0, the terminal is restored, and `report(exception)`
    is printed. A closed terminal counts as SIGHUP, whatever fails because of it.
    """
    session = _TerminalSession(app, report)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, session.on_signal)
    threading.excepthook = session.on_thread_failure
    try:
        app.run(mouse=mouse)
    except Exception as error:
        app.failure = app.failure or error
        session.restore()
    if has_hung_up():
        return 128 + signal.SIGHUP
    if app.failure is not None:
        sys.stderr.write(report(app.failure))
        return app.return_code or 1
    return app.return_code or 0


def has_hung_up() -> bool:
    """Return whether the terminal of standard input has closed; Textual would read its end for ever."""
    if sys.__stdin__ is None or sys.__stdin__.closed:
        return True
    poll = select.poll()
    try:
        poll.register(sys.__stdin__, 0)
        return bool(poll.poll(0))
    except (OSError, ValueError):
        return False  # no file descriptor, as in tests
