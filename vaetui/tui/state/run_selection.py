"""Which run is looked at, which are marked, and the way to its neighbours on the latent × β grid."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from vaetui.runs.families import Column, Family, cell_of, families
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run

LATENT, BETA = 0, 1  # the axes of the grid


class RunSelection:
    """The families of a runs folder and the selected run; `wanted` runs limit them to their own families.

    Without a wanted one it begins with what trains now, else with the run `last` looked at, else the newest.
    """

    def __init__(self, library: RunIndex, wanted: Collection[Path] = (), last: Path | None = None) -> None:
        self.library = library
        self.families: tuple[Family, ...] = ()
        self.family: Family | None = None
        self.run: Run | None = None
        self.marked: tuple[Run, ...] = ()  # in the order in which they were marked
        self.facts: frozenset[str] = frozenset()  # what there is, as the key table names it
        self._wanted, self._last = tuple(wanted), last
        self._awaited: Path | None = None  # to be selected as soon as it is seen
        self._arrange()

    def poll(self) -> bool:
        """Look at the folder again. Returns whether anything changed."""
        changed = self.library.poll()
        if changed:
            self._arrange()
        return changed

    def _arrange(self) -> None:
        every = families(self.library.runs)
        wanted = [f for f in every if any(run.path in self._wanted for run in f.runs)]
        self.families = tuple(wanted) or every
        paths = ([self.run.path] if self.run else []) + list(self._wanted)
        if self._awaited and self._at(self._awaited):
            paths.insert(0, self._awaited)
            self._awaited = None
        self.run = next(filter(None, map(self._at, paths)), None) or self._newest()
        self.family = next((f for f in self.families if self.run in f.runs), None)
        self.marked = tuple(filter(None, (self._at(run.path) for run in self.marked)))
        self._look_at_facts()

    def _at(self, path: Path) -> Run | None:
        return next((run for family in self.families for run in family.runs if run.path == path), None)

    def _newest(self) -> Run | None:
        """What trains now, else what was looked at last, else what was touched last."""
        runs = [run for family in self.families for run in family.runs]
        return max(
            runs, key=lambda run: (run.alive, run.path == self._last, run.status.updated), default=None
        )

    def await_run(self, path: Path) -> None:
        """Look at the run in the directory `path` as soon as there is one, whatever family it belongs to."""
        self._awaited = path
        if self._wanted:
            self._wanted = (*self._wanted, path)
        self._arrange()

    def select(self, latent: int, column: Column) -> bool:
        """Look at the run in a cell of the grid. Returns whether that is another than before."""
        return self._select(self.family.at(latent, column) if self.family else None)

    def move(self, axis: int, by: int) -> bool:
        """To the next (1) or last (−1) latent size or β; the other axis stays, or goes to the nearest run.

        Returns whether there was one.
        """
        if not (self.family and self.run):
            return False
        cell = cell_of(self.run)
        axes: tuple[Sequence[Any], Sequence[Any]] = self.family.latents, self.family.columns
        along, across = axes[axis], axes[1 - axis]
        place, wish = along.index(cell[axis]) + by, across.index(cell[1 - axis])
        if not 0 <= place < len(along):
            return False
        near = sorted(across, key=lambda other: abs(across.index(other) - wish))
        cells = [(along[place], other) if axis == LATENT else (other, along[place]) for other in near]
        return self._select(next(filter(None, (self.family.at(*there) for there in cells)), None))

    def next_family(self) -> bool:
        """To the next family: the same cell, or its first run. Returns whether there is another."""
        if not (self.family and self.run) or len(self.families) < 2:
            return False
        place = (self.families.index(self.family) + 1) % len(self.families)
        self.family = self.families[place]
        return self._select(self.family.at(*cell_of(self.run)) or self.family.runs[0])

    def _select(self, run: Run | None) -> bool:
        if run is None or (self.run and run.path == self.run.path):
            return False
        self.run = run
        self._look_at_facts()
        return True

    def mark(self) -> bool:
        """Mark the selected run, or take its mark away. Returns whether there is a run."""
        if self.run is None:
            return False
        others = tuple(run for run in self.marked if run.path != self.run.path)
        self.marked = (*others, self.run) if len(others) == len(self.marked) else others
        self._look_at_facts()
        return True

    def unmark_all(self) -> bool:
        """Take every mark away. Returns whether there was one."""
        were_any, self.marked = bool(self.marked), ()
        self._look_at_facts()
        return were_any

    @property
    def place(self) -> str:
        """Which of several families this is, such as "2/3"; "" where there is one."""
        if self.family is None or len(self.families) < 2:
            return ""
        return f"{self.families.index(self.family) + 1}/{len(self.families)}"

    def _look_at_facts(self) -> None:
        found = {
            "run": self.run is not None,
            "alive": self.run is not None and self.run.alive,
            "latents": self.family is not None and len(self.family.latents) > 1,
            "betas": self.family is not None and len(self.family.columns) > 1,
            "families": len(self.families) > 1,
            "marks": bool(self.marked),
        }
        self.facts = frozenset(fact for fact, holds in found.items() if holds)
