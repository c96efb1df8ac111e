"""What a training tells the world: the run directories of one ensemble, kept up while it runs."""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trainer import checkpoint
from trainer.checkpoint import Position, Timeline
from trainer.evaluate import frames, results_on_test
from trainer.learner import Learner
from trainer.lock import lost
from trainer.objective import Tally
from trainer.resident import Resident
from trainer.run import Config, Epoch, State, Status, append_epoch, keep_epochs, read_epochs, write_status

STATUS_SECONDS, TELL_SHARE = 0.25, 100  # news four times a second at most, and for a hundredth of the time
SAVE_SECONDS, SAVE_SHARE = 5.0, 50  # saving at most every five seconds, and for a fiftieth of the time
SAVED_A_SECOND = 2e8  # bytes, until the first save tells

log = logging.getLogger("trainer")


@dataclass(eq=False)
class Seat:
    """One run: its directory, the learner that has its model and where in it, and its best epoch so far."""

    run: Path
    config: Config
    learner: Learner
    index: int
    timeline: Timeline
    best_elbo: float = -math.inf
    best_epoch: int = 0

    def is_best_yet(self, row: Epoch) -> bool:
        """Whether `row` is the best so far, by the validation ELBO; it is taken note of."""
        better = row.held_out.elbo > self.best_elbo
        if better:
            self.best_elbo, self.best_epoch = row.held_out.elbo, row.epoch
        return better

    def is_out_of_patience(self, epoch: int) -> bool:
        """Whether nothing has become better for too long; while β rises, it may well become worse."""
        since = max(self.best_epoch, self.config.objective.beta_warmup)
        return 0 < self.config.optimiser.patience <= epoch - since

    def kept_epoch(self, latest: int) -> int:
        """The epoch whose weights are kept."""
        return self.best_epoch if self.learner.best is not None else latest


class Desk:
    """Status, rows, frames, checkpoints and test figures of runs that train together.

    A run whose objective is no longer a number, or whose folder was moved or deleted, is marked failed and
    left as it was last saved; a run whose patience is at an end is finished early. Their companions share no
    arithmetic with them and go on.
    """

    def __init__(
        self, runs: Sequence[Path], learners: Sequence[Learner], data: Resident, start: Position
    ) -> None:
        self.learners = list(learners)
        self.data = data
        self.seats = _seats(runs, learners, start)  # of the runs that are not over
        self.epochs, self.images = self.seats[0].config.optimiser.epochs, len(data.train)
        self.diverged = False
        self.epoch = self.finished = start.epoch
        self.earlier_seconds = start.seconds
        self.saved_at = time.monotonic()
        self.save_cost = sum(learner.size for learner in learners) / SAVED_A_SECOND
        self.tell_cost = 0.0
        self._finish_early()  # a run may have been killed just before this

    # --- while an epoch runs

    def epoch_begins(self, epoch: int, first_step: int, steps: int) -> None:
        """Start the epoch's clock and, unless it was begun before, its sums."""
        self.epoch, self.first_step, self.steps = epoch, first_step, steps
        if first_step == 0:
            for learner in self.learners:
                learner.tally.clear()
        self.began = time.monotonic()
        self.told_at = self.began
        self._tell("running", first_step / steps)

    def seconds(self) -> float:
        """Seconds spent in this epoch, those before a stop included."""
        return self.earlier_seconds + time.monotonic() - self.began

    def tell_progress(self, steps: float) -> None:
        """Tell how many steps of the epoch the models have taken, four times a second at most."""
        now = time.monotonic()
        if now - self.told_at >= max(STATUS_SECONDS, TELL_SHARE * self.tell_cost):
            self.told_at = now
            images = self.images * (steps - self.first_step) / self.steps
            self._tell("running", steps / self.steps, images / (now - self.began))

    def save_if_due(self, step: int) -> None:
        """Save in the middle of the epoch when the last save is old."""
        if self._save_is_due():
            self.save(Position(self.epoch - 1, step, self.seconds()))

    # --- when it is over

    def epoch_done(self, epoch: int, held_out: Sequence[Tally]) -> None:
        """Append each run's row and frame; save after the last epoch and when the last save is old.

        `held_out`: the validation sums of each learner, none without a validation split.
        """
        judged = dict(zip(self.learners, held_out, strict=False))
        self._part_with_lost()
        self._part_with_diverged(judged)  # reads the sums, and so waits for a GPU that is still at work …
        seconds = self.seconds()  # … or this would be the time of launching
        self.earlier_seconds = 0.0
        self.finished = epoch
        for seat in self.seats:
            row = _row(seat, epoch, judged.get(seat.learner), seconds)
            append_epoch(seat.run, row)
            if seat.is_best_yet(row) and seat.learner.best is not None:
                seat.learner.keep_as_best(seat.index)
        if Timeline.wants(epoch, self.epochs):
            self._append_frames(epoch)
        if epoch == self.epochs or self._save_is_due():
            self.save(Position(epoch))
        self._finish_early()
        self._tell("running", 0.0, self.images / seconds)
        log.info("epoch %d/%d took %.2f s", epoch, self.epochs, seconds)

    def _append_frames(self, epoch: int) -> None:
        shown = {learner: frames(learner.ensemble, self.data.probes) for learner in self.learners}
        for seat in self.seats:
            probes, draws = shown[seat.learner]
            seat.timeline.append(epoch, probes[seat.index], draws[seat.index])

    # --- saving and ending

    def save(self, position: Position) -> None:
        """Write every run's weights, state and timeline."""
        began = time.monotonic()
        self._part_with_lost()
        self._part_with_diverged({})
        for seat in self.seats:
            self._save(seat, position)
        self.saved_at = time.monotonic()
        self.save_cost = self.saved_at - began

    def _save(self, seat: Seat, position: Position) -> None:
        seat.timeline.save(seat.run, self.data.probe_index)
        checkpoint.save(seat.run, seat.learner, seat.index, position, seat.kept_epoch(position.epoch))

    def stop(self, position: Position) -> bool:
        """Save and mark the runs stopped; never finished, so False."""
        self.save(position)
        self._tell("stopped", position.step / self.steps)
        log.info("asked to stop: saved in epoch %d, step %d", position.epoch + 1, position.step)
        return False

    def finish(self) -> bool:
        """Test all runs that are not over and mark them finished. Whether none has failed."""
        self._part_with_lost()
        for learner in self.learners:
            self._test(learner, [seat for seat in self.seats if seat.learner is learner])
        self._tell("finished")
        return not self.diverged

    def _test(self, learner: Learner, seats: Sequence[Seat]) -> None:
        """Evaluate the kept weights of a learner's models on the test images; write what is of `seats`."""
        epochs = {seat.index: seat.kept_epoch(self.finished) for seat in seats}
        kept = learner.kept
        tested = results_on_test(kept, self.data.test, [epochs.get(i, 0) for i in range(len(kept.configs))])
        for seat in seats:
            result = tested[seat.index]
            result.write(seat.run)
            log.info("%s: test −ELBO %.2f nats per image", seat.run.name, -result.evaluation.figures.elbo)

    def _finish_early(self) -> None:
        """Save, test and part with the runs whose patience is at an end."""
        over = [seat for seat in self.seats if seat.is_out_of_patience(self.finished)]
        for seat in over:
            self._save(seat, Position(self.finished))
        for learner in {seat.learner for seat in over}:
            self._test(learner, [seat for seat in over if seat.learner is learner])
        for seat in over:
            patience, best = seat.config.optimiser.patience, seat.best_epoch
            log.info("%s: no better for %d epochs, the best was %d", seat.run.name, patience, best)
            tell(seat.run, Status("finished", self.finished, self.epochs, early=self.finished < self.epochs))
        self.seats = [seat for seat in self.seats if seat not in over]
        self._regroup()

    def _part_with_diverged(self, held_out: Mapping[Learner, Tally]) -> None:
        """Mark runs whose sums are no longer numbers as failed, and part with them."""
        over = []
        for seat in self.seats:
            tallies = [seat.learner.tally, *(tally for who, tally in held_out.items() if who is seat.learner)]
            figures = [tally.figures(seat.index) for tally in tallies if tally.images]
            if not all(math.isfinite(found.elbo) and math.isfinite(found.mse) for found in figures):
                over.append(seat)
        for seat in over:
            error = f"its objective was no longer a number in epoch {self.epoch}: train it with a lower --lr"
            log.error("%s: %s", seat.run.name, error)
            tell(seat.run, Status("failed", self.epoch - 1, self.epochs, error=error))
            self.diverged = True
        self.seats = [seat for seat in self.seats if seat not in over]

    def _part_with_lost(self) -> None:
        """Mark runs whose folder is no longer at its path as failed, where it is now, and part with them."""
        losses = {seat.run: loss for seat in self.seats if (loss := lost(seat.run))}
        for run, loss in losses.items():
            log.error("%s: %s", run.name, loss.cause)
            tell(run, Status("failed", self.finished, self.epochs, error=loss.cause))
            self.diverged = True
        self.seats = [seat for seat in self.seats if seat.run not in losses]

    def _regroup(self) -> None:
        """Between two epochs: learners of the runs that are not over, and of no others."""
        groups = {learner: [s for s in self.seats if s.learner is learner] for learner in self.learners}
        self.learners = []
        for learner, seats in groups.items():
            if seats and len(seats) < len(learner.ensemble.configs):
                learner = learner.select([seat.index for seat in seats])
                for index, seat in enumerate(seats):
                    seat.learner, seat.index = learner, index
            if seats:
                self.learners.append(learner)

    def _tell(self, state: State, progress: float = 0.0, images_per_second: float = 0.0) -> None:
        began = time.monotonic()
        self._part_with_lost()
        for seat in self.seats:
            tell(seat.run, Status(state, self.finished, self.epochs, progress, images_per_second))
        self.tell_cost = time.monotonic() - began

    def _save_is_due(self) -> bool:
        return time.monotonic() - self.saved_at > max(SAVE_SECONDS, SAVE_SHARE * self.save_cost)


def _seats(runs: Sequence[Path], learners: Sequence[Learner], start: Position) -> list[Seat]:
    models = (
        (config, learner, index)
        for learner in learners
        for index, config in enumerate(learner.ensemble.configs)
    )
    seats = []
    for run, model in zip(runs, models, strict=True):
        keep_epochs(run, start.epoch)
        seats.append(Seat(run, *model, Timeline.load(run, start.epoch)))
        for row in read_epochs(run):
            seats[-1].is_best_yet(row)
    return seats


def _row(seat: Seat, epoch: int, held_out: Tally | None, seconds: float) -> Epoch:
    tally = seat.learner.tally
    units, latent = held_out or tally, seat.config.model.latent
    return Epoch(
        epoch=epoch,
        train=tally.figures(seat.index),
        val=held_out.figures(seat.index) if held_out else None,
        active_units=units.active_units(seat.index, latent),
        kl_per_dim=units.kl(seat.index, latent),
        seconds=seconds,
    )


def tell(run: Path, status: Status) -> None:
    """Replace status.json, signed by this process; progress and images per second are the run's own.

    A run whose folder is no longer at its path has failed, and is told so where it is now.
    """
    if loss := lost(run):
        if loss.now is None:
            return
        run, status = loss.now, replace(status, state="failed", error=loss.cause)
    write_status(run, replace(status, pid=os.getpid(), host=socket.gethostname()))
