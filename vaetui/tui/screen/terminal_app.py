"""Base class of the app: handle keys in order, suspend on Ctrl-Z, report an exception in one line."""

from __future__ import annotations

from typing import Any, TypeVar

from rich.color import Color
from rich.console import RenderableType
from textual.screen import Screen
from textual.theme import Theme as TextualTheme

from vaetui.render.themes import Theme
from vaetui.tui.screen import textual_private
from vaetui.tui.screen.diff_renderer import DiffApp
from vaetui.tui.screen.driver import InputHandled, InputSent, TerminalDriver

Result = TypeVar("Result")


def textual_theme(theme: Theme) -> TextualTheme:
    """Return the theme of what Textual draws itself: the command palette and its input."""
    colours = (theme.accent, theme.warning, theme.text, theme.background, theme.panel)
    accent, warning, text, background, panel = (Color.from_rgb(*colour).name for colour in colours)
    return TextualTheme(
        theme.name,
        primary=accent,
        accent=accent,
        warning=warning,
        error=warning,
        foreground=text,
        background=background,
        surface=panel,
        panel=panel,
        dark=theme.is_dark,
    )


class MainScreen(Screen[None], inherit_bindings=False):
    """The screen below all dialogs; without Textual's bindings of Tab, which moves a focus, and ^c."""


class TerminalApp(DiffApp[Result]):
    """The base of the explorer; `failure` is the exception that ended it, if one did."""

    failure: BaseException | None = None

    def __init__(self, **settings: Any) -> None:
        driver = TerminalDriver if textual_private.has_driver() else None
        super().__init__(driver_class=driver, **settings)

    def get_default_screen(self) -> Screen[None]:
        """Return the screen that the app begins with."""
        return MainScreen(id="_default")

    def on_input_sent(self, message: InputSent) -> None:
        """Send a message that reaches the app once the event before it has been handled."""
        target = (self.focused or self.screen) if self.screen_stack else None
        if target is None or not target.post_message(InputHandled(message.handled)):
            message.handled.set()

    def on_input_handled(self, message: InputHandled) -> None:
        """Let the driver send the next event."""
        message.handled.set()

    def action_suspend_process(self) -> None:
        """Restore the terminal and stop the process, until the shell's `fg`."""
        driver = getattr(self, "_driver", None)
        if isinstance(driver, TerminalDriver):
            driver.suspend()
        else:
            super().action_suspend_process()

    def fail(self, error: BaseException) -> None:
        """Exit because of an exception; to be called in the thread of the app."""
        if self.failure is None:
            # Textual wraps the exceptions of workers.
            self.failure = getattr(error, "error", None) or error
        self.exit(return_code=1)

    def _handle_exception(self, error: Exception) -> None:
        self.fail(error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Print nothing: Textual would print every local variable of every function."""

    def panic(self, *renderables: RenderableType) -> None:  # noqa: ARG002
        """Exit and print nothing, as above."""
        self.exit(return_code=1)
