"""One chart of the view Loss: title, legend with the values at the cursor, curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vaetui.format import fixed_or
from vaetui.render import theme
from vaetui.render.chart import Axes, Curve
from vaetui.render.colours import Colour, blend
from vaetui.render.theme import ACCENT, BACKGROUND, BRIGHT, CLASS_COLOURS, DIM, TEXT
from vaetui.runs.curves import ACTIVE, MOST, QUANTITIES, CurveCache, PlottedRuns
from vaetui.runs.run_watcher import Run
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.state.chart_settings import Split
from vaetui.tui.widgets.charts import EpochAxis, draw_chart, epoch_label
from vaetui.tui.widgets.layout import Rect

Piece = tuple[str, Colour, bool]  # text, its colour, whether it is bold

NO_RATE = "an autoencoder has none: its code is a point"
_SPLITS = {"both": "validation, training faded", "validation": "validation", "training": "training"}
# Of marked runs, distinct for any colour vision; the last, the accent, is that of a run without a mark.
_COLOURS = (*(CLASS_COLOURS[number] for number in (5, 3, 7, 1, 9, 8, 6, 2)), ACCENT)
_LETTERS = "12345678"  # of runs where colours are few


@dataclass(frozen=True)
class Entry:
    """One entry of a legend and its curves, validation before training; without any, `missing` says why."""

    name: str
    curves: tuple[Curve, ...]
    missing: str = ""
    is_selected: bool = False


@dataclass(frozen=True, eq=False)
class PlotSettings:
    """Settings that all charts share: the runs, the split, the axis, and the epoch of the cursor."""

    shown: PlottedRuns
    split: Split
    is_log: bool
    epochs: tuple[int, int]
    epoch: int

    @property
    def is_end(self) -> bool:
        """Return whether the cursor follows the last epoch, which may differ from run to run."""
        return self.epoch == self.epochs[1]

    def value(self, curve: Curve, digits: int) -> str:
        """Write the value of a curve at the cursor, "–" where there is none."""
        return fixed_or(curve.ys[-1] if self.is_end else curve.at(self.epoch), digits, "–")


def entries(settings: PlotSettings, name: str, cache: CurveCache, in_letters: bool) -> list[Entry]:
    """Return the legend of quantity `name`: an entry a run, the selected one first; of one run, a split."""
    quantity, shown = QUANTITIES[name], settings.shown
    split: Split = settings.split if quantity.has_splits else "training"  # its value is of the epoch
    splits = ("validation", "training") if split == "both" else (split,)

    def curve(run: Run, split: str, colour: Colour, letter: str) -> list[Curve]:
        curve = Curve(colour, *cache.points(run, name, split), letter if in_letters else "")
        return [curve] if curve.xs and not quantity.is_missing(run) else []

    if shown.is_single and quantity.has_splits:
        styles = (("training", DIM, "·"), ("validation", ACCENT, "*"))
        shown_styles = [style for style in styles if style[0] in splits]
        return [Entry(style[0], (each,)) for style in shown_styles for each in curve(shown.runs[0], *style)]
    legend = []
    for place, (run, label) in enumerate(zip(shown.runs, shown.names, strict=True)):
        colour = _COLOURS[min(shown.places[place], MOST)]
        curves = curve(run, splits[0], colour, _LETTERS[place])
        if split == "both":
            curves += curve(run, "training", blend(BACKGROUND, colour, 0.5), "·")
        missing = "no figures yet" if not run.epochs else f"no {split}"
        missing = "has none" if quantity.is_missing(run) else "" if curves else missing
        legend.append(Entry(label, tuple(curves), missing, place == 0))
    return legend


def paint(
    canvas: Canvas, rect: Rect, name: str, settings: PlotSettings, cache: CurveCache
) -> EpochAxis | None:
    """Paint the chart of quantity `name`; return its axis of epochs, None if there is no curve."""
    quantity, runs = QUANTITIES[name], settings.shown.runs
    title = quantity.title([run.config for run in runs])
    column = canvas.text(rect.x, rect.y, fit(title, rect.width), BRIGHT, bold=True) + 2
    canvas.text(column, rect.y, fit(quantity.unit, rect.x + rect.width - column), DIM)
    legend = entries(settings, name, cache, theme.needs_letters(canvas.terminal))
    if not legend:
        canvas.text(rect.x, rect.y + 1, NO_RATE, DIM)
        return None
    y = _legend(canvas, rect, [_pieces(entry, settings, quantity.digits, rect.width) for entry in legend])
    if not settings.shown.is_single:
        canvas.text(rect.x, y, fit(_note(name, settings), rect.width), DIM)
        y += 1
    is_log = settings.is_log and name != ACTIVE
    top = max(run.config.model.latent for run in runs) if name == ACTIVE else None
    axes = Axes(rect.width, max(rect.y + rect.height - y - 1, 4), *settings.epochs, is_log, top)
    curves = [curve for entry in legend for curve in entry.curves]
    frame = draw_chart(canvas, rect.x, y, curves, axes, settings.epoch)
    if frame is None:
        nothing = "nothing above 0 for a logarithmic axis: press l" if is_log else "no figures to draw"
        canvas.text(rect.x, y + 1, nothing, DIM)
    else:
        epoch_label(canvas, rect.x, rect.y + rect.height - 1, frame, settings.epoch, is_log)
    return frame


def _pieces(entry: Entry, settings: PlotSettings, digits: int, width: int) -> list[Piece]:
    """Return an entry as text: the mark of its curve, its name, its values at the cursor."""
    mark, colour = (entry.curves[0].marker or "━", entry.curves[0].colour) if entry.curves else ("–", DIM)
    is_bold = entry.is_selected and not settings.shown.is_single
    name = fit(entry.name, width - 14) + " "
    pieces = [(f"{mark} ", colour, True), (name, BRIGHT if is_bold else TEXT, is_bold)]
    if entry.missing:
        return [*pieces, (entry.missing, DIM, False)]
    values = [f"{settings.value(curve, digits)} " for curve in entry.curves]
    return pieces + [(value, colour, False) for value, colour in zip(values, (BRIGHT, DIM), strict=False)]


def _legend(canvas: Canvas, rect: Rect, entries: Sequence[Sequence[Piece]]) -> int:
    """Write the entries in columns under the title; return the row after them."""
    pitch = max(sum(len(text) for text, _, _ in entry) for entry in entries) + 1
    across = max((rect.width + 1) // pitch, 1)
    for place, entry in enumerate(entries):
        x = rect.x + place % across * pitch
        for text, colour, is_bold in entry:
            x = canvas.text(x, rect.y + 1 + place // across, text, colour, bold=is_bold)
    return rect.y + 1 + -(-len(entries) // across)


def _note(name: str, settings: PlotSettings) -> str:
    """Return the split of the curves, and what limits their comparison."""
    shown = settings.shown
    last = {run.epochs[-1].epoch for run in shown.runs if run.epochs}
    parts = (
        shown.warning(name),
        _SPLITS[settings.split] if QUANTITIES[name].has_splits else "",
        "each at its last epoch" if settings.is_end and len(last) > 1 else "",
        f"{shown.left_out} more marked" if shown.left_out else "",
    )
    return " · ".join(filter(None, parts))
