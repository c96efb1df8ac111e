"""A modal screen that closes only once."""

from __future__ import annotations

from typing import TypeVar

from textual import events, messages
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.message import Message
from textual.screen import ModalScreen

from vaetui.tui.screen.driver import InputHandled

Answer = TypeVar("Answer")


class ClosesOnce(ModalScreen[Answer]):
    """A modal screen that can be dismissed only once, however many keys and clicks are queued.

    Keys that arrive together are queued before the first of them closes the screen. Textual would close
    another screen for each of the others, and end the app with the last screen.
    """

    BINDINGS = [Binding("ctrl+z", "app.suspend_process", priority=True)]  # noqa: RUF012 - Textual's interface
    _is_over = False

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Close the screen with a result; ignored if it is closed already or not on top."""
        if self._is_over or not self.is_active:
            return AwaitComplete()
        self._is_over = True
        return super().dismiss(result)

    async def _on_message(self, message: Message) -> None:
        """Handle a message; after `dismiss` only those that Textual needs to remove the screen."""
        is_own = isinstance(message, events.Event) or type(message).__module__ == messages.__name__
        if not self._is_over or (is_own and not isinstance(message, events.InputEvent)):
            await super()._on_message(message)
        elif isinstance(message, InputHandled):
            message.handled.set()
