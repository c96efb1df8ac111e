"""One chart of the view Loss: title, legend with the values at the cursor, curves."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from vaetui.format import fixed, fixed_or
from vaetui.render import theme
from vaetui.render.chart import Axes, Chart, Curve
from vaetui.render.colours import Colour, blend
from vaetui.render.theme import ACCENT, BACKGROUND, BRIGHT, CLASS_COLOURS, DIM, TEXT
from vaetui.runs.curves import ACTIVE, MOST, QUANTITIES, CurveCache, PlottedRuns
from vaetui.runs.seeds import SeedGroup
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.state.chart_settings import Split
from vaetui.tui.widgets.charts import EpochAxis, draw_chart, epoch_label
from vaetui.tui.widgets.layout import Rect

Piece = tuple[str, Colour, bool]  # text, its colour, whether it is bold

_SHORTEST_NAME = 4  # columns
_JOINED = "\xa0"  # a space at which no line ends
_LONGEST_ABOUT_AXES = "▲▼ epochs 1–99 off axis", "overlaps: epochs 100–999"  # as a rule

NO_RATE = "an autoencoder has none: its code is a point"
_SPLITS = {"both": "validation, training faded", "validation": "validation", "training": "training"}
# Of marked runs, distinct for any colour vision; the last, the accent, is that of a run without a mark.
_COLOURS = (*(CLASS_COLOURS[number] for number in (5, 3, 7, 1, 9, 8, 6, 2)), ACCENT)
_LETTERS = "12345678"  # of runs where colours are few


@dataclass(frozen=True)
class Entry:
    """One entry of a legend and its curves, validation before training; without any, `missing` says why.

    Curves of a lower `layer` are drawn over those of a higher one.
    """

    name: str
    curves: tuple[Curve, ...]
    layer: int
    missing: str = ""
    is_selected: bool = False


@dataclass(frozen=True, eq=False)
class PlotSettings:
    """Settings that all charts share: the runs, the split, the vertical axis, and the epoch of the cursor."""

    shown: PlottedRuns
    split: Split
    is_log: bool
    is_robust: bool
    epochs: tuple[int, int]
    epoch: int


def entries(settings: PlotSettings, name: str, cache: CurveCache, in_letters: bool) -> list[Entry]:
    """Return the legend of quantity `name`: an entry a model, the selected first; of one model, a split."""
    quantity, shown = QUANTITIES[name], settings.shown
    split: Split = settings.split if quantity.has_splits else "training"  # its value is of the epoch
    splits = ("validation", "training") if split == "both" else (split,)

    def curve(model: SeedGroup, split: str, colour: Colour, letter: str) -> list[Curve]:
        xs, ys, spread = cache.band(model, name, split)
        has_band = split == splits[0]  # one band a model, so that they can be told apart
        curve = Curve(colour, xs, ys, letter if in_letters else "", spread if has_band else ())
        return [curve] if curve.xs and not quantity.is_missing(model.first) else []

    if shown.is_single and quantity.has_splits:
        styles = (("training", DIM, "·"), ("validation", ACCENT, "*"))
        return [
            Entry(style[0], (each,), splits.index(style[0]))
            for style in styles
            if style[0] in splits
            for each in curve(shown.models[0], *style)
        ]
    legend = []
    for number, (model, label) in enumerate(zip(shown.models, shown.names, strict=True)):
        place = shown.places[number]
        colour = _COLOURS[min(place, MOST)]
        curves = curve(model, splits[0], colour, _LETTERS[number])
        if split == "both":
            curves += curve(model, "training", blend(BACKGROUND, colour, 0.5), "·")
        missing = "no figures yet" if not any(run.epochs for run in model.runs) else f"no {split}"
        missing = "has none" if quantity.is_missing(model.first) else "" if curves else missing
        legend.append(Entry(label, tuple(curves), place, missing, number == 0))
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
    note = _note(name, settings)
    lines = len(_wrapped((*note, *_LONGEST_ABOUT_AXES), rect.width))
    is_log = settings.is_log and name != ACTIVE
    top = max(run.config.model.latent for run in runs) if name == ACTIVE else None
    height = max(rect.y + rect.height - y - lines - 1, 4)
    axes = Axes(rect.width, height, *settings.epochs, is_log, settings.is_robust, top)
    curves = [curve for entry in sorted(legend, key=lambda entry: entry.layer) for curve in entry.curves]
    drawn = draw_chart(canvas, rect.x, y + lines, curves, axes, settings.epoch)
    note += _about_axes(*drawn, axes) if drawn else ()
    for line, text in enumerate(_wrapped(note, rect.width, lines)):
        canvas.text(rect.x, y + line, text, DIM)
    if drawn is None:
        nothing = "nothing above 0 for a logarithmic axis: press l" if is_log else "no figures to draw"
        canvas.text(rect.x, y + lines + 1, nothing, DIM)
        return None
    epoch_label(canvas, rect.x, rect.y + rect.height - 1, drawn[0], settings.epoch, is_log)
    return drawn[0]


def _pieces(entry: Entry, settings: PlotSettings, digits: int, width: int) -> list[Piece]:
    """Return an entry as text: the mark of its curve, its name, its values at the cursor."""
    mark, colour = (entry.curves[0].marker or "━", entry.curves[0].colour) if entry.curves else ("–", DIM)
    is_bold = entry.is_selected and not settings.shown.is_single
    values = _values(entry, settings.epoch, digits) if not entry.missing else [(entry.missing, DIM, False)]
    name = fit(entry.name, max(width - 3 - sum(len(text) for text, _, _ in values), _SHORTEST_NAME)) + " "
    return [(f"{mark} ", colour, True), (name, BRIGHT if is_bold else TEXT, is_bold), *values]


def _values(entry: Entry, epoch: int, digits: int) -> list[Piece]:
    """Return the values of the curves at `epoch`, beyond their ends the last ones and their epoch."""
    points = [curve.read(epoch) for curve in entry.curves]
    texts = [f"{_value_text(curve, epoch, digits)} " for curve in entry.curves]
    pieces = [(text, colour, False) for text, colour in zip(texts, (BRIGHT, DIM), strict=False)]
    last = max((point[0] for point in points if point), default=epoch)
    return [*pieces, (f"epoch {last:.0f} ", DIM, False)] if last < epoch else pieces


def _value_text(curve: Curve, epoch: int, digits: int) -> str:
    """Return the value of a curve at `epoch`, with the standard deviation where it has a band."""
    point, spread = curve.read(epoch), curve.spread_at(epoch)
    if point is None or spread is None:
        return fixed_or(point and point[1], digits, "–")
    decimals = max(digits, 1)  # also of a count, whose mean is no whole number
    return f"{fixed(point[1], decimals)} ± {fixed(spread, decimals)}"


def _legend(canvas: Canvas, rect: Rect, entries: Sequence[Sequence[Piece]]) -> int:
    """Write the entries in columns under the title; return the row after them."""
    pitch = max(sum(len(text) for text, _, _ in entry) for entry in entries) + 1
    across = max((rect.width + 1) // pitch, 1)
    for place, entry in enumerate(entries):
        x = rect.x + place % across * pitch
        for text, colour, is_bold in entry:
            x = canvas.text(x, rect.y + 1 + place // across, text, colour, bold=is_bold)
    return rect.y + 1 + -(-len(entries) // across)


def _note(name: str, settings: PlotSettings) -> tuple[str, ...]:
    """Return the split of the curves of several runs, and what limits their comparison."""
    shown = settings.shown
    parts = (
        shown.warning(name),
        shown.seeds_note,
        _SPLITS[settings.split] if QUANTITIES[name].has_splits and not shown.is_single else "",
        f"{shown.left_out} more marked" if shown.left_out else "",
    )
    return tuple(filter(None, parts))


@lru_cache(maxsize=64)
def _wrapped(note: tuple[str, ...], width: int, lines: int | None = None) -> list[str]:
    """Return a note in lines of `width` columns, at most `lines`; its parts are not divided.

    Cached, since a step of the cursor changes no note.
    """
    text = " · ".join(part.replace(" ", _JOINED) for part in note)
    wrapped = textwrap.wrap(text, max(width, 8), max_lines=lines, placeholder=" …")
    return [line.replace(_JOINED, " ").strip(" ·") for line in wrapped]


def _about_axes(frame: EpochAxis, chart: Chart, axes: Axes) -> tuple[str, ...]:
    """Return which epochs are beyond the vertical axis, and in which ones curves share cells."""
    beyond = "".join(chart.beyond)
    first, last = zip(*chart.beyond.values(), strict=True) if beyond else ((0,), (0,))
    ends = [(frame.epoch(frame.x + start), frame.epoch(frame.x + end)) for start, end in chart.overlaps]
    epochs = _epochs(ends[0][0], ends[-1][1]) if ends else ""
    parts = (
        f"{beyond} {_epochs(min(first), max(last))} off axis" if beyond else "",
        "axis of all epochs" if not axes.is_robust and axes.top is None else "",
        f"overlap{'s' if len(ends) > 1 else ''}: {epochs}" if ends else "",
    )
    return tuple(filter(None, parts))


def _epochs(first: int, last: int) -> str:
    return f"epoch {first}" if first == last else f"epochs {first}–{last}"
