"""The terminal driver of the app: input parsing, suspend and resume, and the size.

Textual's own driver ends the app at bytes that are no UTF-8, takes reports of the terminal for keys, starts
one more thread at each SIGCONT, and believes COLUMNS and LINES. `textual_private.has_driver` tells whether
this driver works with the installed version of Textual.
"""

from __future__ import annotations

import asyncio
import os
import re
import select
import shutil
import signal
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

from textual import constants, events, messages
from textual.app import App
from textual.keys import Keys
from textual.message import Message

from vaetui.tui.screen.input_messages import InputSent
from vaetui.tui.screen.key_stream import EscapeSequence, KeyStream, Pasted, Token, Typed
from vaetui.tui.screen.textual_private import LinuxDriver, XTermParser

POLL_SECONDS = 0.1  # between two checks whether the app is closing
HANDLED_SECONDS = 1.0  # that a key waits until the previous one has been handled, at most
CALM_SECONDS = 0.05  # in which several SIGCONT count as one
UNSTOPPED_SECONDS = 0.3  # after which a stop was not taken: nobody is there to go on with a process group
READ_BYTES = 4096

_MOUSE = re.compile(r"\x1b\[<\d{1,6};-?\d{1,6};-?\d{1,6}[Mm]")
_CURSOR = re.compile(r"\x1b\[\d+;\d+R")  # where the cursor is; Textual has keys that look alike
_SYNCHRONISED = re.compile(r"\x1b\[\?2026;[1-4]\$y")


class TerminalDriver(LinuxDriver):
    """Textual's driver for Linux and macOS, made robust against any input and job-control signals.

    A key is sent when the one before it has been acted upon, so that keys that arrive together mean what they
    mean one after the other, and nothing piles up while the app is busy.
    """

    def __init__(self, app: App[Any], **settings: Any) -> None:
        super().__init__(app, **settings)
        self._size = self._size or self._get_terminal_size()
        self._is_started = False
        self._raw: list[Any] | None = None  # the attributes of the terminal while the app has it
        self._reclaiming: asyncio.TimerHandle | None = None
        self._loop.set_exception_handler(self._failed)
        # In place of Textual's handlers, which run in the middle of whatever the app is doing.
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

    # --- taking the terminal and giving it back

    def start_application_mode(self) -> None:
        """Take the terminal; does nothing where the app has it."""
        if self._is_started:
            return
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # It gives up where the process was in the background; SIGCONT comes when it is not.
        self._is_started = self._key_thread is not None and self._key_thread.is_alive()
        if not self._is_started:
            return
        self._loop.add_signal_handler(signal.SIGWINCH, self._resized)
        try:
            self._raw = termios.tcgetattr(self.fileno)
        except termios.error:
            self._raw = None

    def stop_application_mode(self) -> None:
        """Give the terminal back; does nothing where that is done."""
        if self._is_started:
            super().stop_application_mode()
            self._is_started = False

    def write(self, data: str) -> None:
        """Write to the terminal; nothing is written while others have it."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)

    def suspend(self) -> None:
        """Give the terminal back and stop, with the whole process group; `_resume` goes on."""
        if self._is_started and self._auto_restart:
            self.suspend_application_mode()
            self._stop(signal.SIGTSTP)

    def _stop(self, number: signal.Signals) -> None:
        signal.signal(number, signal.SIG_DFL)
        os.kill(0, number)
        # The kernel may stop it a moment later, and does not at all where no shell could go on with it.
        self._loop.call_later(UNSTOPPED_SECONDS, self._resume)

    def _resume(self) -> None:
        if self._is_started or not self._auto_restart or not self._app.is_running:
            return
        if not self._is_in_front():
            self._stop(signal.SIGTTOU)  # as any program that would change the terminal from behind
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
        """Take SIGCONT: of `fg`, or of somebody who sent it, or who stopped the process by SIGSTOP."""
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
        """Read until the app is left or the terminal is gone."""
        stream, reports = KeyStream(constants.ESCAPE_DELAY), EventParser(self._debug)
        while not self.exit_event.is_set():
            wait = stream.wait(time.monotonic())
            seconds = POLL_SECONDS if wait is None else min(wait, POLL_SECONDS)
            if select.select([self.fileno], [], [], seconds)[0]:
                try:
                    data = os.read(self.fileno, READ_BYTES)
                except BlockingIOError:
                    continue
                except OSError:  # the line is down, which the app finds out by itself
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
    """Converts tokens to events; sequences that are no key, mouse event or answer give none."""

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
        found = self._keys("\x1b" + character) if is_alt else []
        yield from found or self._keys(character, is_alt)

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
            found = list(self._parser._sequence_to_key_events(sequence, is_alt))
        except (ValueError, OverflowError):  # a number that is no character
            return []
        return [key for key in found if key.key != Keys.Ignore]


_SINGLE: dict[str, Callable[[], Message]] = {
    "\x1b": lambda: events.Key("escape", "\x1b"),
    "\x1b[I": events.AppFocus,
    "\x1b[O": events.AppBlur,
}
