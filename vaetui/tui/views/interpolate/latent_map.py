"""An interpolation on the map of the codes: its line over faint points, its stops, and the current step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vaetui.arrays import Floats, Integers
from vaetui.latent import decoded_path
from vaetui.latent.decoded_path import DecodedPath
from vaetui.latent.posteriors import Codes
from vaetui.latent.projection import ProjectedCodes
from vaetui.render import raster
from vaetui.render.colours import Colour
from vaetui.render.raster import OTHER
from vaetui.render.spans import Row, Span, overlay
from vaetui.render.theme import ACCENT, BACKGROUND, BRIGHT, CLASS_COLOURS, DIM, LINE
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.state.selection import Selection
from vaetui.tui.widgets import scatter
from vaetui.tui.widgets.layout import Rect
from vaetui.tui.widgets.scatter import AXIS, FOOT, Plot

_PATH = OTHER + 1  # the class of the pixels of the line
_LETTERS = " 0123456789·*"


def _mixed_with_background(colour: Colour) -> Colour:
    red, green, blue = ((part + back) // 2 for part, back in zip(colour, BACKGROUND, strict=True))
    return red, green, blue


_COLOURS: tuple[Colour, ...] = (BACKGROUND, *map(_mixed_with_background, CLASS_COLOURS), LINE, BRIGHT)


@dataclass(frozen=True, eq=False)
class MapPath:
    """The points of all steps on the map `chart`, `places` (steps, 2); `stops` are steps with classes."""

    chart: ProjectedCodes
    places: Floats
    stops: tuple[tuple[int, str], ...]
    step: int
    note: str  # above the map, "" for none


def project(path: DecodedPath, codes: Codes, selection: Selection, labels: tuple[str, ...]) -> MapPath:
    """Project `path`, whose stops are of the classes `labels`, onto the map of `codes`."""
    settings, interpolation = decoded_path.map_settings(selection.scatter), selection.interpolation
    note = "PCA: t-SNE cannot place new points" if selection.scatter.projection == "tsne" else ""
    classes = tuple(int(label) if label.isdigit() else 4 for label in labels)  # a drawing has none
    places = decoded_path.project_path(path, codes, settings, classes)
    stops = tuple(zip(range(0, interpolation.steps, interpolation.steps_per_segment), labels, strict=True))
    return MapPath(decoded_path.project_codes(codes, settings), places, stops, interpolation.step, note)


def paint(canvas: Canvas, rect: Rect, path: MapPath) -> Plot:
    """Paint legend, points, line, stops and the step; returns where the points are."""
    head = 3 if path.note else 2
    size = max(rect.width - AXIS, 4), max(rect.height - head - FOOT, 2)
    plot = Plot(rect.x + AXIS, rect.y + head, *size, path.chart.window)
    letters = scatter.in_letters(canvas.terminal)
    drawn = list(_rows(path.chart, path.places.tobytes(), path.stops, plot, letters))
    here = "●" if letters else dict(path.stops).get(path.step, "●")
    column, row = plot.cell(*path.places[path.step].tolist())
    drawn[row] = overlay(drawn[row], column, Span(here, ACCENT, BACKGROUND))
    canvas.picture(plot.x, plot.y, drawn)
    scatter.axes(canvas, plot, path.chart, column, row)
    if path.note:
        canvas.text(rect.x + 1, plot.y - 2, fit(path.note, plot.width), DIM)
    x = canvas.text(rect.x + 1, rect.y, "test codes", DIM) + 1
    if letters:
        canvas.text(x, rect.y, "by class, the path *", DIM)
        return plot
    for label, colour in enumerate(_COLOURS[1:OTHER]):
        x = canvas.text(x, rect.y, f" {label}", BRIGHT, colour)
    return plot


@lru_cache(maxsize=8)
def _points(chart: ProjectedCodes, width: int, height: int) -> Integers:
    """Draw the points alone, which other paths share."""
    return raster.scatter(chart.points, chart.labels, chart.window, width, height, None)


@lru_cache(maxsize=4)
def _rows(
    chart: ProjectedCodes, places: bytes, stops: tuple[tuple[int, str], ...], plot: Plot, letters: bool
) -> tuple[Row, ...]:
    """Draw points, line and stops once a path; `places` (steps, 2) are bytes, which can be compared."""
    size = plot.width, plot.height * (1 if letters else 2)
    pixels, path = _points(chart, *size).copy(), np.frombuffer(places, np.float32).reshape(-1, 2)
    column, row = raster.polyline(path, plot.window, *size)
    pixels[row, column] = _PATH
    drawn = list(raster.to_rows(pixels, _COLOURS, _LETTERS if letters else ""))
    for step, label in stops:
        x, y = plot.cell(*path[step].tolist())
        mark, start = (f"‹{label}›", x - 1) if letters else (label, x)
        drawn[y] = overlay(drawn[y], start, Span(mark, BRIGHT, BACKGROUND))
    return tuple(drawn)
