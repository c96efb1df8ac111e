"""What moves by itself: a step at a time, while it is seen and the line keeps up."""

from __future__ import annotations

import os
from collections.abc import Callable

from textual.timer import Timer
from textual.widget import Widget

from vaetui.tui.screen.textual_private import is_output_pending

FRAMES, FRAMES_OVER_SSH = 10, 5  # a second


class Player:
    """Plays what `widget` shows: `step` is what it does for each frame. It stands still at first."""

    def __init__(self, widget: Widget, step: Callable[[], object]) -> None:
        self.is_playing = False
        self._widget, self._step = widget, step
        self._timer: Timer | None = None

    def toggle(self) -> None:
        """Play, or stand still."""
        if self._timer is None:
            rate = FRAMES_OVER_SSH if os.environ.get("SSH_CONNECTION") else FRAMES
            self._timer = self._widget.set_interval(1 / rate, self._tick, pause=True)
        self.is_playing = not self.is_playing
        (self._timer.resume if self.is_playing else self._timer.pause)()

    def stop(self) -> bool:
        """Stand still. Returns whether it was playing."""
        was_playing = self.is_playing
        if was_playing:
            self.toggle()
        return was_playing

    def _tick(self) -> None:
        """A step, unless nobody sees it or the last frames have not gone out yet."""
        widget = self._widget
        if widget.is_on_screen and widget.app.screen is widget.screen and not is_output_pending(widget.app):
            self._step()
