"""Preview and prepare a training request: what may take long, for threads to call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from trainer.contract.config import EXAMPLE, Config
from trainer.contract.datasets import registry
from trainer.contract.datasets.fetch import Narrate
from trainer.contract.datasets.names import AUTO
from trainer.contract.files import Problem
from trainer.contract.images import Dataset
from trainer.contract.run_dir import is_run
from vaetui.format import megabytes
from vaetui.runs import launch
from vaetui.runs.queue import PlannedRun, queue_runs
from vaetui.runs.run_watcher import Run
from vaetui.runs.training_request import TrainingRequest, finished_sentence, plan_sentences


class PreparationCancelled(Exception):
    """The result of a preparation is no longer wanted."""


@dataclass(frozen=True)
class Preview:
    """What a request would do, with a warning if it is not as asked, or why it cannot be trained."""

    sentence: str
    is_error: bool = False
    is_warning: bool = False


@dataclass(frozen=True)
class PreparedRuns:
    """Run directories that are queued for a trainer, and a sentence on what it will do.

    `warning` says why it trains on another dataset than was asked for, "" if it does not.
    """

    paths: tuple[Path, ...]
    dataset: str
    sentence: str
    warning: str = ""


class TrainingPreviewer:
    """Preview and prepare requests in the runs folder `runs`; loads each dataset of `images` once.

    `known` are the runs there are; one trained with the settings of a request is not trained again under
    another name.
    """

    def __init__(self, runs: Path, images: Path, known: Sequence[Run] = ()) -> None:
        self.runs, self.images, self.known = runs, images, known
        self._datasets: dict[str, Dataset] = {}
        self._lock = Lock()

    def preview(self, request: TrainingRequest) -> Preview:
        """Say what training `request` would do; nothing is downloaded or written."""
        try:
            grids, prefix = request.grids()
            is_auto = grids[0]["dataset"] == "auto"
            name = AUTO if is_auto else grids[0]["dataset"]
            if registry.is_here(name, self.images) or not registry.megabytes(name):
                configs = launch.requested_configs(grids, lambda _: self._load(name))
                return _preview(self._plan(configs, request.force, prefix))
            launch.check_device(grids[0]["device"], grids[0]["precision"])
        except (ValueError, Problem) as problem:
            return Preview(str(problem), is_error=True)
        otherwise = f", or trains on {registry.FALLBACK} if that fails" if is_auto else ""
        size = registry.megabytes(name)
        sentence = f"{name} is not on disk: Enter downloads it first ({size} MB){otherwise}"
        return Preview(sentence, is_warning=is_auto)

    def prepare(
        self, request: TrainingRequest, narrate: Narrate, is_cancelled: Callable[[], bool]
    ) -> PreparedRuns:
        """Download missing images, create the run directories of `request` and queue them.

        Raises `Problem`, and `PreparationCancelled` when `is_cancelled` returns true.
        """

        def check() -> None:
            if is_cancelled():
                raise PreparationCancelled

        def on_bytes(count: int) -> None:
            check()
            if count:
                narrate(f"downloading: {megabytes(count, 1)} so far")

        last = ""

        def tell(sentence: str) -> None:
            nonlocal last
            last = sentence
            narrate(sentence)

        grids, prefix = request.grids()
        configs = launch.requested_configs(
            grids, lambda name: self._load(registry.resolve(name, self.images, tell, on_bytes))
        )
        check()
        planned = self._plan(configs, request.force, prefix)
        dataset, warning = configs[0].data.name, ""
        if configs[0].instead_of:
            warning = last.removeprefix("WARNING: ")  # the explorer has a mark for warnings
        paths = tuple(queue_runs(planned))
        return PreparedRuns(paths, dataset, _sentence(planned), warning)

    def _plan(self, configs: Sequence[Config], force: bool, name: str | None) -> list[PlannedRun]:
        """Plan runs; one without a name has the name of a finished run with its settings, if there is one."""
        twin = None if name or force or len(configs) > 1 else self._twin(configs[0])
        if twin is None:
            return launch.plan_runs(self.runs, configs, force, name)
        if twin.config.origin == EXAMPLE or twin.path.parent != self.runs / configs[0].data.name:
            if twin.status.epoch < configs[0].optimiser.epochs:  # an example is not continued
                return launch.plan_runs(self.runs, configs, force, name)
            return [PlannedRun(twin.path, twin.config, "keep", twin.status.epoch)]
        return launch.plan_runs(self.runs, configs, force, twin.path.name)

    def _twin(self, config: Config) -> Run | None:
        """Return the finished run that was trained with these settings under another name, if any."""
        if is_run(self.runs / config.data.name / config.name):
            return None
        alike = (run for run in self.known if not launch.fixed_difference(run.config, config))
        return next((run for run in alike if run.state == "finished"), None)

    def _load(self, name: str) -> Dataset:
        with self._lock:
            if name not in self._datasets:
                self._datasets[name] = registry.load(name, self.images)
            return self._datasets[name]


def _preview(planned: list[PlannedRun]) -> Preview:
    begins = "Enter starts " if any(run.is_due for run in planned) else ""
    retrained = [run for run in planned if run.action == "retrain"]
    which = "its" if len(retrained) == len(planned) == 1 else f"the {len(retrained)} runs'"
    lost = [f"{which} previous results are removed"] if retrained else []
    return Preview(begins + "; ".join([_sentence(planned), *lost]))


def _sentence(planned: Sequence[PlannedRun]) -> str:
    """Say what is trained; where a single run is finished already, what could be changed."""
    if len(planned) == 1 and planned[0].action == "keep":
        return finished_sentence(planned[0])
    return "; ".join(plan_sentences(planned))
