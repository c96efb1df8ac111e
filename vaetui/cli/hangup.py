"""End a command when its terminal closes, even if SIGHUP is ignored or not delivered."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Sequence

PATIENCE = 1.5  # seconds for an orderly end, after which the process is killed
HUNG_UP = 128 + signal.SIGHUP

_OUTPUTS = (1, 2)


def end_with_terminal() -> None:
    """Send this process a SIGHUP when a terminal that it writes to closes.

    Under nohup, which redirects what would go to a terminal, SIGHUP stays ignored.
    """
    terminals = [descriptor for descriptor in _OUTPUTS if os.isatty(descriptor)]
    if not terminals:
        return
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    threading.Thread(target=_wait, args=(terminals,), daemon=True).start()


def _wait(terminals: Sequence[int]) -> None:
    if not hung_up(terminals, seconds=None):
        return
    os.kill(os.getpid(), signal.SIGHUP)
    time.sleep(PATIENCE)
    os._exit(HUNG_UP)


def hung_up(descriptors: Sequence[int], seconds: float | None = 0.0) -> list[int]:
    """Return which of the open files have lost their other end; None waits until one has."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, 0)
    events = poll.poll(None if seconds is None else seconds * 1000)
    return [descriptor for descriptor, event in events if event & select.POLLHUP]


def silence() -> bool:
    """Redirect output to closed terminals to the null device; return whether one has closed."""
    closed = hung_up(_OUTPUTS)  # isatty() is False for a closed terminal
    for descriptor in closed:
        discard(descriptor)
    return bool(closed)


def discard(descriptor: int) -> None:
    """Redirect an open file to the null device."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)
