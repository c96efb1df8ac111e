"""The slider of a timeline."""

from __future__ import annotations

from vaetui.render.theme import ACCENT, DIM, LINE, TEXT
from vaetui.runs.timeline import Timeline
from vaetui.tui.screen.canvas import Canvas


def slider(canvas: Canvas, y: int, timeline: Timeline, place: int, is_playing: bool) -> None:
    """Paint the epochs from first to last as a line with a mark at `place`; a click goes to an epoch."""
    epochs = timeline.epochs
    label = "plays" if is_playing else "space plays"
    start = canvas.text(canvas.text(1, y, "epoch", DIM) + 1, y, str(epochs[0]), TEXT) + 1
    end = canvas.right(canvas.width - len("space plays") - 3, y, str(epochs[-1]), TEXT) - 1
    canvas.text(canvas.width - len("space plays") - 1, y, label, ACCENT if is_playing else DIM)
    long = max(end - start, 2)
    at = round(place / max(timeline.last, 1) * (long - 1))
    canvas.text(start, y, "━" * at, ACCENT)
    canvas.text(start + at, y, "●", ACCENT, bold=True)
    canvas.text(start + at + 1, y, "─" * (long - 1 - at), LINE)
    for column in range(long):
        goal = epochs[round(column / (long - 1) * timeline.last)]
        canvas.click(start + column, y, 1, 1, f"to_epoch({goal})")
