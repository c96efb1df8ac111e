"""One chart of the view Loss: title, legend with the figures at the cursor, curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vaetui.format import fixed_or
from vaetui.render.cells import Colour
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.theme import BRIGHT, DIM, TEXT
from vaetui.tui.state.chart_settings import Split
from vaetui.tui.views.loss.curves import ACTIVE, QUANTITIES, Line, Overlay
from vaetui.tui.widgets.board import Rect
from vaetui.tui.widgets.charts import Axes, Curve, Frame, chart, epoch_label

Piece = tuple[str, Colour, bool]  # text, its colour, whether it is bold

_SPLITS = {"both": "validation, training faded", "validation": "validation", "training": "training"}
NO_RATE = "an autoencoder has none: its code is a point"


@dataclass(frozen=True, eq=False)
class Asked:
    """What all charts share: the runs, whose images, the axis, and where the cursor stands on it."""

    shown: Overlay
    split: Split
    is_log: bool
    epochs: tuple[int, int]
    epoch: int

    @property
    def is_end(self) -> bool:
        """Whether the cursor follows what comes; each run is read off at its own last epoch then."""
        return self.epoch == self.epochs[1]

    def read(self, curve: Curve) -> float | None:
        """The value of a curve at the cursor."""
        return curve.ys[-1] if self.is_end else curve.at(self.epoch)


def paint(canvas: Canvas, rect: Rect, name: str, asked: Asked, lines: Sequence[Line]) -> Frame | None:
    """Chart `name` with its `lines`; returns where its epochs lie, None where nothing could be drawn."""
    quantity = QUANTITIES[name]
    title = quantity.title([run.config for run in asked.shown.runs])
    column = canvas.text(rect.x, rect.y, fit(title, rect.width), BRIGHT, bold=True) + 2
    canvas.text(column, rect.y, fit(quantity.unit, rect.x + rect.width - column), DIM)
    if not lines:
        canvas.text(rect.x, rect.y + 1, NO_RATE, DIM)
        return None
    y = _legend(canvas, rect, [_entry(line, asked, quantity.digits, rect.width) for line in lines])
    if not asked.shown.is_alone:
        canvas.text(rect.x, y, fit(_note(name, asked), rect.width), DIM)
        y += 1
    curves = [curve for line in lines for curve in line.curves]
    is_log = asked.is_log and name != ACTIVE
    top = max(run.config.model.latent for run in asked.shown.runs) if name == ACTIVE else None
    axes = Axes(rect.width, max(rect.y + rect.height - y - 1, 4), *asked.epochs, is_log, top)
    frame = chart(canvas, rect.x, y, curves, axes, asked.epoch)
    if frame is None:
        nothing = "nothing above 0 for a logarithmic axis: press l" if is_log else "no figures to draw"
        canvas.text(rect.x, y + 1, nothing, DIM)
    else:
        epoch_label(canvas, rect.x, rect.y + rect.height - 1, frame, asked.epoch, is_log)
    return frame


def _entry(line: Line, asked: Asked, digits: int, width: int) -> list[Piece]:
    """What the legend says of a line: how it is drawn, name, values at the cursor, validation's first."""
    sign = (line.curves[0].marker or "━", line.curves[0].colour) if line.curves else ("–", DIM)
    is_bold = line.is_selected and not asked.shown.is_alone
    pieces = [
        (f"{sign[0]} ", sign[1], True),
        (fit(line.name, width - 14) + " ", BRIGHT if is_bold else TEXT, is_bold),
    ]
    if line.lack:
        return [*pieces, (line.lack, DIM, False)]
    for curve, colour in zip(line.curves, (BRIGHT, DIM), strict=False):
        pieces.append((fixed_or(asked.read(curve), digits, "–") + " ", colour, False))
    return pieces


def _legend(canvas: Canvas, rect: Rect, entries: Sequence[Sequence[Piece]]) -> int:
    """Write the entries in columns under the title; returns the row after them."""
    pitch = max(sum(len(text) for text, _, _ in entry) for entry in entries) + 1
    across = max((rect.width + 1) // pitch, 1)
    for place, entry in enumerate(entries):
        x = rect.x + place % across * pitch
        for text, colour, is_bold in entry:
            x = canvas.text(x, rect.y + 1 + place // across, text, colour, bold=is_bold)
    return rect.y + 1 + -(-len(entries) // across)


def _note(name: str, asked: Asked) -> str:
    """Whose curves these are, and what to mind when they are compared."""
    shown = asked.shown
    last = {run.epochs[-1].epoch for run in shown.runs if run.epochs}
    parts = (
        shown.warning(name),
        _SPLITS[asked.split] if QUANTITIES[name].has_splits else "",
        "each at its last epoch" if asked.is_end and len(last) > 1 else "",
        f"{shown.left_out} more marked" if shown.left_out else "",
    )
    return " · ".join(filter(None, parts))
