"""The table of the comparison, and its bars by class."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vaetui.runs.compare import CLASS_NAMES, ComparedRun, protocol_difference
from vaetui.tui.screen import theme
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.screen.theme import ACCENT, BRIGHT, DIM, TEXT
from vaetui.tui.widgets.board import Board, Order, Rect

_EIGHTHS = " ▏▎▍▌▋▊▉"
_FILLS = "█▓▒░"  # for latent sizes where colours are few
NARROWEST = 10  # columns for one latent size of the bars


@dataclass(frozen=True)
class Column:
    """One column of the table: title, columns wide, how an entry is written."""

    title: str
    width: int
    write: Callable[[ComparedRun], str]


_ERROR_AT_DRAW = Column("MSE draw", 10, lambda e: f"{e.figures.mse:.4f}")
_ERROR_AT_MEAN = Column(
    "MSE mean", 10, lambda e: "" if e.mse_posterior_mean is None else f"{e.mse_posterior_mean:.4f}"
)
COLUMNS = (
    Column("z", 4, lambda e: str(e.latent)),
    Column("β", 5, lambda e: "AE" if e.beta is None else f"{e.beta:g}"),
    Column("−ELBO", 8, lambda e: "" if e.negative_elbo is None else f"{e.negative_elbo:.1f}"),
    Column("distortion", 12, lambda e: f"{e.figures.distortion:.1f}"),
    Column("rate", 6, lambda e: "" if e.beta is None else f"{e.figures.rate:.1f}"),
    Column("active", 8, lambda e: str(e.active_units)),
)
NAME_WIDTH = 8  # columns that a run's name needs to be shown


def table(canvas: Canvas, rect: Rect, board: Board) -> None:
    """A row an entry, VAEs by the order asked for, then autoencoders; those measured otherwise under them."""
    canvas.text(rect.x, rect.y, "checkpoints", BRIGHT, bold=True)
    units = "nats per image, MSE per pixel at one draw or the mean"
    canvas.text(rect.x + 13, rect.y, fit(units, rect.width - 13), DIM)
    columns = _columns(rect.width, board.order)
    name = rect.width - _width(columns) - 2
    x = rect.x + 2 + (name if name >= NAME_WIDTH else 0)
    if name >= NAME_WIDTH:
        canvas.text(rect.x + 2, rect.y + 1, "run", TEXT)
    for column in columns:
        is_order = column.title == board.order.column
        end = x + column.width
        canvas.right(end, rect.y + 1, column.title, ACCENT if is_order else TEXT, bold=is_order)
        canvas.click(x, rect.y + 1, column.width, 1, f"sort('{column.title}')")
        x = end
    lines = _rows(board)
    notes = _notes(board, rect.width)
    room = max(rect.height - 2 - len(notes), 1)
    at = next((n for n, (_, e) in enumerate(lines) if e is not None and e.path == board.cursor), 0)
    start = min(max(at - room // 2, 0), max(len(lines) - room, 0))
    seen = lines[start : start + room]
    for y, (words, entry) in enumerate(seen, rect.y + 2):
        if entry is None:
            canvas.text(rect.x, y, fit(words, rect.width), DIM)
        else:
            _row(canvas, rect, y, entry, board, columns)
    foot = rect.y + 2 + len(seen) + (rect.height > 2 + len(seen) + len(notes))
    for y, note in enumerate(notes, foot):
        canvas.text(rect.x, y, note, TEXT)


def _columns(width: int, order: Order) -> tuple[Column, ...]:
    """Both squared errors where there is room for them beside names, else the one that is sorted by."""
    both = (*COLUMNS, _ERROR_AT_DRAW, _ERROR_AT_MEAN)
    if width - _width(both) - 2 >= NAME_WIDTH:
        return both
    return (*COLUMNS, _ERROR_AT_MEAN if order.column == _ERROR_AT_MEAN.title else _ERROR_AT_DRAW)


def _width(columns: Sequence[Column]) -> int:
    return 2 + sum(column.width for column in columns)


def _rows(board: Board) -> list[tuple[str, ComparedRun | None]]:
    """The entries, and before those measured otherwise how they were."""
    rows: list[tuple[str, ComparedRun | None]] = [("", entry) for entry in board.ranked]
    for group in board.apart:
        how = (
            protocol_difference(group[0].protocol, board.ranked[0].protocol) or group[0].protocol.description
        )
        rows.append((f"not comparable: {how}", None))
        rows += [("", entry) for entry in group]
    return rows


def _notes(board: Board, width: int) -> list[str]:
    """The choice and its reason in lines, and how many runs are missing."""
    reason = f"{'◉ ' if board.choice.entry else ''}{board.choice.reason}"
    lines = textwrap.wrap(board.protocol, max(width, 8)) if board.ranked else []
    lines += textwrap.wrap(reason, max(width, 8), subsequent_indent="  ")
    if board.without:
        lines.append(fit(f"{board.without} without figures yet", width))
    return lines


def _row(
    canvas: Canvas, rect: Rect, y: int, entry: ComparedRun, board: Board, columns: Sequence[Column]
) -> None:
    name = rect.width - _width(columns) - 2
    is_marked, is_chosen = entry.path == board.cursor, entry is board.choice.entry
    mark = "◉" if is_chosen else "×" if entry.beta is None else "●" if entry.is_settled else "○"
    canvas.text(rect.x, y, "›" if is_marked else " ", ACCENT, bold=True)
    value = entry.latent if board.by_latent else entry.beta
    canvas.text(rect.x + 1, y, mark, board.colour(value, board.by_latent), bold=True)
    colour = BRIGHT if is_marked else TEXT if entry.beta is not None else DIM
    x = rect.x + 2
    if name >= NAME_WIDTH:
        canvas.text(x + 1, y, fit(entry.path.name, name - 1), colour, bold=is_marked)
        x += name
    for column in columns:
        x += column.width
        canvas.right(x, y, column.write(entry), colour, bold=is_marked)
    canvas.click(rect.x, y, rect.width, 1, f"pick({board.number(entry.path)})")


# --- by class ---------------------------------------------------------------------------------------


def classes(canvas: Canvas, rect: Rect, board: Board) -> None:
    """Ten bars a latent size, for the β of the marked entry, on one scale that starts at 0."""
    marked = board.marked or (board.ranked[0] if board.ranked else None)
    where = "" if marked is not None and marked.beta is None else " at a draw"  # or at an autoencoder's code
    what, unit = ("distortion", "nats per image")
    if board.by_error:
        what, unit = (f"MSE{where}", "thousandths per pixel")
    if marked is None:
        canvas.text(rect.x, rect.y, f"{what} by class", BRIGHT, bold=True)
        canvas.text(rect.x, rect.y + 2, "No run of this family has figures yet.", TEXT)
        return
    kind = "autoencoders" if marked.beta is None else f"β {marked.beta:g}"
    column = canvas.text(rect.x, rect.y, f"{what} by class, {kind}", BRIGHT, bold=True)
    canvas.text(column + 2, rect.y, fit(f"{unit}, test", rect.x + rect.width - column - 2), DIM)
    kin = sorted((e for e in board.ranked if e.beta == marked.beta and e.classes), key=lambda e: e.latent)
    if not kin:
        canvas.text(rect.x, rect.y + 2, fit("Classes are measured on test images,", rect.width), TEXT)
        canvas.text(rect.x, rect.y + 3, fit("and not every run has been tested yet.", rect.width), TEXT)
        return
    fits = max((rect.width - 3) // NARROWEST, 1)
    at = next((n for n, e in enumerate(kin) if e is marked), 0)
    start = min(max(at - fits // 2, 0), max(len(kin) - fits, 0))
    seen = kin[start : start + fits]
    most = max((_of_class(e, c, board) or 0.0 for e in kin for c in CLASS_NAMES), default=0.0) or 1.0
    pitch = (rect.width - 3) // len(seen)
    for place, entry in enumerate(seen):
        _bars(
            canvas, Rect(rect.x + 3 + place * pitch, rect.y + 1, pitch, rect.height - 1), entry, board, most
        )
    for y, label in enumerate(CLASS_NAMES[: rect.height - 2], rect.y + 2):
        canvas.text(rect.x + 1, y, label, TEXT)
    if rect.height >= len(CLASS_NAMES) + 4:
        _ends(canvas, rect, marked, board)


def _ends(canvas: Canvas, rect: Rect, entry: ComparedRun, board: Board) -> None:
    """Which class costs the marked checkpoint most, and which least."""
    costs = sorted((cost, c) for c in CLASS_NAMES if (cost := _of_class(entry, c, board)) is not None)
    if costs:
        (least, easy), (most, hard) = costs[0], costs[-1]
        text = f"{entry.name}: {hard} costs most, {most:.1f}; {easy} least, {least:.1f}"
        canvas.text(rect.x, rect.y + len(CLASS_NAMES) + 3, fit(text, rect.width), DIM)


def _of_class(entry: ComparedRun, label: str, board: Board) -> float | None:
    value = (entry.errors if board.by_error else entry.classes).get(label)
    return value if value is None else value * (1000 if board.by_error else 1)


def _bars(canvas: Canvas, rect: Rect, entry: ComparedRun, board: Board, most: float) -> None:
    """One latent size: a bar a class, its value after it, under the size and the mean of all images."""
    colour = board.colour(entry.latent, by_latent=True)
    is_marked = entry.path == board.cursor
    head = f"›z {entry.latent}‹" if is_marked else f"z {entry.latent}"
    column = canvas.text(rect.x, rect.y, head, BRIGHT if is_marked else colour, bold=True)
    mean = entry.figures.mse * 1000 if board.by_error else entry.figures.distortion
    if column + len(f" mean {mean:.1f}") < rect.x + rect.width:
        canvas.text(column + 1, rect.y, f"mean {mean:.1f}", DIM)
    canvas.click(rect.x, rect.y, rect.width, rect.height, f"pick({board.number(entry.path)})")
    room = max(rect.width - 7, 1)
    fill = _FILLS[sorted({e.latent for e in board.ranked}).index(entry.latent) % len(_FILLS)]
    for y, label in enumerate(CLASS_NAMES[: rect.height - 1], rect.y + 1):
        value = _of_class(entry, label, board)
        if value is None:
            canvas.text(rect.x, y, "–", DIM)
            continue
        bar = _bar(value / most * room, fill, canvas)
        end = canvas.text(rect.x, y, bar, colour)
        canvas.text(end + 1, y, f"{value:.1f}" if value < 1000 else f"{value:.0f}", TEXT)


def _bar(size: float, fill: str, canvas: Canvas) -> str:
    """A bar of `size` cells, to an eighth where colour tells whose it is."""
    eighths = max(round(size * 8), 1)
    if theme.has_colours(canvas.terminal) and canvas.terminal.glyphs != "ascii":
        return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
    return fill * max(round(size), 1)
