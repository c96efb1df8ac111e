"""The bars of the comparison by class."""

from __future__ import annotations

from vaetui.render import theme
from vaetui.render.theme import BRIGHT, DIM, TEXT
from vaetui.runs.compare import CLASS_NAMES, ComparedRun
from vaetui.tui.screen.canvas import Canvas, fit
from vaetui.tui.views.compare.board import NO_METRICS, Board
from vaetui.tui.widgets.layout import Rect, window
from vaetui.tui.widgets.run_summary import MARK

_EIGHTHS = " ▏▎▍▌▋▊▉"
_FILLS = "█▓▒░"  # of latent sizes where colours are few
_NARROWEST = 10  # columns for one latent size


def classes(canvas: Canvas, rect: Rect, board: Board) -> None:
    """Paint ten bars a latent size, for the β of the selected entry, on one scale that starts at 0."""
    selected = board.selected or next(iter(board.comparison.ranked), None)
    what, unit = ("MSE", "thousandths per pixel") if board.by_error else ("distortion", "nats per image")
    if selected is None:
        canvas.text(rect.x, rect.y, f"{what} by class", BRIGHT, bold=True)
        canvas.text(rect.x, rect.y + 2, NO_METRICS, TEXT)
        return
    kind = "autoencoders" if selected.beta is None else f"β {selected.beta:g}"
    if board.by_error and selected.beta is not None:
        what += " at a draw"
    column = canvas.text(rect.x, rect.y, f"{what} by class, {kind}", BRIGHT, bold=True)
    canvas.text(column + 2, rect.y, fit(f"{unit}, test", rect.x + rect.width - column - 2), DIM)
    entries = [e for e in board.comparison.ranked if e.beta == selected.beta and e.classes]
    entries.sort(key=lambda e: e.latent)
    if not entries:
        canvas.text(rect.x, rect.y + 2, fit("Classes are measured on test images,", rect.width), TEXT)
        canvas.text(rect.x, rect.y + 3, fit("and not every run has been tested yet.", rect.width), TEXT)
        return
    shown = window(entries, selected, max((rect.width - 3) // _NARROWEST, 1))
    most = max(_cost(e, c, board) or 0.0 for e in entries for c in CLASS_NAMES) or 1.0
    pitch = (rect.width - 3) // len(shown)
    for place, entry in enumerate(shown):
        part = Rect(rect.x + 3 + place * pitch, rect.y + 1, pitch, rect.height - 1)
        _bars(canvas, part, entry, board, most)
    for y, label in enumerate(CLASS_NAMES[: rect.height - 2], rect.y + 2):
        canvas.text(rect.x + 1, y, label, TEXT)
    costs = sorted((cost, c) for c in CLASS_NAMES if (cost := _cost(selected, c, board)) is not None)
    below = len(CLASS_NAMES) + 2
    if costs and rect.height > below:
        (least, easy), (highest, hard) = costs[0], costs[-1]
        text = f"{selected.name}: {hard} costs most, {highest:.1f}; {easy} least, {least:.1f}"
        canvas.text(rect.x, rect.y + min(below + 1, rect.height - 1), fit(text, rect.width), DIM)


def _cost(entry: ComparedRun, label: str, board: Board) -> float | None:
    value = (entry.errors if board.by_error else entry.classes).get(label)
    return value * 1000 if value is not None and board.by_error else value


def _bars(canvas: Canvas, rect: Rect, entry: ComparedRun, board: Board, most: float) -> None:
    """Paint one latent size: a bar a class, its value after it, under the size and the mean of all images."""
    colour = board.colour(entry.latent, by_latent=True)
    is_selected = entry.path == board.cursor
    name = f"{MARK} z {entry.latent}" if entry.path in board.marked else f"z {entry.latent}"
    head = f"›{name}‹" if is_selected else name
    column = canvas.text(rect.x, rect.y, head, BRIGHT if is_selected else colour, bold=True)
    mean = f"mean {entry.figures.mse * 1000 if board.by_error else entry.figures.distortion:.1f}"
    if column + 1 + len(mean) < rect.x + rect.width:
        canvas.text(column + 1, rect.y, mean, DIM)
    canvas.click(rect.x, rect.y, rect.width, rect.height, board.click(entry))
    room = max(rect.width - 7, 1)
    fill = _FILLS[sorted({e.latent for e in board.comparison.ranked}).index(entry.latent) % len(_FILLS)]
    for y, label in enumerate(CLASS_NAMES[: rect.height - 1], rect.y + 1):
        value = _cost(entry, label, board)
        if value is None:
            canvas.text(rect.x, y, "–", DIM)
            continue
        end = canvas.text(rect.x, y, _bar(value / most * room, fill, canvas), colour)
        canvas.text(end + 1, y, f"{value:.1f}" if value < 1000 else f"{value:.0f}", TEXT)


def _bar(size: float, fill: str, canvas: Canvas) -> str:
    """Return a bar of `size` cells, to an eighth where colours tell the latent sizes apart."""
    if theme.needs_letters(canvas.terminal):
        return fill * max(round(size), 1)
    eighths = max(round(size * 8), 1)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
