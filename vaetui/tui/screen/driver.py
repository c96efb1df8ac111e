"""The terminal driver of the app: input parsing, suspend and resume, and the size.

Textual's own driver ends the app at bytes that are not UTF-8, reads reports of the terminal as keys, starts
one more thread at each SIGCONT, and prefers COLUMNS and LINES to the terminal's size.
`textual_private.has_driver` returns whether this driver works with the installed version of Textual.
"""

from __future__ import annotations

import asyncio
import os
import re
import select
import shutil
import signal
import termios
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from textual import constants, events, messages
from textual.app import App
from textual.keys import Keys
from textual.message import Message

from vaetui.tui.screen.key_stream import EscapeSequence, KeyStream, Pasted, Token, Typed
from vaetui.tui.screen.textual_private import LinuxDriver, XTermParser

POLL_SECONDS = 0.1  # between two checks whether the app is closing
HANDLED_SECONDS = 1.0  # the longest that a key waits until the previous one has been handled
CALM_SECONDS = 0.05  # in which several SIGCONT count as one
UNSTOPPED_SECONDS = 0.3  # after which the kernel has ignored a stop: no shell could continue the process
READ_BYTES = 4096

_MOUSE = re.compile(r"\x1b\[<\d{1,6};-?\d{1,6};-?\d{1,6}[Mm]")
_CURSOR = re.compile(r"\x1b\[\d+;\d+R")  # the position of the cursor; Textual has keys of the same form
_SYNCHRONISED = re.compile(r"\x1b\[\?2026;[1-4]\$y")


@dataclass
class InputSent(Message, bubble=False):
    """Follows an event to the app; `handled` is set once the event has been handled."""

    handled: threading.Event = field(default_factory=threading.Event)


@dataclass
class InputHandled(Message):
    """Follows an event from the focused widget up to the app."""

    handled: threading.Event


class TerminalDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, made robust against any input and job-control signals.

    A key is sent once the one before it has been handled, so that keys that arrive together act as if typed
    one after the other, and no queue grows while the app is busy.
    """

    def __init__(self, app: App[Any], **settings: Any) -> None:
        super().__init__(app, **settings)
        self._size = self._size or self._get_terminal_size()
        self._is_started = False
        self._raw: list[Any] | None = None  # the attributes of the terminal while the app has it
        self._reclaiming: asyncio.TimerHandle | None = None
        self._loop.set_exception_handler(self._failed)
        # Replace Textual's handlers, which can interrupt the app anywhere.
        self._loop.add_signal_handler(signal.SIGTSTP, self.suspend)
        self._loop.add_signal_handler(signal.SIGCONT, self._continued)

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """End the app on an exception in an asyncio callback, which asyncio would only print."""
        error = context.get("exception")
        if isinstance(error, Exception) and self._app.is_running:
            self._app._handle_exception(error)
        else:
            loop.default_exception_handler(context)

    # --- size

    def _get_terminal_size(self) -> tuple[int, int]:
        """Return the size that the terminal reports, else $COLUMNS and $LINES, else 80×24."""
        try:
            size = os.get_terminal_size(self.fileno)
        except (OSError, ValueError):
            size = os.terminal_size((0, 0))
        return tuple(size) if min(size) > 0 else tuple(shutil.get_terminal_size())  # type: ignore[return-value]

    def _query_in_band_window_resize(self) -> None:
        """Do nothing: SIGWINCH and the terminal itself report the size."""

    def _resized(self) -> None:
        if self._is_started:
            width, height = self._get_terminal_size()
            self.send_message(events.Resize.from_dimensions((width, height), None))

    # --- taking and restoring the terminal

    def start_application_mode(self) -> None:
        """Take the terminal unless the app has it."""
        if self._is_started:
            return
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # Textual gives up if the process is in the background; SIGCONT follows with the foreground.
        self._is_started = self._key_thread is not None and self._key_thread.is_alive()
        if not self._is_started:
            return
        self._loop.add_signal_handler(signal.SIGWINCH, self._resized)
        try:
            self._raw = termios.tcgetattr(self.fileno)
        except termios.error:
            self._raw = None

    def stop_application_mode(self) -> None:
        """Restore the terminal unless that is done."""
        if self._is_started:
            super().stop_application_mode()
            self._is_started = False

    def write(self, data: str) -> None:
        """Write to the terminal if the app has it."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)

    def suspend(self) -> None:
        """Restore the terminal and stop the process group; `_resume` continues."""
        if self._is_started and self._auto_restart:
            self.suspend_application_mode()
            self._stop(signal.SIGTSTP)

    def _stop(self, number: signal.Signals) -> None:
        signal.signal(number, signal.SIG_DFL)
        os.kill(0, number)
        # The kernel may stop it a moment later, or not at all if no shell could continue it.
        self._loop.call_later(UNSTOPPED_SECONDS, self._resume)

    def _resume(self) -> None:
        if self._is_started or not self._auto_restart or not self._app.is_running:
            return
        if not self._is_in_front():
            self._stop(signal.SIGTTOU)  # as the kernel stops background programs that change the terminal
            return
        self._loop.add_signal_handler(signal.SIGTSTP, self.suspend)
        self._must_signal_resume = True  # the app draws everything again
        self.resume_application_mode()

    def _is_in_front(self) -> bool:
        try:
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        except OSError:  # not the terminal that controls this process
            return True

    def _continued(self) -> None:
        """Handle SIGCONT, from `fg` or sent otherwise, also after a SIGSTOP."""
        if self._reclaiming is None:
            self._reclaiming = self._loop.call_later(CALM_SECONDS, self._reclaim)

    def _reclaim(self) -> None:
        self._reclaiming = None
        if not self._is_started:
            self._resume()
        elif not self._is_in_front():
            self.suspend()
        elif self._app.is_running:
            self._set_modes()
            self.send_message(self.SignalResume())

    def _set_modes(self) -> None:
        """Restore the terminal modes that other programs may have changed while the process was stopped."""
        if self._raw is not None:
            try:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._raw)
            except termios.error:
                return
        self.write("\x1b[?1049h\x1b[?25l\x1b[?1004h")
        self._enable_mouse_support()
        self._enable_bracketed_paste()
        self._disable_line_wrap()
        self._resized()

    # --- input

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except Exception as error:
            self._loop.call_soon_threadsafe(self._app._handle_exception, error)

    def run_input_thread(self) -> None:
        """Read until the app or the terminal closes."""
        stream, reports = KeyStream(constants.ESCAPE_DELAY), EventParser(self._debug)
        while not self.exit_event.is_set():
            wait = stream.wait(time.monotonic())
            seconds = POLL_SECONDS if wait is None else min(wait, POLL_SECONDS)
            if select.select([self.fileno], [], [], seconds)[0]:
                try:
                    data = os.read(self.fileno, READ_BYTES)
                except BlockingIOError:
                    continue
                except OSError:  # the terminal has closed, which the app detects itself
                    return
                if not data:
                    return
                tokens = stream.feed(data, time.monotonic())
            else:
                tokens = stream.expire(time.monotonic())
            self._send(event for token in tokens for event in reports.of(token))

    def _send(self, all_events: Iterator[Message]) -> None:
        event: Message | None = None
        for event in all_events:
            if self.exit_event.is_set():
                return
            if isinstance(event, events.MouseEvent) and not self._is_inside(event):
                continue
            self.process_message(event)
            if isinstance(event, events.Key | events.Paste):
                self._await_handling()
        if event is not None:
            self._await_handling()

    def _is_inside(self, event: events.MouseEvent) -> bool:
        width, height = self._app.size
        return 0 <= event.x < width and 0 <= event.y < height

    def _await_handling(self) -> None:
        sent = InputSent()
        self.send_message(sent)
        deadline = time.monotonic() + HANDLED_SECONDS
        while not sent.handled.wait(POLL_SECONDS / 2):
            if self.exit_event.is_set() or time.monotonic() > deadline:
                return


class EventParser:
    """Converts tokens to events; unknown sequences give none."""

    def __init__(self, debug: bool = False) -> None:
        self._parser = XTermParser(debug)

    def of(self, token: Token) -> Iterator[Message]:
        """Return the events of one token."""
        match token:
            case Typed(text, is_alt):
                for character in text:
                    yield from self._typed(character, is_alt)
            case Pasted(text):
                yield events.Paste(text)
            case EscapeSequence(text):
                yield from self._codes(text)

    def _typed(self, character: str, is_alt: bool) -> Iterator[Message]:
        keys = self._keys("\x1b" + character) if is_alt else []
        yield from keys or self._keys(character, is_alt)

    def _codes(self, text: str) -> Iterator[Message]:
        if text in _SINGLE:
            yield _SINGLE[text]()
        elif _MOUSE.fullmatch(text):
            event = self._parser.parse_mouse_code(text)
            if event is not None:
                yield event
        elif _SYNCHRONISED.fullmatch(text):
            yield messages.TerminalSupportsSynchronizedOutput()
        elif not _CURSOR.fullmatch(text):
            yield from self._keys(text)

    def _keys(self, sequence: str, is_alt: bool = False) -> list[events.Key]:
        try:
            keys = list(self._parser._sequence_to_key_events(sequence, is_alt))
        except (ValueError, OverflowError):  # a number that is no character
            return []
        return [key for key in keys if key.key != Keys.Ignore]


_SINGLE: dict[str, Callable[[], Message]] = {
    "\x1b": lambda: events.Key("escape", "\x1b"),
    "\x1b[I": events.AppFocus,
    "\x1b[O": events.AppBlur,
}
