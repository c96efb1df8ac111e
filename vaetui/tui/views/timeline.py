"""What the views share that can show the epochs of a training."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from vaetui.runs.timeline import Timeline
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.state.loaded import Loaded
from vaetui.tui.state.notice import NoticePosted
from vaetui.tui.state.selection import Selection
from vaetui.tui.state.view_state import ViewState
from vaetui.tui.views.base import View, caption, that_hold, write_lines
from vaetui.tui.widgets.sliders import slider


class TimelineView(View):
    """A view that shows a frame of the run's timeline while an epoch is selected.

    Subclasses paint a frame in `paint_frame`.
    """

    _seen: Timeline | None = None  # which stays until another is read

    @property
    def is_past(self) -> bool:
        """Return whether an epoch is shown instead of the model."""
        return self.state.selection.epoch is not None

    def show(self, state: ViewState, loaded: Mapping[str, Loaded[Any]]) -> None:
        """Show another state; the epoch is that of the nearest frame."""
        epoch, timeline = state.selection.epoch, state.timeline
        if epoch is not None and timeline is not None:
            epoch = timeline.epochs[timeline.place(epoch)]
        self.past_epoch = epoch
        super().show(state, loaded)

    @property
    def facts(self) -> frozenset[str]:
        """Return whether there is a timeline, whether it is shown."""
        return that_hold(timeline=self.state.timeline, past=self.is_past)

    @property
    def concerns(self) -> tuple[object, ...]:
        """Return the timeline, too."""
        return (*super().concerns, self.state.timeline, self.state.no_timeline)

    # --- keys

    def why_not(self, fact: str) -> str:
        """Return why there is no timeline, too."""
        return self.state.no_timeline if fact == "timeline" else super().why_not(fact)

    def action_epoch(self, by: int) -> None:
        """Go to the previous or the next epoch."""
        timeline = self._timeline()
        if timeline is not None:
            self.change(lambda selection: _stepped(selection, timeline, by))

    def action_to_epoch(self, epoch: int) -> None:
        """Go to one epoch."""
        self.change(lambda selection: dataclasses.replace(selection, epoch=epoch))

    def action_newest(self) -> None:
        """Go back to the model."""
        self.player.stop()
        self.change(lambda selection: dataclasses.replace(selection, epoch=None))

    def action_play(self) -> None:
        """Play the epochs up to the last, from the first if that is selected; or pause."""
        timeline = self._timeline()
        if timeline is None:
            return
        if not self.player.stop():
            self.player.toggle()
            if _place(self.state.selection, timeline) >= timeline.last:
                self.change(lambda selection: dataclasses.replace(selection, epoch=timeline.epochs[0]))
        self.repaint()

    def _timeline(self) -> Timeline | None:
        if self.state.timeline is None and self.state.no_timeline:
            self.post_message(NoticePosted(self.state.no_timeline))
        return self.state.timeline

    def play_on(self) -> None:
        """Show the next epoch, or pause at the last."""
        timeline = self.state.timeline
        if timeline is None or _place(self.state.selection, timeline) >= timeline.last:
            self.player.stop()
            self.repaint()
        else:
            self.change(lambda selection: _stepped(selection, timeline, 1))

    # --- painting

    def paint(self, canvas: Canvas) -> None:
        """Paint the frame of the epoch, or the model without one."""
        state, epoch = self.state, self.state.selection.epoch
        if state.run is None or epoch is None:
            super().paint(canvas)
            return
        if state.timeline is not None or state.no_timeline:
            self._seen = state.timeline
        if self._seen is None:
            sentence = state.no_timeline and f"{state.no_timeline}. End shows the model as it is."
            write_lines(canvas, (sentence,))
            return
        place = self._seen.place(epoch)
        frame, last = self._seen.epochs[place], self._seen.epochs[-1]
        nearest = f", nearest to {epoch}" if frame != epoch else ""
        head = f"epoch {frame} of {last}, from the timeline{nearest}", "End: newest"
        free, words = self.paint_frame(canvas, self._seen, place)
        if free < canvas.height - 1:
            caption(canvas, 0, *head)
            lines = _lines(words, canvas.width - 2)[: canvas.height - 1 - free]
            for y, line in enumerate(lines, canvas.height - 1 - len(lines)):
                caption(canvas, y, line)
        else:
            caption(canvas, 0, *head, *words)
        slider(canvas, canvas.height - 1, self._seen, place, self.player.is_playing)

    def paint_frame(self, canvas: Canvas, timeline: Timeline, place: int) -> tuple[int, tuple[str, ...]]:
        """Paint a frame between the first line and the last.

        Returns the first row below it, and words about it, the most important first.
        """
        raise NotImplementedError


def _lines(parts: tuple[str, ...], width: int) -> list[str]:
    """Join parts to lines of at most `width` columns, or of one part."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 2 + len(part) <= width:
            lines[-1] += f"  {part}"
        else:
            lines.append(part)
    return lines


def _place(selection: Selection, timeline: Timeline) -> int:
    """Return the place of the frame that is shown; behind the last for the model."""
    return timeline.last + 1 if selection.epoch is None else timeline.place(selection.epoch)


def _stepped(selection: Selection, timeline: Timeline, by: int) -> Selection:
    """Select the next frame; from the model back to the frame before the last, which is the model."""
    if selection.epoch is None:
        if by > 0:
            return selection
        place = max(timeline.last - 1, 0)
    else:
        place = min(max(timeline.place(selection.epoch) + by, 0), timeline.last)
    return dataclasses.replace(selection, epoch=timeline.epochs[place])
