"""A walk on the map of the codes: its line over faint points, its stops, and the step one is at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vaetui.arrays import Floats
from vaetui.latent import decoded_path
from vaetui.latent.decoded_path import DecodedPath
from vaetui.latent.posteriors import Codes
from vaetui.latent.projection import ProjectedCodes
from vaetui.render.cells import Colour, Row
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.theme import ACCENT, BACKGROUND, BRIGHT, CLASS_COLOURS, DIM, LINE
from vaetui.tui.state.selection import Selection
from vaetui.tui.widgets import scatter
from vaetui.tui.widgets.scatter import FOOT, OTHER, Frame

_WAY = OTHER + 1  # the kind of the pixels of the line
_LETTERS = " 0123456789·*"


def _faint(colour: Colour) -> Colour:
    """Half-way to the ground, so that the line stands out."""
    red, green, blue = ((part + back) // 2 for part, back in zip(colour, BACKGROUND, strict=True))
    return red, green, blue


_COLOURS: tuple[Colour, ...] = (BACKGROUND, *map(_faint, CLASS_COLOURS), LINE, BRIGHT)


@dataclass(frozen=True, eq=False)
class Trail:
    """Where the points of all steps are on `chart`, `places` (steps, 2); `stops` are steps with classes."""

    chart: ProjectedCodes
    places: Floats
    stops: tuple[tuple[int, str], ...]
    step: int
    note: str  # on the map, "" if there is nothing to say


def follow(way: DecodedPath, codes: Codes, selection: Selection, labels: tuple[str, ...]) -> Trail:
    """The walk of `selection`, whose stops are of the classes `labels`, among `codes`."""
    plane, per_leg = decoded_path.map_settings(selection.scatter), selection.interpolation.steps_per_segment
    note = "PCA: t-SNE has no place for new points" if selection.scatter.projection == "tsne" else ""
    classes = tuple(int(label) if label.isdigit() else 4 for label in labels)  # a drawing has none
    places = decoded_path.project_path(way, codes, plane, classes)
    stops = tuple((stop * per_leg, label) for stop, label in enumerate(labels))
    return Trail(decoded_path.project_codes(codes, plane), places, stops, selection.step, note)


def frame(x: int, y: int, width: int, height: int, trail: Trail) -> Frame:
    """Where the points are in a rectangle that also holds legend, note, axes and their names."""
    head = 3 if trail.note else 2
    size = max(width - scatter.AXIS, 4), max(height - head - FOOT, 2)
    return Frame(x + scatter.AXIS, y + head, *size, trail.chart.window)


def paint(canvas: Canvas, box: Frame, trail: Trail) -> None:
    """Points, line and stops are drawn once for every walk, the step over them each time."""
    letters = scatter.in_letters(canvas.terminal)
    drawn = list(_rows(trail.chart, trail.places.tobytes(), trail.stops, box, letters))
    here = "●" if letters else dict(trail.stops).get(trail.step, "●")
    column, row = box.cell(*trail.places[trail.step].tolist())
    drawn[row] = scatter.over(drawn[row], here, column, box.width, ACCENT)
    canvas.picture(box.x, box.y, drawn)
    scatter.axes(canvas, box, trail.chart, column, row)
    left = box.x - scatter.AXIS
    canvas.text(left + 1, box.y - 2, fit(trail.note, box.width), DIM)
    _legend(canvas, left + 1, box.y - (3 if trail.note else 2))


def _legend(canvas: Canvas, x: int, y: int) -> None:
    """The classes in their colours."""
    x = canvas.text(x, y, "test codes", DIM) + 1
    if not scatter.in_letters(canvas.terminal):
        for label, colour in enumerate(_COLOURS[1:OTHER]):
            x = canvas.text(x, y, f" {label}", BRIGHT, colour)
    else:
        canvas.text(x, y, "by class, the walk *", DIM)


@lru_cache(maxsize=8)
def _ground(chart: ProjectedCodes, width: int, height: int) -> scatter.Ink:
    """The points alone, which other walks share."""
    return scatter.raster(chart, chart.window, width, height, None)


@lru_cache(maxsize=4)
def _rows(
    chart: ProjectedCodes, places: bytes, stops: tuple[tuple[int, str], ...], box: Frame, letters: bool
) -> tuple[Row, ...]:
    """The points with the line and its stops over them; equal `places`, of the steps, are found as bytes."""
    width, height = box.width, box.height * (1 if letters else 2)
    ink, way = _ground(chart, width, height).copy(), np.frombuffer(places, np.float32).reshape(-1, 2)
    column, row = _pixels(way, box, width, height)
    ink[row, column] = _WAY
    drawn = list(scatter.as_letters(ink, _COLOURS, _LETTERS) if letters else scatter.as_cells(ink, _COLOURS))
    for step, label in stops:
        x, y = box.cell(*way[step].tolist())
        mark, start = (f"‹{label}›", x - 1) if letters else (label, x)  # one among many digits
        drawn[y] = scatter.over(drawn[y], mark, start, width)
    return tuple(drawn)


def _pixels(places: Floats, box: Frame, width: int, height: int) -> tuple[scatter.Ink, scatter.Ink]:
    """Columns and rows of the pixels on the line through `places`, those that are on the map."""
    left, right, bottom, top = box.window
    across = (places[:, 0].astype(np.float64) - left) / (right - left) * width
    down = (top - places[:, 1].astype(np.float64)) / (top - bottom) * height
    points = np.stack([across, down], axis=1).clip(-4 * width, 4 * width)
    finest = max(float(np.abs(np.diff(points, axis=0)).max(initial=0)), 1.0)
    at = np.linspace(0, len(points) - 1, int((len(points) - 1) * min(np.ceil(finest), 200)) + 1)
    line = [np.floor(np.interp(at, np.arange(len(points)), points[:, axis])) for axis in (0, 1)]
    inside = (line[0] >= 0) & (line[0] < width) & (line[1] >= 0) & (line[1] < height)
    return line[0][inside].astype(np.int64), line[1][inside].astype(np.int64)
