"""What `benchmarks.train_speed` measured, beside what a GPU must reach."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu.parts import Shown, table
from benchmarks.train_speed import COLUMNS, GRID, ON_GPU
from benchmarks.train_speed import show as print_rows

EPOCHS = 50
Row = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """The most that something may be, and what it should be, by batch size."""

    what: str
    measure: Callable[[Row, Row], float]  # of the row of one model and of that of the grid
    most: dict[int, float]
    aim: dict[int, float]


def _total(row: Row) -> float:
    return float(row["total s"])


TARGETS = (
    Target(
        f"one model, {EPOCHS} epochs, s",
        lambda one, _: _total(one),
        {128: 10, 1024: 1.5},
        {128: 5, 1024: 0.6},
    ),
    Target(
        f"grid of {len(GRID)}, {EPOCHS} epochs, s",
        lambda _, grid: _total(grid),
        {128: 15, 1024: 6},
        {128: 9, 1024: 3},
    ),
    Target(
        "the grid's time over one model's",
        lambda one, grid: _total(grid) / _total(one),
        {128: 3, 1024: 3},
        {128: 1.5, 1024: 1.5},
    ),
)


def show(batch_size: int, is_held: bool) -> Callable[[Path], Shown]:
    """The rows as `train_speed` prints them and, where `is_held`, the targets with what was reached."""

    def shown(results: Path) -> Shown:
        rows = json.loads(results.read_text())["rows"]
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            print_rows(rows, COLUMNS | ON_GPU)
        reached, faults = judged(rows, batch_size) if is_held else ("", ())
        return Shown(f"{text.getvalue()}\n{reached}".strip(), faults)

    return shown


def judged(rows: Sequence[Row], batch_size: int) -> tuple[str, tuple[str, ...]]:
    """The table of targets, and those that were missed."""
    (one,) = (row for row in rows if row["loop"].startswith("(c)"))
    (grid,) = (row for row in rows if row["loop"].startswith("(d)"))
    lines, missed = [], []
    for target in TARGETS:
        found, most, aim = target.measure(one, grid), target.most[batch_size], target.aim[batch_size]
        verdict = "aim reached" if found <= aim else "reached" if found <= most else "**missed**"
        lines.append((target.what, batch_size, f"{found:.2f}", f"{most:g}", f"{aim:g}", verdict))
        if found > most:
            missed.append(f"missed: {target.what} {found:.2f}, at most {most:g}")
    return table(("total", "batch", "found", "at most", "aim", "verdict"), lines), tuple(missed)
