"""The same image by every checkpoint of a grid: rows are latent sizes, columns β and autoencoders."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from vaetui.arrays import Floats
from vaetui.render.theme import ACCENT, BRIGHT, DIM, TEXT
from vaetui.runs.families import AE, Column, Family, cell_of
from vaetui.tui.screen.canvas import Canvas, fit, longest_fitting
from vaetui.tui.state.loaded import Loaded
from vaetui.tui.state.view_state import Reconstruction
from vaetui.tui.widgets.images import draw_image
from vaetui.tui.widgets.layout import Rect, window
from vaetui.tui.widgets.run_summary import MARK

SIZES = ((28, 14), (24, 12), (20, 10), (18, 9), (16, 8), (14, 7), (10, 5))  # columns × rows of a picture
LABEL = 6  # columns before a row


def draw_checkpoint_grid(
    canvas: Canvas,
    rect: Rect,
    family: Family,
    loaded: Loaded[dict[Path, Reconstruction]],
    original: tuple[Floats, str],
    cursor: Path | None,
    marked: Collection[Path],
) -> None:
    """Paint the cells, the test image itself (pixels, name) before them; as many as there is room for."""
    columns, rows = family.columns, family.latents
    size = next(
        (s for s in SIZES if _across(rect, s) > len(columns) and _down(rect, s) >= len(rows)), SIZES[-1]
    )
    at = next((cell_of(run) for run in family.runs if run.path == cursor), (rows[0], columns[0]))
    seen_rows = window(rows, at[0], max(_down(rect, size), 1))
    seen = window(columns, at[1], max(_across(rect, size) - 1, 1))
    _head(canvas, rect, loaded.sentence or original[1], _unseen(family, seen_rows, seen))
    pitch = size[0] + 1
    top, left = rect.y + 1, rect.x + LABEL
    canvas.centred(left, size[0], top, "test image", DIM)
    draw_image(canvas, left, top + 1, original[0], size)
    for x, name in enumerate(seen, 1):
        is_here = name == at[1]
        head = column_title(name)
        canvas.centred(left + x * pitch, size[0], top, head, BRIGHT if is_here else TEXT, bold=is_here)
    numbers = {cell_of(run): place for place, run in enumerate(family.runs)}
    for y, latent in enumerate(seen_rows):
        row = top + 1 + y * (size[1] + 1)
        is_here = latent == at[0]
        canvas.text(rect.x, row + size[1] // 2, f"z {latent}", BRIGHT if is_here else TEXT, bold=is_here)
        for x, name in enumerate(seen, 1):
            run = family.at(latent, name)
            if run is not None:
                made = (loaded.value or {}).get(run.path)
                signs = CellSigns(run.path == cursor, run.path in marked)
                cell(canvas, Rect(left + x * pitch, row, *size), made, signs)
                canvas.click(
                    left + x * pitch, row, size[0], size[1] + 1, f"pick_run({numbers[cell_of(run)]})"
                )


def column_title(column: Column) -> str:
    """Return the title of a column of the grid."""
    return "AE" if column == AE else f"β {column:g}"


def _head(canvas: Canvas, rect: Rect, text: str, unseen: int) -> None:
    """Write what is shown, and how many checkpoints are not."""
    column, end = canvas.text(rect.x, rect.y, "same image", BRIGHT, bold=True), rect.x + rect.width
    if unseen:
        end = canvas.right(end, rect.y, f"{unseen} more not shown", TEXT) - 2
    canvas.text(column + 2, rect.y, fit(text, end - column - 2), DIM)


def _unseen(family: Family, rows: tuple[int, ...], columns: tuple[Column, ...]) -> int:
    """Return how many checkpoints have no room."""
    cells = [cell_of(run) for run in family.runs]
    return sum(latent not in rows or column not in columns for latent, column in cells)


def _across(rect: Rect, size: tuple[int, int]) -> int:
    """Return how many images fit beside each other."""
    return (rect.width - LABEL + 1) // (size[0] + 1)


def _down(rect: Rect, size: tuple[int, int]) -> int:
    """Return how many fit under each other, each with its line of nats."""
    return (rect.height - 2) // (size[1] + 1)


@dataclass(frozen=True)
class CellSigns:
    """Whether a cell is under the cursor, and whether its run is marked."""

    is_pointed: bool
    is_marked: bool


def cell(canvas: Canvas, rect: Rect, made: Reconstruction | None, signs: CellSigns) -> None:
    """Paint an image and its nats, or what is missing, and its signs."""
    y, room = rect.y + rect.height, rect.width - 2 * signs.is_pointed - signs.is_marked
    note = "…"
    if made is not None and made.pixels is not None:
        draw_image(canvas, rect.x, rect.y, made.pixels, (rect.width, rect.height))
        note = longest_fitting(room, *(f"{made.nats:.{digits}f} nats" for digits in (1, 0)))
    elif made is not None:
        canvas.centred(rect.x, rect.width, rect.y + rect.height // 2, "no model", DIM)
        note = "–"
    text = f"{MARK}{note}" if signs.is_marked else note
    if signs.is_pointed:
        canvas.centred(rect.x, rect.width, y, f"›{text}‹", ACCENT, bold=True)
    else:
        canvas.centred(rect.x, rect.width, y, text, TEXT)
