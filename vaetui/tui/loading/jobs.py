"""Requests for what the user starts: trainers, downloads, files to be written."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vaetui.tui.loading.loader import Request, Task
from vaetui.tui.state.loaded import Loaded

if TYPE_CHECKING:
    from vaetui.runs.training_preview import PreparedRuns

DOWNLOAD, TRAINER, EXPORT = "download", "trainer", "export"
BYTES_PER_REPORT = 500_000
_numbers = itertools.count()

Trainer = subprocess.Popen[bytes]


def start_trainer(
    prepared: PreparedRuns, data: Path, then: Callable[[Loaded[Trainer]], object]
) -> Request[Trainer]:
    """Request that a trainer is started on runs that were prepared."""

    def work(task: Task) -> Trainer:
        from vaetui.runs import launch

        return launch.start(prepared.paths, data, is_cancelled=lambda: task.is_cancelled)

    key = (TRAINER, prepared.paths)
    return Request(key, None, work, f"{prepared.sentence}: starting …", order="all", is_kept=False, then=then)


def download(dataset: str, folder: Path, then: Callable[[Loaded[str]], object]) -> Request[str]:
    """Request that a data set is downloaded into `folder`."""
    from trainer.contract.datasets import registry

    size = registry.megabytes(dataset)

    def work(task: Task) -> str:
        reported = 0

        def watch(received: int) -> None:
            nonlocal reported
            if received // BYTES_PER_REPORT > reported:
                reported = received // BYTES_PER_REPORT
                task.report(f"{received / 1e6:.1f} of {size} MB")
            task.report(task.progress)

        task.report(f"0 of {size} MB")
        return registry.resolve(dataset, folder, lambda _: None, watch)

    message = f"downloading {dataset}:"
    return Request((DOWNLOAD, dataset), None, work, message, order="all", is_kept=False, then=then)


def export(write: Callable[[], str], then: Callable[[Loaded[str]], object]) -> Request[str]:
    """Request that a file is written by `write`, which returns what to say of it."""
    key = (EXPORT, next(_numbers))
    return Request(key, None, lambda _: write(), "writing the file …", order="all", is_kept=False, then=then)
