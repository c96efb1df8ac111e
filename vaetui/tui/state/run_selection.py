"""The selected run, the marked ones, and the neighbours of a run on the latent × β grid."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from vaetui.runs.families import Column, Family, cell_of, families
from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run
from vaetui.runs.seeds import SeedGroup

LATENT, BETA = 0, 1  # the axes of the grid


class RunSelection:
    """The families of a runs folder and the selected run, of one seed.

    It begins with the first of the `wanted` runs, and if these are several, only they are shown; without any
    it begins with a run in training, else with `last`, else with the run that validation chooses among those
    of the newest run's family, once all are read.
    """

    def __init__(self, library: RunIndex, wanted: Collection[Path] = (), last: Path | None = None) -> None:
        self.library = library
        self.families: tuple[Family, ...] = ()
        self.groups: dict[Path, SeedGroup] = {}  # the model of each run: its runs of all seeds
        self.family: Family | None = None
        self.run: Run | None = None
        self.marked: tuple[Run, ...] = ()  # in the order in which they were marked
        self.in_training: tuple[Run, ...] = ()  # of all families, those that wait for their turn included
        self._wanted, self._last = tuple(wanted), last
        self._only = frozenset(wanted if len(self._wanted) > 1 else ())  # the runs that are shown, () for all
        self._awaited: Path | None = None  # to be selected as soon as it is read
        self.is_chosen = False  # whether it began with the run that validation chooses
        self._is_reading = True  # for the first time, and nothing has been selected yet
        self._arrange()

    @property
    def facts(self) -> frozenset[str]:
        """Return the facts about runs on which keys depend, as the key table names them."""
        run, family = self.run, self.family
        facts = {
            "run": run is not None,
            "alive": run is not None and run.alive,
            "latents": family is not None and len(family.latents) > 1,
            "betas": family is not None and len(family.columns) > 1,
            "families": len(self.families) > 1,
            "seeds": run is not None and run.path in self.groups and len(self.groups[run.path].runs) > 1,
            "marks": bool(self.marked),
            "elsewhere": self.trains_elsewhere,
        }
        return frozenset(filter(facts.get, facts))

    @property
    def group(self) -> SeedGroup | None:
        """Return the model of the selected run: its runs of all seeds."""
        return self.groups.get(self.run.path) if self.run else None

    @property
    def trains_elsewhere(self) -> bool:
        """Return whether a run is in training that is not the selected one."""
        return len(self.in_training) > (self.run in self.in_training)

    @property
    def place(self) -> str:
        """Return the number of the family among several, such as "family 2 of 3"; "" for one."""
        if self.family is None or len(self.families) < 2:
            return ""
        return f"family {self.families.index(self.family) + 1} of {len(self.families)}"

    def poll(self) -> bool:
        """Read what changed in the folder; return whether anything did."""
        changed = self.library.poll()
        if changed:
            self._arrange()
        return changed

    @property
    def shown_runs(self) -> tuple[Run, ...]:
        """Return the runs that are shown: all of the folder, or those that were asked for and still exist."""
        every = self.library.runs
        return tuple(run for run in every if run.path in self._only) or every

    def _arrange(self) -> None:
        self.families = families(self.shown_runs)
        models = [group for family in self.families for group in family.groups.values()]
        self.groups = {run.path: group for group in models for run in group.runs}
        runs = {run.path: run for family in self.families for run in family.runs}
        paths = ([self.run.path] if self.run and not self._is_reading else []) + list(self._wanted)
        if self._awaited in runs:
            paths.insert(0, self._awaited)
            self._awaited = None
        self.run = next((runs[path] for path in paths if path in runs), None) or self._first_run()
        self._is_reading &= self.library.unread > 0
        self.family = next((f for f in self.families if self.run in f.runs), None)
        self.marked = tuple(runs[run.path] for run in self.marked if run.path in runs)
        self.in_training = tuple(run for run in self.library.runs if run.alive or run.waiting)

    def _first_run(self) -> Run | None:
        """Return the run to begin with."""
        runs = [run for family in self.families for run in family.runs]
        newest = max(
            runs, key=lambda run: (run.alive, run.path == self._last, run.status.updated), default=None
        )
        if newest is None or newest.alive or newest.path == self._last or self.library.unread:
            return newest
        from vaetui.runs.comparison import ORDERS, compare_runs

        others = next(family.runs for family in self.families if newest in family.runs)
        chosen = compare_runs(others, ORDERS[0]).choice.entry
        self.is_chosen = chosen is not None
        return next((run for run in others if chosen and run.path == chosen.path), newest)

    def await_run(self, path: Path) -> None:
        """Select the run in the directory `path` as soon as it is read, whatever its family."""
        self._awaited, self._is_reading = path, False
        if self._only:
            self._only |= {path}
        self._arrange()

    def select(self, latent: int, column: Column) -> bool:
        """Select the run in a cell of the grid; return whether the selection changed.

        It is of the same seed as the selected run where there is one.
        """
        return self._select(self._at(self.family, latent, column) if self.family else None)

    def _at(self, family: Family, latent: int, column: Column) -> Run | None:
        """Return the run in a cell, of the seed of the selected one if there is one."""
        return family.at(latent, column, self.run.config.seed if self.run else 0)

    def step_seed(self, by: int) -> bool:
        """Select the run of the next seed of the model (previous: −1); return whether there is another."""
        return self._select(self.group.beside(self.run, by) if self.group and self.run else None)

    def move(self, axis: int, by: int) -> bool:
        """Select the next (1) or previous (−1) latent size or β; return whether the selection changed.

        The other axis stays, or goes to the nearest run.
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
        return self._select(next(filter(None, (self._at(self.family, *cell) for cell in cells)), None))

    def step_family(self, by: int) -> bool:
        """Select the same cell `by` families on, or its first run; return whether there is another."""
        if not (self.family and self.run) or len(self.families) < 2:
            return False
        place = (self.families.index(self.family) + by) % len(self.families)
        self.family, self._is_reading = self.families[place], False
        return self._select(self._at(self.family, *cell_of(self.run)) or self.family.runs[0])

    def next_training(self) -> bool:
        """Select the next run in training, whatever its family; return whether the selection changed."""
        paths = [run.path for run in self.in_training]
        if not self.trains_elsewhere:
            return False
        here = paths.index(self.run.path) if self.run and self.run.path in paths else -1
        self.await_run(paths[(here + 1) % len(paths)])
        return True

    def _select(self, run: Run | None) -> bool:
        self._is_reading = False
        if run is None or (self.run and run.path == self.run.path):
            return False
        self.run = run
        return True

    def mark(self, run: Run | None) -> None:
        """Mark a run, or unmark it."""
        if run is not None:
            others = tuple(other for other in self.marked if other.path != run.path)
            self.marked = (*others, run) if len(others) == len(self.marked) else others

    def follow_rename(self, old: Path, new: Path) -> None:
        """Keep selection and mark of the run whose directory was renamed."""

        def renamed(run: Run) -> Run:
            return dataclasses.replace(run, path=new) if run.path == old else run

        self.marked = tuple(map(renamed, self.marked))
        if self.run is not None and self.run.path == old:
            self.run, self._awaited = renamed(self.run), new
        if old in self._only:
            self._only |= {new}
        self.library.poll()
        self._arrange()
