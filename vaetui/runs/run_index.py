"""Index the runs of a folder, and follow them while they train.

A run lives at `<runs>/<dataset>/<name>/`, a shipped one at `<runs>/examples/<name>/`. Folders without
config.json are not runs and are skipped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from pathlib import Path

from vaetui.runs.folders import FolderListing, Problems, may_be_run
from vaetui.runs.run_watcher import Run, RunWatcher


class RunIndex:
    """The runs of one folder, read at construction and again by each `poll`.

    A poll costs four `stat` a run while nothing changes, five once it is finished. `problems` holds the
    folders that could not be read at all, each with a sentence.

    Reading hundreds of runs for the first time takes a while. `at_once` limits the seconds of one poll:
    `first` and the runs modified last are read first, `unread` counts those left for the next polls.
    """

    def __init__(self, folder: Path, at_once: float = math.inf, first: Collection[Path] = ()) -> None:
        self.folder = folder
        self.unread = 0
        self._at_once, self._first = at_once, frozenset(first)
        self.runs: tuple[Run, ...] = ()
        self.problems: Problems = ()
        self._datasets = FolderListing(folder)
        self._listings: dict[Path, FolderListing] = {}
        self._watchers: dict[Path, RunWatcher] = {}
        self.poll()

    def poll(self) -> bool:
        """Read what changed. Returns whether `runs` or `problems` did."""
        changed = self._poll_folders()
        deadline = math.inf  # from the first new run on: known ones are polled however long that takes
        self.unread = 0
        for path, watcher in self._in_order():
            if not watcher.is_read:
                if time.monotonic() > deadline:
                    self.unread += 1
                    continue
                deadline = min(deadline, time.monotonic() + self._at_once)
            changed |= watcher.poll()
            if watcher.is_read and watcher.run is None and not may_be_run(path):
                del self._watchers[path]
        if changed:
            watchers = self._watchers.values()
            self.runs = tuple(sorted((f.run for f in watchers if f.run), key=_order))
            listings = (self._datasets, *self._listings.values())
            problems = [(f.path, f.problem) for f in watchers if f.problem]
            problems += [pair for listing in listings for pair in listing.problems]
            self.problems = tuple(sorted(problems))
        return changed

    def _in_order(self) -> list[tuple[Path, RunWatcher]]:
        """Return the watchers read before, then the new ones by priority."""
        followed = list(self._watchers.items())
        known = [pair for pair in followed if pair[1].is_read]
        new = [pair for pair in followed if not pair[1].is_read]
        if self._at_once < math.inf:
            new.sort(key=lambda pair: (pair[0] in self._first, pair[1].touched()), reverse=True)
        return known + new

    def _poll_folders(self) -> bool:
        changed = self._datasets.poll()
        if changed:
            self._listings = {
                path: self._listings.get(path) or FolderListing(path) for path in self._datasets.folders
            }
        for listing in self._listings.values():
            changed |= listing.poll()
        here = {path for listing in self._listings.values() for path in listing.folders}
        for path in [path for path in self._watchers if path not in here]:
            del self._watchers[path]
        for path in here.difference(self._watchers):
            if may_be_run(path):
                self._watchers[path] = RunWatcher(path)
        return changed


def _order(run: Run) -> tuple[str, bool, bool, int, float, str, str]:
    config, model = run.config, run.config.model
    name = (run.name, str(run.path))
    kind = (config.data.name, config.is_example, not model.is_vae)
    return *kind, model.latent, config.objective.beta, *name
