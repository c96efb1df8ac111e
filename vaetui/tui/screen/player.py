"""Playback: one step per frame while the widget is visible and the line keeps up."""

from __future__ import annotations

import os
from collections.abc import Callable

from textual.timer import Timer
from textual.widget import Widget

from vaetui.tui.screen.textual_private import is_output_pending

FRAMES, FRAMES_OVER_SSH = 10, 5  # a second


class Player:
    """Calls `step` for each frame of `widget`; begins paused."""

    def __init__(self, widget: Widget, step: Callable[[], object]) -> None:
        self.is_playing = False
        self._widget, self._step = widget, step
        self._timer: Timer | None = None

    def toggle(self) -> None:
        """Play or pause."""
        if self._timer is None:
            rate = FRAMES_OVER_SSH if os.environ.get("SSH_CONNECTION") else FRAMES
            self._timer = self._widget.set_interval(1 / rate, self._tick, pause=True)
        self.is_playing = not self.is_playing
        (self._timer.resume if self.is_playing else self._timer.pause)()

    def stop(self) -> bool:
        """Pause; return whether it was playing."""
        was_playing = self.is_playing
        if was_playing:
            self.toggle()
        return was_playing

    def _tick(self) -> None:
        """Call `step` unless the widget is hidden or earlier frames wait for a slow line."""
        widget = self._widget
        if widget.is_on_screen and widget.app.screen is widget.screen and not is_output_pending(widget.app):
            self._step()
