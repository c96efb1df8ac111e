"""The state of the explorer: selected run, selection of images, notice."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from vaetui.runs.run_index import RunIndex
from vaetui.runs.run_watcher import Run
from vaetui.tui.state.loaded import FileStamps, Values
from vaetui.tui.state.notice import Notice
from vaetui.tui.state.run_selection import RunSelection
from vaetui.tui.state.selection import Selection, opening


class AppState:
    """The state of the explorer apart from loaded values.

    `stamps` are those of the selected run's files. `image_versions` counts by dataset how often its images
    were replaced. `has_polled` is whether the first frame has been shown.
    """

    def __init__(self, library: RunIndex, wanted: tuple[Path, ...] = (), last: Path | None = None) -> None:
        self.runs = RunSelection(library, wanted, last)
        self.selection = Selection()
        self.stamps = FileStamps()
        self.notice = Notice()
        self.image_versions: dict[str, int] = {}
        self.has_polled = False
        self._images = ""  # the dataset of the selection
        self._elsewhere: dict[str, Selection] = {}  # the last selection of other datasets

    @property
    def dataset(self) -> str:
        """Return the dataset of the selected run, "" without one."""
        return self.runs.run.config.data.name if self.runs.run else ""

    def renew_images(self, dataset: str) -> None:
        """Load the images of a dataset again."""
        self.image_versions[dataset] = self.image_versions.get(dataset, 0) + 1

    def follow(self, values: Values) -> None:
        """Adapt the selection to loaded images and rankings.

        Each dataset has its own selection of images. Once the ranking of an order is loaded, its first image
        is selected.
        """
        shown = values.images.value.shown if values.images.value else None
        if shown is None:
            return
        labels = shown.images.labels
        if shown.name != self._images:
            self._elsewhere[self._images] = self.selection
            self.selection = self.selection.among(self._elsewhere.get(shown.name) or opening(labels))
            self._images = shown.name
        gallery = self.selection.gallery
        if gallery.lacks_ranking and values.ranking.value is not None:
            gallery = dataclasses.replace(gallery, ranking=values.ranking.value)
            listed = gallery.listed(labels)
            image = int(listed[0]) if len(listed) else self.selection.image
            self.selection = dataclasses.replace(self.selection, gallery=gallery, image=image)

    def current_notice(self, values: Values, progress: str = "") -> Notice:
        """Return the posted notice, else the `progress` of a job, else the first problem, if any."""
        if self.notice.sentence or progress:
            return self.notice if self.notice.sentence else Notice(progress)
        run, library = self.runs.run, self.runs.library
        images = values.images.value.notice if values.images.value else ""
        problems = [run.problem if run else "", _failure(run), images]
        problems += [sentence for _, sentence in library.problems]
        if library.unread and self.has_polled:
            problems.append(f"reading {library.unread} more run{'s' * (library.unread > 1)} …")
        pressing = list(filter(None, problems))
        more = f" (and {len(pressing) - 1} more)" if len(pressing) > 1 else ""
        return Notice(pressing[0] + more, is_trouble=True) if pressing else Notice()


def _failure(run: Run | None) -> str:
    if run is None or run.state not in ("failed", "interrupted"):
        return ""
    if run.state == "interrupted":
        return f"{run.name}: its trainer ended without saving; training it with the same options continues"
    return f"{run.name} failed: {run.status.error}"
