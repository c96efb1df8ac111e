"""Codes as points: two pixels a cell in class colours, or the number of the class where colours are few."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from vaetui.format import coordinate
from vaetui.latent.projection import ProjectedCodes, Window
from vaetui.latent.scatter_settings import ScatterSettings
from vaetui.render import raster, theme
from vaetui.render.colours import Colour
from vaetui.render.spans import Row, Span, overlay
from vaetui.render.terminal import Terminal
from vaetui.render.theme import ACCENT, BACKGROUND, BRIGHT, CLASS_COLOURS, DIM, LINE, TEXT
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.widgets.layout import Rect

AXIS = 7  # columns of numbers and axis at the left
FOOT = 2  # rows of axis and numbers below
_COLOURS: tuple[Colour, ...] = (BACKGROUND, *CLASS_COLOURS, LINE)
_LETTERS = " 0123456789·"


@dataclass(frozen=True)
class Plot(Rect):
    """The part of a canvas with the points, and the window of the map that is shown there."""

    window: Window

    @property
    def steps(self) -> tuple[float, float]:
        """Return the size of a cell in units of the map."""
        left, right, bottom, top = self.window
        return (right - left) / self.width, (top - bottom) / self.height

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Return column and row, from the corner, of a place on the map; on the edge if it is farther out."""
        (left, _, _, top), (across, up) = self.window, self.steps
        column, row = int((x - left) / across), int((top - y) / up)
        return min(max(column, 0), self.width - 1), min(max(row, 0), self.height - 1)

    def place(self, x: int, y: int) -> tuple[float, float]:
        """Return the place on the map in the middle of a cell of the canvas."""
        (left, _, _, top), (across, up) = self.window, self.steps
        return left + (x - self.x + 0.5) * across, top - (y - self.y + 0.5) * up


@lru_cache(maxsize=16)
def _rows(
    chart: ProjectedCodes, plot: Plot, only: int | None, side: int, in_letters: bool
) -> tuple[Row, ...]:
    """Draw the points; cached, so that a step of the cursor is fast."""
    size = plot.width, plot.height * (1 if in_letters else 2)
    pixels = raster.scatter(chart.points, chart.labels, plot.window, *size, only, side)
    return raster.to_rows(pixels, _COLOURS, _LETTERS if in_letters else "")


def in_letters(terminal: Terminal) -> bool:
    """Return whether classes are marked by their numbers: ten colours are not distinct among 16."""
    return terminal.glyphs == "ascii" or not theme.has_colours(terminal)


def paint(
    canvas: Canvas, plot: Plot, chart: ProjectedCodes, cursor: tuple[float, float], plane: ScatterSettings
) -> None:
    """Paint points, axes with their limits and names, and the cursor with its marks on the axes."""
    drawn = list(_rows(chart, plot, plane.only_class, plane.point, in_letters(canvas.terminal)))
    column, row = plot.cell(*cursor)
    for y, text, start in ((row - 1, "│", column), (row, "─┼─", column - 1), (row + 1, "│", column)):
        if 0 <= y < plot.height:
            drawn[y] = overlay(drawn[y], start, Span(text, BRIGHT, BACKGROUND))
    canvas.picture(plot.x, plot.y, drawn)
    axes(canvas, plot, chart, column, row)


def axes(canvas: Canvas, plot: Plot, chart: ProjectedCodes, column: int, row: int) -> None:
    """Paint both axes with their limits and names, and marks at a column and a row."""
    left, right, bottom, top = plot.window
    for y in range(plot.height):
        canvas.text(plot.x - 1, plot.y + y, "┤" if y == row else "│", ACCENT if y == row else LINE)
    foot = plot.y + plot.height
    canvas.text(plot.x - 1, foot, "└" + "─" * column, LINE)
    canvas.text(plot.x + column, foot, "┴", ACCENT)
    canvas.text(plot.x + column + 1, foot, "─" * (plot.width - column - 1), LINE)
    canvas.text(plot.x, foot + 1, coordinate(left), DIM)
    canvas.right(plot.x + plot.width, foot + 1, coordinate(right), DIM)
    name = chart.names[0]
    if len(name) > plot.width - 16:
        name = name.partition(" of ")[0]
    canvas.centred(plot.x + 6, plot.width - 12, foot + 1, f"{name} →", TEXT)
    canvas.text(plot.x - 1, plot.y - 1, f"↑ {chart.names[1]}", TEXT)
    if chart.is_strip:
        for label in range(10):
            canvas.right(plot.x - 2, plot.y + plot.cell(0, label)[1], str(label), DIM)
        return
    canvas.right(plot.x - 1, plot.y, coordinate(top), DIM)
    canvas.right(plot.x - 1, foot - 1, coordinate(bottom), DIM)


def legend(canvas: Canvas, x: int, y: int, only: int | None) -> None:
    """Paint the classes in their colours; a click on one shows it alone, a click on "all" all again."""
    is_all = only is None
    column = canvas.text(x, y, "class", DIM) + 1
    canvas.click(column, y, 5, 1, "show_only(-1)")
    column = canvas.text(column, y, "‹all›" if is_all else " all ", BRIGHT if is_all else TEXT, bold=is_all)
    has_colours = theme.has_colours(canvas.terminal)
    for label, colour in enumerate(CLASS_COLOURS):
        canvas.click(column, y, 3, 1, f"show_only({label})")
        is_chosen = only == label
        is_shown = is_all or is_chosen
        text = f"›{label}‹" if is_chosen else f" {label} "
        if has_colours:
            fg, bg = (theme.readable_on(colour), colour) if is_shown else (TEXT, LINE)
            column = canvas.text(column, y, text, fg, bg, bold=is_chosen)
        else:
            column = canvas.text(column, y, text, colour if is_shown else DIM, bold=is_chosen)
