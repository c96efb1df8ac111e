"""The timelines that were read, by run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trainer.contract.run_dir import TIMELINE
from vaetui.errors import TROUBLES, sentence
from vaetui.runs import timeline
from vaetui.runs.run_watcher import Run
from vaetui.runs.timeline import Timeline
from vaetui.tui.loading.store import Stamp, stamp

MOST_BYTES = 24 << 20  # of pictures kept, beside the timeline that is looked at


@dataclass(frozen=True, eq=False)
class Found:
    """A timeline as its file was at `stamp`, or why there is none."""

    stamp: Stamp
    timeline: Timeline | None
    trouble: str = ""

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return self.timeline.nbytes if self.timeline else 0


class Timelines:
    """Only `look` touches the disk; what was read stays until its newer self is here."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._found: dict[Path, Found] = {}
        self._old: set[Path] = set()  # whose file is another by now

    def here(self, run: Run) -> Found | None:
        """What was read last, None where nothing was."""
        return self._found.get(run.path)

    def is_wanted(self, run: Run) -> bool:
        """Whether it has to be read."""
        return run.path not in self._found or run.path in self._old

    def take(self, run: Run, found: Found) -> None:
        """Keep what was read."""
        self._found.pop(run.path, None)
        self._found[run.path] = found  # last read, last dropped
        self._old.discard(run.path)
        sizes = [kept.nbytes for kept in self._found.values()]
        while len(sizes) > 1 and sum(sizes[:-1]) > self._most:
            first = next(iter(self._found))
            del self._found[first], sizes[0]
            self._old.discard(first)

    def look(self, run: Run) -> bool:
        """Whether the file is another than the one that was read; then it is wanted again."""
        found = self._found.get(run.path)
        if found is None or run.path in self._old or found.stamp == stamp(run.path / TIMELINE):
            return False
        self._old.add(run.path)
        return True


def load(run: Run) -> Found:
    """The timeline of `run` from its file."""
    seen = stamp(run.path / TIMELINE)  # before the reading: a change during it is noticed by the next look
    try:
        return Found(seen, timeline.read_timeline(run.path))
    except TROUBLES as trouble:
        return Found(seen, None, sentence(trouble))
