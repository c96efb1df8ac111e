"""The rate–distortion plane: a point a checkpoint, lines between kin, iso-lines of −ELBO, and labels."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vaetui.render.cells import Colour
from vaetui.runs.compare import Box, ComparedRun, Point, inlier_range, iso_line, parameter_curves
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.theme import ACCENT, BRIGHT, DIM, ISOLINE, LINE, TEXT
from vaetui.tui.widgets.board import Board, Rect
from vaetui.tui.widgets.charts import labels, limits, ticks

Place = Callable[[float, float], Point]  # the cell of a rate and a distortion

STRIP = 8  # columns for autoencoders, which have no rate
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # of a braille character


@dataclass
class Field:
    """Cells that are drawn on before they go to the canvas; later things do not cover marks and texts."""

    width: int
    height: int

    def __post_init__(self) -> None:
        """Nothing yet."""
        self.cells: dict[tuple[int, int], tuple[str, Colour, bool]] = {}
        self.taken = np.zeros((self.height, self.width), bool)

    def text(self, x: int, y: int, text: str, colour: Colour, bold: bool = False) -> None:
        """Write over whatever is there."""
        for place, character in enumerate(text, x):
            if 0 <= place < self.width and 0 <= y < self.height:
                self.cells[place, y] = (character, colour, bold)
                self.taken[y, place] = True

    def has_room(self, x: int, y: int, width: int) -> bool:
        """Whether a text fits in without covering another."""
        inside = 0 <= y < self.height and x >= 0 and x + width <= self.width
        return inside and not self.taken[y, max(x - 1, 0) : x + width + 1].any()

    def line(self, ends: tuple[Point, Point], colour: Colour, every: int, plain: str) -> None:
        """Braille dots from one end to another (cells), each `every`-th of them; `plain` instead in ASCII."""
        (x0, y0), (x1, y1) = ends
        count = int(max(abs(x1 - x0) * 2, abs(y1 - y0) * 4)) + 1
        for place in range(0, count + 1, every):
            x, y = x0 + (x1 - x0) * place / count, y0 + (y1 - y0) * place / count
            column, row = int(x), int(y)
            if not (0 <= column < self.width and 0 <= row < self.height) or self.taken[row, column]:
                continue
            dot = int(_DOTS[min(int((y - row) * 4), 3), min(int((x - column) * 2), 1)])
            before, old, _ = self.cells.get((column, row), ("⠀", colour, False))
            bits = ord(before) - 0x2800 if old == colour and 0x2800 <= ord(before) < 0x2900 else 0
            self.cells[column, row] = (plain or chr(0x2800 + (bits | dot)), colour, False)

    def put(self, canvas: Canvas, x: int, y: int) -> None:
        """Write all of it."""
        for (column, row), (character, colour, bold) in self.cells.items():
            canvas.text(x + column, y + row, character, colour, bold=bold)


def plane(canvas: Canvas, rect: Rect, board: Board) -> None:
    """Draw the entries of one protocol; those measured otherwise are in the table, apart."""
    column = canvas.text(rect.x, rect.y, "rate–distortion plane", BRIGHT, bold=True)
    canvas.text(column + 2, rect.y, fit("nats per image", rect.x + rect.width - column - 2), DIM)
    entries = list(board.ranked)
    canvas.text(rect.x, rect.y + 1, fit(board.protocol, rect.width), DIM)
    if not entries:
        canvas.text(rect.x, rect.y + 3, "No run of this family has figures yet.", TEXT)
        return
    _legend(canvas, rect, board)
    vaes = [entry for entry in entries if entry.beta is not None]
    left, right = limits(inlier_range([entry.figures.rate for entry in vaes] or [0.0]))
    bottom, top = limits([entry.figures.distortion for entry in entries])
    values = ticks(bottom, top, max((rect.height - 5) // 3, 2))
    texts = labels(values)
    gutter = len(texts[0]) + 1
    strip = STRIP if len(vaes) < len(entries) else 0
    field = Field(max(rect.width - gutter - 1, 0), max(rect.height - 5, 0))
    x, y = rect.x + gutter + 1, rect.y + 3

    def place(rate: float, distortion: float) -> Point:
        across = strip + 1 + (rate - left) / (right - left) * (field.width - strip - 2)
        return across, (top - distortion) / (top - bottom) * (field.height - 1) + 0.5

    box = (left, right, bottom, top)
    spots = [_spot(entry, place, field.width) for entry in entries]
    in_turn = sorted(zip(spots, entries, strict=True), key=lambda pair: pair[1].path == board.cursor)
    for (column, row), entry in in_turn:  # the marked one last, so that it is seen where two meet
        field.text(column, row, *_mark(entry, board, right))
        canvas.click(x + column - 1, y + row, 3, 1, f"pick({board.number(entry.path)})")
    _lines(canvas, field, board, vaes, place, box)
    for (column, row), entry in reversed(in_turn):
        _label(field, column, row, entry, board, right)
    _iso_labels(field, vaes, place, box, strip)
    field.put(canvas, x, y)
    rates = (left, right) if vaes else None
    _axes(canvas, Rect(x, y, field.width, field.height), (values, texts), rates, place, strip)


def _legend(canvas: Canvas, rect: Rect, board: Board) -> None:
    """What the colours of the lines mean, above the y axis's end."""
    column = canvas.text(rect.x, rect.y + 2, "distortion", TEXT) + 2
    values: list[float] = sorted(
        {float(e.latent if board.by_latent else e.beta or 0.0) for e in board.ranked if e.beta is not None}
    )
    for value in values:
        text = f"━ {'z' if board.by_latent else 'β'} {value:g}"
        if column + len(text) > rect.x + rect.width:
            break
        column = canvas.text(column, rect.y + 2, text, board.colour(value, board.by_latent)) + 2


def _spot(entry: ComparedRun, place: Place, width: int) -> tuple[int, int]:
    """The cell of an entry; one whose rate is far out lies at the edge."""
    column, row = place(entry.figures.rate, entry.figures.distortion)
    return (1 if entry.beta is None else int(min(column, width - 2))), int(row)


def _mark(entry: ComparedRun, board: Board, right: float) -> tuple[str, Colour, bool]:
    is_marked, is_chosen = entry.path == board.cursor, entry is board.choice.entry
    value = entry.latent if board.by_latent else entry.beta
    colour = BRIGHT if is_marked else board.colour(value, board.by_latent)
    if entry.beta is None:
        return "×", colour, True
    if entry.figures.rate > right:
        return "→", colour, True
    return ("◉" if is_chosen else "●" if entry.is_settled else "○"), colour, True


def _label(field: Field, column: int, row: int, entry: ComparedRun, board: Board, right: float) -> None:
    """Name a point beside it, above or below, the first place that is free; the marked one in any case."""
    is_marked = entry.path == board.cursor
    name = f"z {entry.latent}" if entry.beta is None else entry.name
    if entry.beta is not None and entry.figures.rate > right:
        name += f", rate {entry.figures.rate:.0f}"
    text = f"›{name}‹" if is_marked else name
    colour = ACCENT if is_marked else TEXT
    size = len(text)
    places = [(column + 2, row), (column + 1, row - 1), (column + 1, row + 1)]
    if entry.beta is not None:
        places += [(column - 1 - size, row), (column - size, row - 1), (column - size, row + 1)]
    for x, y in places:
        if field.has_room(x, y, size):
            field.text(x, y, text, colour, bold=is_marked)
            return


def _lines(
    canvas: Canvas, field: Field, board: Board, vaes: list[ComparedRun], place: Place, box: Box
) -> None:
    is_ascii = canvas.terminal.glyphs == "ascii"
    for bound in _bounds(vaes, box, field.height):
        ends = iso_line(bound, box)
        if ends is not None:
            points = place(*ends[0]), place(*ends[1])
            field.line(points, ISOLINE, 3, "." if is_ascii else "")
    for course in parameter_curves(vaes, board.by_latent):
        value = course[0].latent if board.by_latent else course[0].beta
        spots = [place(min(e.figures.rate, box[1]), e.figures.distortion) for e in course]
        for ends in itertools.pairwise(spots):
            field.line(ends, board.colour(value, board.by_latent), 1, ":" if is_ascii else "")


def _bounds(vaes: list[ComparedRun], box: Box, height: int) -> list[float]:
    """Round values of −ELBO around those of `vaes` that lie in the plane."""
    inside = [entry for entry in vaes if entry.figures.rate <= box[1]]
    bounds = [entry.negative_elbo for entry in inside if entry.negative_elbo is not None]
    return ticks(*limits(bounds), max(height // 3, 5)) if bounds else []


def _iso_labels(field: Field, vaes: list[ComparedRun], place: Place, box: Box, strip: int) -> None:
    values = _bounds(vaes, box, field.height)
    for bound, text in zip(values, labels(values) if values else [], strict=True):
        ends = iso_line(bound, box)
        if ends is None:
            continue
        text = text.strip()
        for part in (0.03, 0.97, 0.5, 0.25, 0.75):
            rate = ends[0][0] + part * (ends[1][0] - ends[0][0])
            column, row = place(rate, bound - rate)
            if column >= strip and field.has_room(int(column), int(row), len(text)):
                field.text(int(column), int(row), text, DIM)
                break


def _axes(
    canvas: Canvas,
    rect: Rect,
    upright: tuple[list[float], list[str]],
    rates: tuple[float, float] | None,
    place: Place,
    strip: int,
) -> None:
    """Ticks at the left and below, and the axis's name in the last line."""
    for y in range(rect.height):
        canvas.text(rect.x - 1, rect.y + y, "│", LINE)
        if strip:
            canvas.text(rect.x + strip, rect.y + y, "│", LINE)
    for value, text in zip(*upright, strict=True):
        row = int(place(0.0, value)[1])
        canvas.right(rect.x - 1, rect.y + row, text, DIM)
        canvas.text(rect.x - 1, rect.y + row, "┤", LINE)
    foot = rect.y + rect.height
    if strip:
        canvas.text(rect.x + 1, foot, "AE", TEXT)
        canvas.text(rect.x, foot + 1, "no rate", DIM)
    if rates is None:
        return
    end = -1
    values = ticks(*rates, max((rect.width - strip) // 10, 2))
    for value, text in zip(values, labels(values), strict=True):
        text = text.strip()
        column = int(place(value, 0)[0]) - len(text) // 2
        if end < column <= rect.width - len(text):
            end = canvas.text(rect.x + column, foot, text, DIM) - rect.x
    column = canvas.text(rect.x + (strip + 1 if strip else 0), foot + 1, "rate", TEXT) + 2
    told = "dotted −ELBO  ◉ chosen by validation"
    canvas.text(column, foot + 1, fit(told, rect.x + rect.width - column), DIM)
