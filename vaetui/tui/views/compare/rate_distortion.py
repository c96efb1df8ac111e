"""The rate–distortion plane: a point a checkpoint, lines between them, isolines of −ELBO, and labels."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

from vaetui.format import fixed, plural
from vaetui.render.braille import BrailleGrid, Point
from vaetui.render.colours import Colour
from vaetui.render.theme import ACCENT, BRIGHT, DIM, ISOLINE, LINE, TEXT
from vaetui.render.ticks import inlier_range, labels, limits, ticks
from vaetui.runs.compare import ComparedRun, entropy_bound, iso_line, parameter_curves
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.views.compare.board import NO_METRICS, Board
from vaetui.tui.widgets.layout import Rect
from vaetui.tui.widgets.run_summary import MARK

STRIP = 8  # columns for autoencoders, which have no rate


@dataclass(frozen=True, eq=False)
class Plane:
    """The axes of the plane in `width` × `height` cells, autoencoders in a strip at the left."""

    board: Board
    width: int
    height: int

    @cached_property
    def vaes(self) -> list[ComparedRun]:
        """Return the VAEs."""
        return self.board.comparison.vaes

    @cached_property
    def strip(self) -> int:
        """Return the columns for autoencoders."""
        return STRIP if len(self.vaes) < len(self.board.comparison.ranked) else 0

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """Return the lowest and highest rate and distortion, without outliers of the rate."""
        left, right = limits(inlier_range([entry.figures.rate for entry in self.vaes] or [0.0]))
        return left, right, *limits([entry.figures.distortion for entry in self.board.comparison.ranked])

    def place(self, rate: float, distortion: float) -> Point:
        """Return the cell of a rate and a distortion."""
        left, right, bottom, top = self.box
        across = self.strip + 1 + (rate - left) / (right - left) * (self.width - self.strip - 2)
        return across, (top - distortion) / (top - bottom) * (self.height - 1) + 0.5

    def cell(self, entry: ComparedRun) -> tuple[int, int]:
        """Return the cell of an entry; an outlier is at the edge."""
        column, row = self.place(entry.figures.rate, entry.figures.distortion)
        return (1 if entry.beta is None else int(min(column, self.width - 2))), int(row)

    def is_beyond(self, entry: ComparedRun) -> bool:
        """Return whether the rate of an entry is an outlier."""
        return entry.beta is not None and entry.figures.rate > self.box[1]

    @cached_property
    def entropy(self) -> float | None:
        """Return the bound on the entropy of the data, None where it is not known."""
        return entropy_bound(self.vaes)

    @cached_property
    def bounds(self) -> list[float]:
        """Return round values of −ELBO around those of the VAEs in the plane."""
        inside = [entry for entry in self.vaes if entry.figures.rate <= self.box[1]]
        bounds = [entry.negative_elbo for entry in inside if entry.negative_elbo is not None]
        return ticks(*limits(bounds), max(self.height // 3, 5)) if bounds else []


def plane(canvas: Canvas, rect: Rect, board: Board) -> None:
    """Paint the entries of one protocol; the others are in the table only."""
    column = canvas.text(rect.x, rect.y, "rate–distortion plane", BRIGHT, bold=True)
    canvas.text(column + 2, rect.y, fit("nats per image", rect.x + rect.width - column - 2), DIM)
    canvas.text(rect.x, rect.y + 1, fit(board.comparison.protocol, rect.width), DIM)
    if not board.comparison.ranked:
        canvas.text(rect.x, rect.y + 3, NO_METRICS, TEXT)
        return
    _legend(canvas, rect, board)
    bottom, top = limits([entry.figures.distortion for entry in board.comparison.ranked])
    values = ticks(bottom, top, max((rect.height - 5) // 3, 2))
    texts = labels(values)
    gutter = len(texts[0]) + 1
    axes = Plane(board, max(rect.width - gutter - 1, 0), max(rect.height - 5, 0))
    grid = BrailleGrid(axes.width, axes.height)
    x, y = rect.x + gutter + 1, rect.y + 3
    # The selected entry comes last, so that it is on top where two overlap.
    entries = sorted(board.comparison.ranked, key=lambda entry: entry.path == board.cursor)
    for entry in entries:
        column, row = axes.cell(entry)
        colour = BRIGHT if entry.path == board.cursor else board.colour(board.line(entry))
        mark = "×" if entry.beta is None else "→" if axes.is_beyond(entry) else board.sign(entry)
        grid.text(column, row, mark, colour, bold=True)
        canvas.click(x + column - 1, y + row, 3, 1, board.click(entry))
    for entry in entries:
        if entry.path in board.marked:
            _mark(grid, *axes.cell(entry))
    _lines(canvas, grid, axes)
    for entry in reversed(entries):
        _label(grid, entry, axes)
    _isoline_labels(grid, axes)
    for (column, row), (character, colour, bold) in grid.cells.items():
        canvas.text(x + column, y + row, character, colour, bold=bold)
    _axes(canvas, Rect(x, y, axes.width, axes.height), dict(zip(values, texts, strict=True)), axes)


def _legend(canvas: Canvas, rect: Rect, board: Board) -> None:
    """Write which colour is which latent size or β, beside the name of the y axis."""
    column = canvas.text(rect.x, rect.y + 2, "distortion", TEXT) + 2
    for value in sorted({float(board.line(entry) or 0.0) for entry in board.comparison.vaes}):
        text = f"━ {'z' if board.by_latent else 'β'} {value:g}"
        if column + len(text) > rect.x + rect.width:
            break
        column = canvas.text(column, rect.y + 2, text, board.colour(value)) + 2


def _mark(grid: BrailleGrid, column: int, row: int) -> None:
    """Write the sign of a marked run beside its point, or in its place where there is no room."""
    free = (x for x in (column + 1, column - 1) if 0 <= x < grid.width and grid.is_free(x, row))
    grid.text(next(free, column), row, MARK, ACCENT, bold=True)


def _label(grid: BrailleGrid, entry: ComparedRun, axes: Plane) -> None:
    """Write the name of a point beside, above or below it, in the first free place."""
    (column, row), is_selected = axes.cell(entry), entry.path == axes.board.cursor
    is_marked = entry.path in axes.board.marked  # the mark is beside the point
    name = f"z {entry.latent}" if entry.beta is None else entry.name
    if axes.is_beyond(entry):
        name += f", rate {entry.figures.rate:.0f}"
    if axes.board.comparison.differs_in_epochs(entry):
        name += f", {plural(entry.planned, 'epoch')}"
    text = f"›{name}‹" if is_selected else name
    size = len(text)
    places = [(column + 2 + is_marked, row), (column + 1, row - 1), (column + 1, row + 1)]
    if entry.beta is not None:
        places += [(column - 1 - size - is_marked, row), (column - size, row - 1), (column - size, row + 1)]
    for x, y in places:
        if grid.has_room(x, y, size):
            grid.text(x, y, text, ACCENT if is_selected else TEXT, bold=is_selected)
            return


def _lines(canvas: Canvas, grid: BrailleGrid, axes: Plane) -> None:
    """Draw isolines of −ELBO, and lines between the VAEs of one latent size or one β."""
    is_ascii, board = canvas.terminal.glyphs == "ascii", axes.board
    for bound in axes.bounds:
        ends = iso_line(bound, axes.box)
        if ends is not None:
            grid.line((axes.place(*ends[0]), axes.place(*ends[1])), ISOLINE, 3, "." if is_ascii else "")
    if axes.entropy is not None and (ends := iso_line(axes.entropy, axes.box)):
        grid.line((axes.place(*ends[0]), axes.place(*ends[1])), TEXT, 1, "." if is_ascii else "")
    for line in parameter_curves(axes.vaes, board.by_latent):
        points = [axes.place(min(e.figures.rate, axes.box[1]), e.figures.distortion) for e in line]
        for ends in itertools.pairwise(points):
            grid.line(ends, board.colour(board.line(line[0])), 1, ":" if is_ascii else "")


def _isoline_labels(grid: BrailleGrid, axes: Plane) -> None:
    if axes.entropy is not None:
        _line_label(grid, axes, axes.entropy, f"entropy ≤ {fixed(axes.entropy, 1)}", TEXT)
    for bound, text in zip(axes.bounds, labels(axes.bounds) if axes.bounds else [], strict=True):
        _line_label(grid, axes, bound, text.strip(), DIM)


def _line_label(grid: BrailleGrid, axes: Plane, bound: float, text: str, colour: Colour) -> None:
    """Write the name of a line of equal −ELBO on it, in the first free place."""
    ends = iso_line(bound, axes.box)
    if ends is None:
        return
    for part in (0.03, 0.97, 0.5, 0.25, 0.75):
        rate = ends[0][0] + part * (ends[1][0] - ends[0][0])
        column, row = map(int, axes.place(rate, bound - rate))
        if column >= axes.strip and grid.has_room(column, row, len(text)):
            grid.text(column, row, text, colour)
            return


def _axes(canvas: Canvas, rect: Rect, vertical: dict[float, str], axes: Plane) -> None:
    """Paint ticks at the left and below, and the name of the axis in the last line."""
    strip, foot = axes.strip, rect.y + rect.height
    for y in range(rect.y, foot):
        canvas.text(rect.x - 1, y, "│", LINE)
        if strip:
            canvas.text(rect.x + strip, y, "│", LINE)
    for value, text in vertical.items():
        row = rect.y + int(axes.place(0.0, value)[1])
        canvas.right(rect.x - 1, row, text, DIM)
        canvas.text(rect.x - 1, row, "┤", LINE)
    if strip:
        canvas.text(rect.x + 1, foot, "AE", TEXT)
        canvas.text(rect.x, foot + 1, "no rate", DIM)
    if not axes.vaes:
        return
    end = -1
    values = ticks(*axes.box[:2], max((rect.width - strip) // 10, 2))
    for value, text in zip(values, map(str.strip, labels(values)), strict=True):
        column = int(axes.place(value, 0)[0]) - len(text) // 2
        if end < column <= rect.width - len(text):
            end = canvas.text(rect.x + column, foot, text, DIM) - rect.x
    column = canvas.text(rect.x + (strip + 1 if strip else 0), foot + 1, "rate", TEXT) + 2
    legend = "dotted: −ELBO  ◉ best validation"
    canvas.text(column, foot + 1, fit(legend, rect.x + rect.width - column), DIM)
