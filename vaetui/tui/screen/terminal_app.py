"""An app base class: keys are handled in order, Ctrl-Z suspends, an exception is reported in one line.

What is private of Textual is used here as it is in version 8.2.8.
"""

from __future__ import annotations

from typing import Any, TypeVar

from rich.console import RenderableType

from vaetui.tui.screen.diff_renderer import DiffApp
from vaetui.tui.screen.driver import InputHandled, InputSent, TerminalDriver

Result = TypeVar("Result")


class TerminalApp(DiffApp[Result]):
    """The base of the explorer; `failure` is the exception that ended it, if one did."""

    failure: BaseException | None = None

    def __init__(self, **settings: Any) -> None:
        super().__init__(driver_class=TerminalDriver, **settings)

    def on_sent(self, message: InputSent) -> None:
        """Send a message after the event, which says when that has been acted upon."""
        target = (self.focused or self.screen) if self.screen_stack else None
        if target is None or not target.post_message(InputHandled(message.handled)):
            message.handled.set()

    def on_passed(self, message: InputHandled) -> None:
        """Let the next event come."""
        message.handled.set()

    def action_suspend_process(self) -> None:
        """Give the terminal back and stop, until the shell's `fg`."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.suspend()

    def fail(self, error: BaseException) -> None:
        """End because of an exception; to be called in the thread of the app."""
        if self.failure is None:
            # Textual wraps what a worker raised.
            self.failure = getattr(error, "error", None) or error
        self._return_code = 1
        self._close_messages_no_wait()

    def _handle_exception(self, error: Exception) -> None:
        self.fail(error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Print nothing: Textual would print every local variable of every function."""

    def panic(self, *renderables: RenderableType) -> None:  # noqa: ARG002
        """Print nothing, as above."""
        self._close_messages_no_wait()
