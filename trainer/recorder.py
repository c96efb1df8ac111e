"""Write status, metrics, timeline and checkpoints of the runs of one ensemble while they train."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from trainer import checkpoint
from trainer.checkpoint import Diverged, SavedRun, Timeline
from trainer.contract.config import Config
from trainer.contract.disk_space import FULL
from trainer.contract.files import Problem
from trainer.contract.lock import lost_folder
from trainer.contract.metrics import Epoch, append_epochs
from trainer.contract.position import Position
from trainer.contract.run_dir import State, Status
from trainer.engine.batches import DeviceImages
from trainer.engine.learner import Learner
from trainer.engine.metric_sums import MetricSums
from trainer.evaluation.metrics import TestResult, are_finite, evaluate_test, frames, measure
from trainer.models.ensemble import Ensemble
from trainer.run_status import fail, for_each_run, report_status

STATUS_SECONDS, STATUS_SHARE = 0.25, 100  # at most four updates a second and 1/100 of the time
SAVE_SECONDS, SAVE_SHARE = 5.0, 50  # at most a save every five seconds and 1/50 of the time
SAVE_BYTES_PER_SECOND = 2e8  # assumed until the first save is timed

log = logging.getLogger("trainer")


@dataclass(eq=False)
class RunRecord:
    """One run: its directory, its model as `index` of a learner, and its best epoch so far."""

    run: Path
    config: Config
    learner: Learner
    index: int
    timeline: Timeline
    best_elbo: float = -math.inf
    best_epoch: int = 0
    unwritten: list[Epoch] = field(default_factory=list)  # rows not written yet because the disk was full

    def update_best(self, row: Epoch) -> bool:
        """Record `row` if its validation ELBO is the best so far; return whether it is."""
        better = row.held_out.elbo > self.best_elbo
        if better:
            self.best_elbo, self.best_epoch = row.held_out.elbo, row.epoch
        return better

    def is_out_of_patience(self, epoch: int) -> bool:
        """Return whether early stopping applies; epochs before β stays as it is do not count."""
        scheduled = self.config.objective.scheduled_epochs(self.config.optimiser.epochs)
        since = max(self.best_epoch, scheduled)
        return 0 < self.config.optimiser.patience <= epoch - since

    def kept_epoch(self, latest: int) -> int:
        """Return the epoch whose weights are kept."""
        return self.best_epoch if self.learner.best is not None else latest


class RunRecorder:
    """Record runs that train together: status, metrics, timeline, checkpoints and test figures.

    A run with a non-finite objective, a moved or deleted folder, or failing writes is marked as failed and
    left as it was last saved; early stopping finishes a run early. The other runs share no arithmetic with
    them and continue.
    """

    def __init__(
        self,
        saved: Sequence[SavedRun],
        learners: Sequence[Learner],
        data: DeviceImages,
        *,
        failed: bool = False,
    ) -> None:
        self.learners = list(learners)
        self.data = data
        self.records = _records(saved, learners)  # of the runs that still train
        start = saved[0].position
        self.epochs, self.images = self.records[0].config.optimiser.epochs, len(data.train)
        self.failed = failed  # whether any run failed
        self.epoch = self.finished = start.epoch
        self.seconds_before = start.seconds
        self.saved_at = time.monotonic()
        self.save_cost = sum(learner.size for learner in learners) / SAVE_BYTES_PER_SECOND
        self.status_cost = 0.0
        self.images_per_second = 0.0  # measured last
        self._finish_early()  # it may have been killed just before finishing

    # --- within an epoch

    def start_epoch(self, epoch: int, first_step: int, steps: int) -> None:
        """Start the epoch's clock and clear its sums, unless it continues at `first_step`."""
        self.epoch, self.first_step, self.steps = epoch, first_step, steps
        if first_step == 0:
            for learner in self.learners:
                learner.metrics.clear()
        self.began = time.monotonic()
        self.status_at = self.began
        self._write_status("running", first_step / steps)

    def seconds(self) -> float:
        """Return the seconds spent in this epoch, those before a stop included."""
        return self.seconds_before + time.monotonic() - self.began

    def report_progress(self, steps: float) -> None:
        """Write how many steps of the epoch are done, four times a second at most."""
        now = time.monotonic()
        if now - self.status_at >= max(STATUS_SECONDS, STATUS_SHARE * self.status_cost):
            self.status_at = now
            images = self.images * (steps - self.first_step) / self.steps
            self.images_per_second = images / (now - self.began)
            self._write_status("running", steps / self.steps)

    def save_if_due(self, step: int) -> None:
        """Save in the middle of the epoch when the last save is old."""
        if self._save_is_due():
            self._save_all(Position(self.finished, step, self.seconds()), self._save_if_space)

    @property
    def is_done(self) -> bool:
        """Whether no run trains any more."""
        return not self.records

    def validate(self, ensemble: Ensemble) -> MetricSums:
        """Measure `ensemble` on the validation images."""
        return measure(ensemble, self.data.val, "val")

    # --- after an epoch

    def end_epoch(self, epoch: int, held_out: Sequence[MetricSums]) -> None:
        """Append each run's row and frame; save when the last save is old.

        `held_out`: the validation sums of each learner, none without a validation split.
        """
        validated = dict(zip(self.learners, held_out, strict=False))
        self._fail_diverged(validated)  # reads the sums, which waits for the GPU, before the clock is read
        seconds = self.seconds()
        self.seconds_before = 0.0
        self.finished = epoch
        for record in self.records:
            row = _row(record, epoch, validated.get(record.learner), seconds)
            record.unwritten.append(row)
            if record.update_best(row) and record.learner.best is not None:
                record.learner.keep_as_best(record.index)
        self._for_each(self.records, self._append_rows_if_space)
        if Timeline.wants(epoch, self.epochs):
            made = {learner: frames(learner.ensemble, self.data.probes) for learner in self.learners}
            for record in self.records:
                probes, draws = made[record.learner]
                record.timeline.append(epoch, probes[record.index], draws[record.index])
        if epoch < self.epochs and self._save_is_due():  # after the last one `finish` saves
            self._save_all(Position(epoch), self._save_if_space)
        self._finish_early()
        self.images_per_second = self.images / seconds
        self._write_status("running")
        log.info("epoch %d/%d took %.2f s", epoch, self.epochs, seconds)

    def _append_rows(self, record: RunRecord) -> None:
        if record.unwritten:
            append_epochs(record.run, record.unwritten, is_vae=record.config.model.is_vae)
            record.unwritten.clear()

    def _append_rows_if_space(self, record: RunRecord) -> None:
        with _full_disk_ignored(record, "the figures of this epoch are written later"):
            self._append_rows(record)

    # --- saving and ending

    def _for_each(self, records: Sequence[RunRecord], act: Callable[[RunRecord], None]) -> None:
        """Call `act` for each of `records`; a record with a problem is marked failed, the others continue.

        A folder that is no longer at its path is a problem: another run may be at that path.
        """

        def act_in_place(record: RunRecord) -> None:
            if lost := lost_folder(record.run):
                raise Problem(lost.cause)
            act(record)

        for_each_run(list(records), act_in_place, self._fail)

    def _fail(self, record: RunRecord, error: OSError | Problem) -> None:
        fail(record.run, record.config, self.finished, error)
        self.records.remove(record)
        self.failed = True

    def _save_all(self, position: Position, save: Callable[[RunRecord, Position], None]) -> None:
        """Save every run by `save`; models with non-finite outputs fail."""
        began = time.monotonic()
        self._fail_diverged({})
        finite = {learner: are_finite(learner.ensemble, self.data.probes) for learner in self.learners}

        def save_finite(record: RunRecord) -> None:
            if not finite[record.learner][record.index]:
                raise Diverged(self.epoch)
            save(record, position)

        self._for_each(self.records, save_finite)
        self.saved_at = time.monotonic()
        self.save_cost = self.saved_at - began

    def _save(self, record: RunRecord, position: Position) -> None:
        self._append_rows(record)
        kept = record.kept_epoch(position.epoch)
        checkpoint.save(
            record.run, record.learner, record.index, position, kept, record.timeline, self.data.probe_index
        )

    def _save_if_space(self, record: RunRecord, position: Position) -> None:
        with _full_disk_ignored(record, "not saved now"):
            self._save(record, position)

    def stop(self, step: int = 0) -> None:
        """Save after `step` steps of the next epoch, and mark the runs as stopped."""
        self._save_all(Position(self.finished, step, self.seconds() if step else 0.0), self._save)
        self._write_status("stopped", step / self.steps)
        log.info("asked to stop: saved in epoch %d, step %d", self.finished + 1, step)

    def finish(self) -> None:
        """Evaluate and save all runs that still train, and mark them as finished."""
        self._finish(self.records)

    def _finish(self, records: Sequence[RunRecord]) -> None:
        """Evaluate the kept weights of `records`, save the finite ones and mark them as finished."""
        for learner in self.learners:
            own = [record for record in records if record.learner is learner]
            if not own:
                continue
            epochs = {record.index: record.kept_epoch(self.finished) for record in own}
            kept = learner.kept
            tested = evaluate_test(kept, self.data.test, [epochs.get(i, 0) for i in range(len(kept.configs))])
            self._for_each(own, partial(self._finish_one, tested))

    def _finish_one(self, tested: Sequence[TestResult], record: RunRecord) -> None:
        result = tested[record.index]
        if not result.is_finite:  # checked before saving, since a run may have no validation
            raise Diverged(self.finished)
        self._save(record, Position(self.finished))
        result.write(record.run)
        log.info("%s: test −ELBO %.2f nats per image", record.run.name, -result.evaluation.figures.elbo)
        is_early, speed = self.finished < self.epochs, self.images_per_second
        report_status(record.run, Status("finished", self.finished, self.epochs, 0.0, speed, early=is_early))
        self.records.remove(record)

    def _finish_early(self) -> None:
        """Finish the runs that early stopping ends."""
        ended = [record for record in self.records if record.is_out_of_patience(self.finished)]
        for record in ended:
            patience, best = record.config.optimiser.patience, record.best_epoch
            log.info("%s: no better for %d epochs, the best was %d", record.run.name, patience, best)
        self._finish(ended)
        self._regroup()

    def _fail_diverged(self, held_out: Mapping[Learner, MetricSums]) -> None:
        """Mark runs with non-finite sums as failed and remove them."""

        def check(record: RunRecord) -> None:
            for sums in (record.learner.metrics, held_out.get(record.learner)):
                if sums and sums.images:
                    figures = sums.figures(record.index)
                    if not (math.isfinite(figures.elbo) and math.isfinite(figures.mse)):
                        raise Diverged(self.epoch)

        self._for_each(self.records, check)

    def _regroup(self) -> None:
        """Rebuild the learners from the runs that still train, between two epochs."""
        groups = {learner: [s for s in self.records if s.learner is learner] for learner in self.learners}
        self.learners = []
        for learner, records in groups.items():
            if records and len(records) < len(learner.ensemble.configs):
                learner = learner.select([record.index for record in records])
                for index, record in enumerate(records):
                    record.learner, record.index = learner, index
            self.learners += [learner] if records else []

    def _write_status(self, state: State, progress: float = 0.0) -> None:
        began = time.monotonic()
        self._for_each(self.records, lambda _: None)  # fails the runs whose folder was moved
        for record in self.records:
            status = Status(state, self.finished, self.epochs, progress, self.images_per_second)
            report_status(record.run, status)
        self.status_cost = time.monotonic() - began

    def _save_is_due(self) -> bool:
        return time.monotonic() - self.saved_at > max(SAVE_SECONDS, SAVE_SHARE * self.save_cost)


def _records(saved: Sequence[SavedRun], learners: Sequence[Learner]) -> list[RunRecord]:
    places = [(learner, i) for learner in learners for i in range(len(learner.ensemble.configs))]
    records = []
    for one, place in zip(saved, places, strict=True):
        record = RunRecord(one.run, one.config, *place, one.timeline)
        for row in one.epochs:
            record.update_best(row)
        records.append(record)
    return records


@contextmanager
def _full_disk_ignored(record: RunRecord, consequence: str) -> Iterator[None]:
    """Log that the disk is full, with the consequence: what was not written is written with the next save."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        log.warning("%s: %s, %s", record.run.name, consequence, error.strerror)


def _row(record: RunRecord, epoch: int, held_out: MetricSums | None, seconds: float) -> Epoch:
    metrics = record.learner.metrics
    units, latent = held_out or metrics, record.config.model.latent
    return Epoch(
        epoch=epoch,
        train=metrics.figures(record.index),
        val=held_out.figures(record.index) if held_out else None,
        active_units=units.active_units(record.index, latent),
        kl_per_dim=units.kl(record.index, latent),
        seconds=seconds,
    )
