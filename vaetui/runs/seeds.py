"""Runs that differ in their seed only are one model: its seeds, and mean and spread of its figures."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vaetui.format import fixed
from vaetui.runs.run_watcher import Run

_LEAST_RANGE = 3  # seeds in a row that are written as a range
_MOST = 1000  # seeds of a range that is read


@dataclass(frozen=True)
class Spread:
    """The mean of a figure over seeds, its standard deviation (None for a single seed), and their number."""

    mean: float
    deviation: float | None
    count: int

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """Return the spread of `values` `(seeds,)`, one or more; that of a sample, with n − 1."""
        is_known = len(values) > 1 and all(map(math.isfinite, values))
        deviation = statistics.stdev(values) if is_known else None
        return Spread(math.fsum(values) / len(values), deviation, len(values))

    def text(self, digits: int = 2) -> str:
        """Format mean and standard deviation, such as "105.43 ± 0.31"."""
        around = "" if self.deviation is None else f" ± {fixed(self.deviation, digits)}"
        return f"{fixed(self.mean, digits)}{around}"


@dataclass(frozen=True, eq=False)
class SeedGroup:
    """The runs of one model, ascending by seed; all other settings are equal."""

    runs: tuple[Run, ...]

    @property
    def first(self) -> Run:
        """Return the run of the lowest seed."""
        return self.runs[0]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return the directories of the runs."""
        return tuple(run.path for run in self.runs)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Return the seeds, ascending."""
        return tuple(run.config.seed for run in self.runs)

    @property
    def is_single(self) -> bool:
        """Return whether there is one seed only."""
        return len(self.runs) == 1

    @cached_property
    def name(self) -> str:
        """Return the name of its only run, or that of all, such as "vae-z10-b1-bce-s0–2"."""
        return shared_name([run.name for run in self.runs], self.seeds)

    @property
    def counted(self) -> tuple[Run, ...]:
        """Return the runs whose figures count: those that are trained, or all while none is."""
        measured = tuple(run for run in self.runs if run.latest is not None)
        return tuple(run for run in measured if run.is_settled) or measured

    def spread(self, read: Callable[[Run], float | None]) -> Spread | None:
        """Return mean and standard deviation of a figure, None where no run has it."""
        values = [value for run in self.counted if (value := read(run)) is not None]
        return Spread.of(values) if values else None

    def member(self, seed: int) -> Run:
        """Return the run of a seed, the first one where there is none."""
        return next((run for run in self.runs if run.config.seed == seed), self.first)

    def beside(self, run: Run, by: int) -> Run:
        """Return the run `by` seeds on, cyclically."""
        return self.runs[(self.seeds.index(run.config.seed) + by) % len(self.runs)]


def seeds_text(seeds: Sequence[int]) -> str:
    """Write ascending seeds, three or more in a row as a range: "0", "0,1", "0–2", "0,1,5"."""
    texts: list[str] = []
    place = 0
    while place < len(seeds):
        end = place
        while end + 1 < len(seeds) and seeds[end + 1] == seeds[end] + 1:
            end += 1
        if end - place + 1 >= _LEAST_RANGE:
            texts.append(f"{seeds[place]}–{seeds[end]}")
        else:
            texts += map(str, seeds[place : end + 1])
        place = end + 1
    return ",".join(texts)


def seeds_words(seeds: Sequence[int]) -> str:
    """Return the same with the noun: "seed 0", "seeds 0–2"."""
    return f"seed{'s' if len(seeds) > 1 else ''} {seeds_text(seeds)}"


def shared_name(names: Sequence[str], seeds: Sequence[int]) -> str:
    """Return one name for the runs of a model, each with its seed in it as `-s0`.

    Where they are named otherwise, it is the first name and how many more there are.
    """
    if len(names) == 1:
        return names[0]
    mark = re.compile(r"(?<![^-])s(\d+)(?![^-])")  # a whole part of the name

    def places(name: str, seed: int) -> set[tuple[str, str]]:
        return {(name[: m.start()], name[m.end() :]) for m in mark.finditer(name) if int(m[1]) == seed}

    around = set.intersection(*map(places, names, seeds))
    if not around:
        return f"{names[0]} + {len(names) - 1} more"
    before, after = min(around)
    return f"{before}s{seeds_text(seeds)}{after}"


def names_by_seed(shared: str) -> list[str]:
    """Return the names of the runs that `shared_name` wrote as one; none where it names no seeds."""
    mark = re.compile(r"(?<![^-])s(\d{1,10}(?:[,–]\d{1,10})+)(?![^-])")  # a whole part of the name
    found = mark.search(shared)
    if found is None:
        return []
    before, after = shared[: found.start()], shared[found.end() :]
    seeds = [seed for part in found[1].split(",") for seed in _range_of(part)]
    return [f"{before}s{seed}{after}" for seed in seeds]


def _range_of(text: str) -> range:
    """Return the seeds of "3" or "0–2", at most `_MOST` of them."""
    first, _, last = text.partition("–")
    return range(int(first), min(int(last or first), int(first) + _MOST - 1) + 1)
