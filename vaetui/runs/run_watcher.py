"""Watch one run directory while a trainer writes to it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trainer.contract.config import CONFIG, Config, read_config
from trainer.contract.evaluation import EVALUATION, Evaluation
from trainer.contract.evaluation_dir import external_folder, read_results
from trainer.contract.files import MissingFile, Problem, clean
from trainer.contract.metrics import METRICS, Epoch
from trainer.contract.run_dir import NOTE, STATUS, Status, is_alive, read_note, read_status
from vaetui.runs.metrics_reader import MetricsReader, Signature, file_signature

# Seconds that a queued run may be without a trainer, which takes a while to start.
QUEUED_GRACE = 20.0

_GOING_ON = ("queued", "running")

RunState = Literal["queued", "running", "stopped", "failed", "finished", "interrupted"]


@dataclass(frozen=True)
class Run:
    """One run as last read; `problem` is a sentence on what could not be read, "" if nothing."""

    path: Path
    config: Config
    status: Status
    alive: bool
    epochs: tuple[Epoch, ...]
    problem: str = ""
    waiting: bool = False  # queued a moment ago: its trainer may not have started yet
    evaluation: Evaluation | None = None  # of a finished run only: any other is of an earlier training
    beside: Path | None = None  # where `evaluation` is kept, if not in the run's own folder
    note: str = ""  # of the user, in one line

    @property
    def name(self) -> str:
        """Return the name of its folder, safe to print."""
        return clean(self.path.name)

    @property
    def results(self) -> Path:
        """Return the folder of its test figures and codes; not its own for a read-only run."""
        return self.beside or self.path

    @property
    def state(self) -> RunState:
        """Return the state; "interrupted" if it is to be trained and no trainer holds the lock."""
        is_true = self.status.state not in _GOING_ON or self.alive or self.waiting
        return self.status.state if is_true else "interrupted"

    @property
    def is_starting(self) -> bool:
        """Return whether its trainer is loading PyTorch or the images."""
        return self.state == "queued" and self.status.starting

    @property
    def status_text(self) -> str:
        """Return the state in words: "training" for running, "starting" while its trainer loads PyTorch."""
        if self.state == "finished" and self.status.early:
            return "finished early"
        return "training" if self.state == "running" else "starting" if self.is_starting else self.state

    @property
    def position_text(self) -> str:
        """Return where its training ended or is: "in epoch 4 of 20", "after 3 of 20 epochs"."""
        epoch, epochs = self.status.epoch, self.status.epochs
        if self.status.progress or not epoch:
            return f"{'in' if self.status.progress else 'before'} epoch {epoch + 1} of {epochs}"
        return f"after {epoch} of {epochs} epochs"

    @property
    def expected_epochs(self) -> int:
        """Return the number of epochs that it will have trained in the end, as far as known."""
        return self.status.epoch if self.status.early else self.status.epochs

    @property
    def precision(self) -> str:
        """Return the precision that it was trained in, or the requested one before the trainer reports it."""
        return self.config.versions.get("precision", self.config.precision)

    @property
    def best(self) -> Epoch | None:
        """Return the first epoch with the best validation ELBO, None without validation."""
        validated = [epoch for epoch in self.epochs if epoch.val]
        return max(validated, key=lambda epoch: epoch.held_out.elbo, default=None)

    @property
    def kept_epoch(self) -> Epoch | None:
        """Return the epoch whose weights were kept: the tested one, else the best or the last."""
        if self.evaluation is not None:
            return next((epoch for epoch in self.epochs if epoch.epoch == self.evaluation.epoch), None)
        return (self.best if self.config.optimiser.keep == "best" else None) or self.latest

    @property
    def is_settled(self) -> bool:
        """Return whether no epochs are still to come."""
        return self.state not in _GOING_ON

    @property
    def latest(self) -> Epoch | None:
        """Return the last epoch with figures."""
        return self.epochs[-1] if self.epochs else None

    def figures_at(self, epoch: int | None) -> Epoch | None:
        """Return the figures of an epoch, None if there are none; those of the last one for None."""
        return (
            self.latest if epoch is None else next((row for row in self.epochs if row.epoch == epoch), None)
        )


class RunWatcher:
    """A watcher that reads a run directory again only where a file changed: `run`, or else the `problem`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run: Run | None = None
        self.problem = ""  # why there is no run
        self.is_read = False
        self._config_file, self._status_file, self._note_file = path / CONFIG, path / STATUS, path / NOTE
        self._config_seen: Signature | None = None
        self._status_seen: Signature | None = None
        self._config: Config | None = None
        self._status: Status | None = None
        self._status_problem = ""
        self._beside: Path | None = None  # where test figures may be, besides the folder of the run
        self._found_beside = False
        self._evaluation_seen: tuple[Signature | None, ...] = ()
        self._evaluation: Evaluation | None = None
        self._evaluation_problem = ""
        self._note_seen: Signature | None = None
        self._note, self._note_problem = "", ""
        self._tail = MetricsReader(path / METRICS)

    def poll(self) -> bool:
        """Read what changed. Returns whether `run` or `problem` did."""
        self.is_read = True
        changed = self._poll_config()
        if self._config is None:
            return changed
        changed |= self._poll_status()
        changed |= self._tail.read()
        changed |= self._poll_note()
        alive, waiting, again = self._poll_alive()
        changed |= again
        if changed or self.run is None:
            self._beside = external_folder(self.path, self._config)
        changed |= self._poll_evaluation()
        before = self.run
        if not changed and before and (before.alive, before.waiting) == (alive, waiting):
            return False
        epochs = self._tail.epochs
        done = epochs[-1].epoch if epochs else 0
        status = self._status or Status("stopped", done, self._config.optimiser.epochs)
        problem = self._status_problem or self._tail.problem or self._evaluation_problem or self._note_problem
        if status.state == "finished" and status.epoch and not epochs:
            problem = problem or f"{clean(str(self._tail.path))} has no row: it is missing, empty or cut off"
        self.run = Run(
            self.path,
            self._config,
            status,
            alive,
            epochs,
            problem,
            waiting,
            self._evaluation,
            self._beside if self._found_beside else None,
            self._note,
        )
        return True

    def touched(self) -> float:
        """Return when its status was last written, by the file system; 0 without one."""
        try:
            return self._status_file.stat().st_mtime
        except OSError:
            return 0.0

    def _poll_config(self) -> bool:
        signature = file_signature(self._config_file)
        if signature == self._config_seen and signature is not None:
            return False
        self._config_seen = signature
        try:
            config = read_config(self.path)
        except Problem as problem:
            changed = self._config is not None or self.problem != str(problem)
            self._config, self.run, self.problem = None, None, str(problem)
            return changed
        if self._config is None or self._config.model != config.model:  # by which the rows are checked
            self._tail = MetricsReader(self.path / METRICS, config.model)
            self._evaluation_seen = ()
        self._config, self.problem = config, ""
        return True

    def _poll_status(self) -> bool:
        signature = file_signature(self._status_file)
        if signature == self._status_seen:
            return False
        self._status_seen = signature
        self._status_problem = ""
        try:
            self._status = read_status(self.path)
        except MissingFile:  # as in a copy; nothing trains it
            self._status = None
        except Problem as problem:
            self._status_problem, self._status = str(problem), None
        return True

    def _poll_evaluation(self) -> bool:
        is_finished = self._status is not None and self._status.state == "finished"
        folders = [folder for folder in (self.path, self._beside) if folder is not None and is_finished]
        seen = tuple(file_signature(folder / EVALUATION) for folder in folders)
        if seen == self._evaluation_seen:
            return False
        self._evaluation_seen = seen
        self._evaluation, self._evaluation_problem, self._found_beside = None, "", False
        if any(seen):
            try:
                assert self._config is not None
                folder, self._evaluation = read_results(self.path, self._config, self._beside)
                self._found_beside = folder != self.path
            except MissingFile:
                pass  # removed just now: the run is not tested
            except Problem as problem:
                self._evaluation_problem = str(problem)
        return True

    def _poll_note(self) -> bool:
        signature = file_signature(self._note_file)
        if signature == self._note_seen:
            return False
        self._note_seen = signature
        self._note, self._note_problem = "", ""
        try:
            self._note = read_note(self.path)
        except Problem as problem:
            self._note_problem = str(problem)
        return True

    def _poll_alive(self) -> tuple[bool, bool, bool]:
        """Return whether the run is alive, whether it may still start, and whether the status changed."""
        changed = False
        while self._status is not None and self._status.state in _GOING_ON:
            if is_alive(self.path):
                return True, False, changed
            # The lock is free: does the status still stand, or did the trainer end just now?
            if not self._poll_status():
                age = abs(time.time() - self._status.updated)  # clocks of two machines differ
                return False, self._status.state == "queued" and age < QUEUED_GRACE, changed
            changed = True
        return False, False, changed


def read_run(path: Path) -> Run:
    """Read the run in the directory `path`. Raises `Problem` where it cannot be read."""
    watcher = RunWatcher(path)
    watcher.poll()
    if watcher.run is None:
        raise Problem(watcher.problem)
    return watcher.run
