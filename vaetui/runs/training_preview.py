"""Looks what an order would come to, and prepares it: all that may take long, for threads to call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from trainer.contract.datasets import registry
from trainer.contract.datasets.fetch import Narrate
from trainer.contract.files import Problem
from trainer.contract.images import Dataset
from vaetui.format import megabytes
from vaetui.runs import launch
from vaetui.runs.queue import PlannedRun
from vaetui.runs.training_request import TrainingRequest, plan_sentences


class PreparationCancelled(Exception):
    """Nobody waits any more for what was begun."""


@dataclass(frozen=True)
class Preview:
    """What would happen, or is wrong, in a sentence."""

    sentence: str
    is_trouble: bool = False


@dataclass(frozen=True)
class PreparedRuns:
    """An order that was prepared: which runs wait for a trainer, and what they are to do."""

    paths: tuple[Path, ...]
    dataset: str
    sentence: str


class TrainingPreviewer:
    """Surveys orders for the runs folder `runs`; a data set is loaded once and kept as long as this is."""

    def __init__(self, runs: Path, images: Path) -> None:
        self.runs, self.images = runs, images
        self._datasets: dict[str, Dataset] = {}
        self._lock = Lock()

    def look(self, order: TrainingRequest) -> Preview:
        """What training `order` would do; nothing is downloaded or written."""
        try:
            options = order.options()
            name = "mnist" if options.dataset == "auto" else options.dataset
            if registry.is_here(name, self.images) or not registry.megabytes(name):
                configs = launch.requested_configs([options], lambda _: self._load(name))
                return _outlook(launch.plan_runs(self.runs, configs, order.force, options.name))
            launch.check_device(options.device, options.precision)
        except (ValueError, Problem) as problem:
            return Preview(str(problem), is_trouble=True)
        otherwise = ", or uses digits if that fails" if options.dataset == "auto" else ""
        size = registry.megabytes(name)
        return Preview(f"{name} is not here: Enter downloads it first ({size} MB){otherwise}")

    def place(
        self, order: TrainingRequest, narrate: Narrate, is_unwanted: Callable[[], bool]
    ) -> PreparedRuns:
        """Prepare the runs of `order`, whose images are downloaded where they are not here.

        Raises `Problem`, and `PreparationCancelled` once `is_unwanted` says so.
        """

        def watch(come: int) -> None:
            _check(is_unwanted)
            if come:
                narrate(f"downloading: {megabytes(come, 1)} so far")

        options = order.options()
        configs = launch.requested_configs(
            [options], lambda name: self._load(registry.resolve(name, self.images, narrate, watch))
        )
        _check(is_unwanted)
        said = plan_sentences(launch.plan_runs(self.runs, configs, order.force, options.name))
        paths = launch.create_runs(self.runs, configs, order.force, options.name)
        return PreparedRuns(tuple(paths), configs[0].data.name, "; ".join(said))

    def _load(self, name: str) -> Dataset:
        with self._lock:
            if name not in self._datasets:
                self._datasets[name] = registry.load(name, self.images)
            return self._datasets[name]


def _check(is_unwanted: Callable[[], bool]) -> None:
    if is_unwanted():
        raise PreparationCancelled


def _outlook(tasks: list[PlannedRun]) -> Preview:
    begins = "Enter starts " if any(task.is_due for task in tasks) else ""
    anew = [task for task in tasks if task.action == "retrain"]
    which = "it" if len(anew) == len(tasks) == 1 else f"{len(anew)} of them"
    lost = [f"what {which} learnt before is removed"] if anew else []
    return Preview(begins + "; ".join([*plan_sentences(tasks), *lost]))
