"""The state of the explorer: selected run, selection of images, notice."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from vaetui.format import plural
from vaetui.runs.run_index import RunIndex
from vaetui.runs.training_ends import failure_sentence
from vaetui.tui.state.loaded import FileStamps, Values
from vaetui.tui.state.notice import MessageLog, Notice
from vaetui.tui.state.run_list import RunListSettings
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
        self.log = MessageLog()
        self.run_list = RunListSettings()
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
        problems = self._problems(values)
        self.log.add_problems(problems)
        if self.notice.sentence and not (self.notice.is_greeting and problems):
            return self.notice
        if progress:
            return Notice(progress)
        unread = self.runs.library.unread
        if unread and self.has_polled:
            problems.append(f"reading {plural(unread, 'more run')} …")
        more = f" (and {len(problems) - 1} more: M)" if len(problems) > 1 else ""
        return Notice(problems[0] + more, is_trouble=True) if problems else Notice()

    def _problems(self, values: Values) -> list[str]:
        """Return what is wrong with the selected run, its images and the folder of runs."""
        run = self.runs.run
        images = values.images.value.notice if values.images.value else ""
        of_run = [run.problem, failure_sentence(run)] if run else []
        others = [sentence for _, sentence in self.runs.library.problems]
        return list(filter(None, [*of_run, images, *others]))

    def replaced(self, values: Values) -> str:
        """Return which dataset replaces another in the training of the selected run, or in its images."""
        run = self.runs.run
        if run is None:
            return ""
        name = run.config.data.name
        if run.config.instead_of:
            return f"{name}, not {run.config.instead_of}"
        shown = values.images.value.shown if values.images.value else None
        return f"images: {shown.name}" if shown and shown.name != name else ""
