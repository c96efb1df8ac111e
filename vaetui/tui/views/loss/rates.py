"""The rate of every latent dimension over the epochs as a strip of colours, and figures of one epoch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from trainer.contract.metrics import Epoch
from vaetui.arrays import Floats
from vaetui.render.cells import Row, Span, half_blocks, thumbnail
from vaetui.tui.screen import theme
from vaetui.tui.screen.canvas import Canvas
from vaetui.tui.screen.theme import BRIGHT, DIM, TEXT
from vaetui.tui.widgets.board import Rect
from vaetui.tui.widgets.charts import Frame, crossed

LINES = 3  # of title, figures and epoch
MARGIN = 5  # columns for the numbers of the dimensions, or which end is which
_SCALE = 12  # columns
_DENSITY = " ░▒▓█"


@dataclass(frozen=True, eq=False)
class Rates:
    """Nats `(latent, epochs)`, the dimension that carries most in the end first; `dims` are their numbers."""

    values: Floats
    dims: tuple[int, ...]
    epochs: tuple[int, ...]

    @property
    def most(self) -> float:
        """The highest rate, 1 where all are 0."""
        return float(self.values.max(initial=0.0)) or 1.0


def rates(epochs: tuple[Epoch, ...]) -> Rates:
    """The rates of a VAE with at least one epoch; what is not finite counts as 0."""
    latent = len(epochs[-1].kl_per_dim)
    rows = [epoch.kl_per_dim if len(epoch.kl_per_dim) == latent else (0.0,) * latent for epoch in epochs]
    values = np.nan_to_num(np.array(rows, np.float32).T, nan=0.0, posinf=0.0, neginf=0.0)
    order = np.argsort(-values[:, -1], kind="stable")
    return Rates(values[order], tuple(order.tolist()), tuple(epoch.epoch for epoch in epochs))


def paint(canvas: Canvas, rect: Rect, found: Rates, axis: tuple[int, int], epoch: int) -> Frame:
    """Title, figures at `epoch` and the strip of epochs `axis[0]` to `axis[1]` with a line there."""
    lines = max(rect.height - LINES, 1)
    frame = Frame(rect.x + MARGIN, rect.y + 2, max(rect.width - MARGIN, 1), lines, *axis)
    _title(canvas, rect, found)
    canvas.text(rect.x, rect.y + 1, _figures(found, epoch, rect.width), TEXT)
    rows = _strip(found, frame, theme.needs_letters(canvas.terminal))
    column = frame.column(epoch) - frame.x
    canvas.picture(frame.x, frame.y, [crossed(row, column, _line) for row in rows])
    pitch = lines // len(found.dims)
    for place, dim in enumerate(found.dims if pitch else ()):
        canvas.right(frame.x - 1, frame.y + place * pitch, f"z{dim + 1}", DIM)
    if not pitch:
        canvas.right(frame.x - 1, frame.y, "high", DIM)
        canvas.right(frame.x - 1, frame.y + lines - 1, "low", DIM)
    return frame


def _line(cell: Span) -> Span:
    return Span("│", BRIGHT, cell.bg)


def _title(canvas: Canvas, rect: Rect, found: Rates) -> None:
    """What is seen, and the colours from 0 to the highest rate."""
    column = canvas.text(rect.x, rect.y, "rate of each dimension", BRIGHT, bold=True) + 2
    end = canvas.right(rect.x + rect.width, rect.y, f"{found.most:.2f} nats", TEXT) - 1
    if theme.needs_letters(canvas.terminal):
        canvas.text(end - len(_DENSITY), rect.y, _DENSITY, TEXT)
        end -= len(_DENSITY)
    else:
        for step in range(_SCALE):
            canvas.text(end - _SCALE + step, rect.y, " ", bg=theme.scale_colour(step / (_SCALE - 1)))
        end -= _SCALE
    end = canvas.right(end - 1, rect.y, "0", TEXT)
    order = f"largest of {len(found.dims)} at the top"
    if column + len(order) + 1 < end:
        canvas.text(column, rect.y, order, DIM)


def _figures(found: Rates, epoch: int, width: int) -> str:
    """The largest rates at `epoch` as far as there is room, and their sum over all dimensions."""
    if epoch not in found.epochs:
        return f"no figures at epoch {epoch}"
    values = found.values[:, found.epochs.index(epoch)]
    text = f"sum {values.sum():.1f} nats"
    for place in np.argsort(-values, kind="stable").tolist():
        more = f"  z{found.dims[place] + 1} {values[place]:.2f}"
        if len(text + more) > width:
            break
        text += more
    return text


@lru_cache(maxsize=8)
def _strip(found: Rates, frame: Frame, in_letters: bool) -> list[Row]:
    """The rows of the strip; kept, so that a step of the cursor draws nothing anew."""
    picture = _pixels(found, frame)
    if not in_letters:
        return half_blocks(picture, colours=theme.scale_colours)
    steps = np.rint(picture[::2].clip(0, 1) * (len(_DENSITY) - 1)).astype(int)
    return [[Span("".join(_DENSITY[step] for step in row), TEXT, None)] for row in steps.tolist()]


def _pixels(found: Rates, frame: Frame) -> npt.NDArray[np.float32]:
    """0…1 for two pixels a cell, `(2·lines, width)`; whole rows for each dimension where all have one."""
    wanted = np.array([frame.epoch(frame.x + column) for column in range(frame.width)])
    there = np.array(found.epochs)
    nearest = np.abs(there[None] - wanted[:, None]).argmin(1)
    picture = found.values[:, nearest] / np.float32(found.most)
    picture[:, (wanted > there[-1]) | (wanted < there[0])] = 0
    latent, lines = len(found.dims), frame.height
    if latent > lines:
        return thumbnail(picture, 2 * lines, frame.width)
    return np.repeat(picture, 2 * (lines // latent), axis=0)
