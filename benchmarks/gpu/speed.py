"""Compare the rows of `benchmarks.train_speed` with the limits and targets for a GPU."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu.parts import Section, table
from benchmarks.train_speed import COLUMNS, GRID, ON_GPU
from benchmarks.train_speed import show as print_rows

EPOCHS = 50
Row = dict[str, Any]


@dataclass(frozen=True)
class Requirement:
    """Upper limit and target of a figure, by batch size."""

    name: str
    measure: Callable[[Row, Row], float]  # (row of one model, row of the grid) → figure
    limits: dict[int, float]
    targets: dict[int, float]


def _total(row: Row) -> float:
    return float(row["total s"])


REQUIREMENTS = (
    Requirement(
        f"one model, {EPOCHS} epochs, s",
        lambda one, _: _total(one),
        {128: 10, 1024: 1.5},
        {128: 5, 1024: 0.6},
    ),
    Requirement(
        f"grid of {len(GRID)}, {EPOCHS} epochs, s",
        lambda _, grid: _total(grid),
        {128: 15, 1024: 6},
        {128: 9, 1024: 3},
    ),
    Requirement(
        "the grid's time over one model's",
        lambda one, grid: _total(grid) / _total(one),
        {128: 3, 1024: 3},
        {128: 1.5, 1024: 1.5},
    ),
)


def show(batch_size: int, with_requirements: bool) -> Callable[[Path], Section]:
    """Return a function that shows the rows of `train_speed` and, on request, the requirements."""

    def section(results: Path) -> Section:
        rows = json.loads(results.read_text())["rows"]
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            print_rows(rows, COLUMNS | ON_GPU)
        requirements, faults = check(rows, batch_size) if with_requirements else ("", ())
        return Section(f"{text.getvalue()}\n{requirements}".strip(), faults)

    return section


def check(rows: Sequence[Row], batch_size: int) -> tuple[str, tuple[str, ...]]:
    """Return the table of requirements, and a sentence for each one missed."""
    (one,) = (row for row in rows if row["loop"].startswith("(c)"))
    (grid,) = (row for row in rows if row["loop"].startswith("(d)"))
    lines, missed = [], []
    for requirement in REQUIREMENTS:
        figure = requirement.measure(one, grid)
        limit, target = requirement.limits[batch_size], requirement.targets[batch_size]
        verdict = "aim reached" if figure <= target else "reached" if figure <= limit else "**missed**"
        lines.append((requirement.name, batch_size, f"{figure:.2f}", f"{limit:g}", f"{target:g}", verdict))
        if figure > limit:
            missed.append(f"missed: {requirement.name} {figure:.2f}, at most {limit:g}")
    return table(("total", "batch", "found", "at most", "aim", "verdict"), lines), tuple(missed)
