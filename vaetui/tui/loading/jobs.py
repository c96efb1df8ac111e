"""Requests for what the user starts: trainers, downloads, files to be written."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vaetui.tui.loading.loader import Request, Task
from vaetui.tui.state.loaded import Loaded

if TYPE_CHECKING:
    from vaetui.runs.report_request import ReportSubject
    from vaetui.runs.training_preview import PreparedRuns

DOWNLOAD, TRAINER, EXPORT, REPORT = "download", "trainer", "export", "report"
REPORT_SUBJECTS = "report subjects"
Trainer = subprocess.Popen[bytes]


def start_trainer(
    prepared: PreparedRuns, data: Path, then: Callable[[Loaded[Trainer]], object]
) -> Request[Trainer]:
    """Request the start of a trainer on runs that were prepared."""

    def work(task: Task) -> Trainer:
        from vaetui.runs import launch

        return launch.start(prepared.paths, data, is_cancelled=lambda: task.is_cancelled)

    key = (TRAINER, prepared.paths)
    return Request(key, None, work, f"{prepared.sentence}: starting …", order="all", then=then)


def download(dataset: str, folder: Path, then: Callable[[Loaded[str]], object]) -> Request[str]:
    """Request the download of a data set into `folder`."""
    from trainer.contract.datasets import registry

    size = registry.megabytes(dataset)

    def work(task: Task) -> str:
        def watch(received: int) -> None:
            task.report(f"{received / 1e6:.1f} of {size} MB" if received else f"0 of {size} MB")

        watch(0)
        return registry.resolve(dataset, folder, lambda _: None, watch)

    message = f"downloading {dataset}:"
    return Request((DOWNLOAD, dataset), None, work, message, order="all", then=then)


def export(write: Callable[[], str], then: Callable[[Loaded[str]], object]) -> Request[str]:
    """Request the writing of a file by `write`, which returns the message."""
    key = (EXPORT, object())  # another one each time: exports run in parallel
    return Request(key, None, lambda _: write(), "writing the file …", order="all", then=then)


def report_subjects(
    read: Callable[[], Sequence[ReportSubject]], then: Callable[[Loaded[Sequence[ReportSubject]]], object]
) -> Request[Sequence[ReportSubject]]:
    """Request what a report can be on, for the dialog that has just been opened."""
    return Request((REPORT_SUBJECTS, object()), None, lambda _: read(), order="all", then=then)


def report(words: Sequence[str], title: str, then: Callable[[Loaded[str]], object]) -> Request[str]:
    """Request the report of the command line `words`, one at a time; `then` gets the path of its page."""

    def work(task: Task) -> str:
        from vaetui.runs import report_process

        return report_process.write_report(words, task.report)

    return Request((REPORT, ""), None, work, f"report on {title}:", order="one", then=then)
