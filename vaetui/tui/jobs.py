"""Background jobs of the explorer: trainers are started and stopped, data sets downloaded.

Results are shown in the notice line. What a job needs is imported when it begins, after the first frame.
"""

from __future__ import annotations

import functools
import math
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from textual.app import App
from textual.worker import get_current_worker

from trainer.contract.files import Problem, clean
from trainer.contract.run_dir import LOG
from vaetui.runs.run_watcher import Run

if TYPE_CHECKING:
    from vaetui.runs.training_preview import PreparedRuns

STEP = 500_000  # bytes between two lines on how far a download is


class Tell(Protocol):
    """Shows a sentence in the notice line."""

    def __call__(self, sentence: str, *, is_trouble: bool = False, seconds: float | None = None) -> object:
        """Show `sentence` for `seconds`; None is a usual time, infinity until the next sentence."""


class Jobs:
    """The jobs of one app; each ends when the app is left, a trainer does not.

    `tell` shows a sentence, `runs` returns the runs that there are, `read_images` loads a data set again.
    """

    def __init__(
        self,
        app: App[Any],
        data_folder: Path,
        tell: Tell,
        runs: Callable[[], Sequence[Run]],
        read_images: Callable[[str], object],
    ) -> None:
        self._app, self._data_folder = app, data_folder
        self._tell, self._runs, self._read_images = tell, runs, read_images
        self.trainers: list[subprocess.Popen[bytes]] = []  # started here and not known to have ended
        self.downloads: set[str] = set()  # datasets on their way

    # --- trainers

    def start(self, placed: PreparedRuns) -> None:
        """Start a trainer on runs that were prepared."""
        self._tell(f"{placed.sentence}: starting …", seconds=math.inf)
        self._app.run_worker(functools.partial(self._start, placed), thread=True)

    def _start(self, placed: PreparedRuns) -> None:
        from vaetui.runs import launch

        worker = get_current_worker()
        try:
            process = launch.start(placed.paths, self._data_folder, is_unwaited=lambda: worker.is_cancelled)
        except Problem as problem:
            self._app.call_later(self._tell, str(problem), is_trouble=True)
        else:
            self._app.call_later(self._started, placed, process)

    def _started(self, placed: PreparedRuns, process: subprocess.Popen[bytes]) -> None:
        self.trainers = [trainer for trainer in (*self.trainers, process) if trainer.poll() is None]
        if process.returncode:
            log = clean(str(placed.paths[0] / LOG))
            self._tell(
                f"the trainer ended at once with code {process.returncode}: see {log}", is_trouble=True
            )
        else:
            self._tell(placed.sentence)

    def stop(self, run: Run) -> None:
        """Ask the trainer of a run to save and stop."""
        from vaetui.runs import launch
        from vaetui.runs.training_request import stop_sentence

        try:
            launch.ask_to_stop(run)
        except Problem as problem:
            self._tell(str(problem), is_trouble=True)
        else:
            together = [run, *launch.companions(run, self._runs())]
            self._tell(stop_sentence(together, 1))

    # --- images

    def download(self, dataset: str) -> None:
        """Download a dataset whose images are not here."""
        from trainer.contract.datasets import registry

        if dataset not in self.downloads:
            self.downloads.add(dataset)
            self._tell(f"downloading {dataset} ({registry.megabytes(dataset)} MB) …", seconds=math.inf)
            self._app.run_worker(functools.partial(self._download, dataset), thread=True)

    def _download(self, dataset: str) -> None:
        from trainer.contract.datasets import registry
        from vaetui.runs.training_preview import PreparationCancelled

        worker = get_current_worker()
        told = 0

        def watch(come: int) -> None:
            nonlocal told
            if worker.is_cancelled:
                raise PreparationCancelled
            if come // STEP > told:
                told = come // STEP
                sentence = f"downloading {dataset}: {come / 1e6:.1f} of {registry.megabytes(dataset)} MB"
                self._app.call_later(self._tell, sentence, seconds=math.inf)

        problem = ""
        try:
            registry.resolve(dataset, self._data_folder, lambda _: None, watch)
        except Problem as error:
            problem = str(error)
        except PreparationCancelled:
            return
        self._app.call_later(self._downloaded, dataset, problem)

    def _downloaded(self, dataset: str, problem: str) -> None:
        self.downloads.discard(dataset)
        self._tell(problem or f"{dataset} is here now", is_trouble=bool(problem))
        if not problem:
            self._read_images(dataset)
