"""What a training tells the world: the run directories of one ensemble, kept up while it runs."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from trainer import checkpoint
from trainer.checkpoint import Diverged, Saved, Timeline
from trainer.contract.config import Config
from trainer.contract.disk import FULL
from trainer.contract.files import Problem
from trainer.contract.lock import lost
from trainer.contract.metrics import Epoch, append_epochs
from trainer.contract.position import Position
from trainer.contract.run_dir import State, Status
from trainer.engine.batches import Resident
from trainer.engine.learner import Learner
from trainer.evaluation.figures import Result, are_finite, frames, measure, results_on_test
from trainer.models.mlp import Ensemble
from trainer.models.objective import Tally
from trainer.run_status import fail, separately, tell

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
    unwritten: list[Epoch] = field(default_factory=list)  # rows for which the disk had no room yet

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

    A run whose objective is no longer a number, whose folder was moved or deleted, or that cannot be written
    any more, is marked failed and left as it was last saved; a run whose patience is at an end is finished
    early. Their companions share no
    arithmetic with them and go on.
    """

    def __init__(
        self, saved: Sequence[Saved], learners: Sequence[Learner], data: Resident, *, failed: bool = False
    ) -> None:
        self.learners = list(learners)
        self.data = data
        self.seats = _seats(saved, learners)  # of the runs that are not over
        start = saved[0].position
        self.epochs, self.images = self.seats[0].config.optimiser.epochs, len(data.train)
        self.failed = failed  # whether any run has
        self.epoch = self.finished = start.epoch
        self.earlier_seconds = start.seconds
        self.saved_at = time.monotonic()
        self.save_cost = sum(learner.size for learner in learners) / SAVED_A_SECOND
        self.tell_cost = 0.0
        self._finish_early()  # a run may have been killed just before this

    # --- while an epoch runs

    def start_epoch(self, epoch: int, first_step: int, steps: int) -> None:
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

    def report_progress(self, steps: float) -> None:
        """Tell how many steps of the epoch the models have taken, four times a second at most."""
        now = time.monotonic()
        if now - self.told_at >= max(STATUS_SECONDS, TELL_SHARE * self.tell_cost):
            self.told_at = now
            images = self.images * (steps - self.first_step) / self.steps
            self._tell("running", steps / self.steps, images / (now - self.began))

    def save_if_due(self, step: int) -> None:
        """Save in the middle of the epoch when the last save is old."""
        if self._save_is_due():
            self._save_all(Position(self.finished, step, self.seconds()), self._save_if_room)

    @property
    def is_done(self) -> bool:
        """Whether no run trains any more."""
        return not self.seats

    def validate(self, ensemble: Ensemble) -> Tally:
        """Measure `ensemble` on the validation images."""
        return measure(ensemble, self.data.val, "val")

    # --- when it is over

    def end_epoch(self, epoch: int, held_out: Sequence[Tally]) -> None:
        """Append each run's row and frame; save when the last save is old.

        `held_out`: the validation sums of each learner, none without a validation split.
        """
        judged = dict(zip(self.learners, held_out, strict=False))
        self._part_with_diverged(judged)  # reads the sums, and so waits for a GPU that is still at work …
        seconds = self.seconds()  # … or this would be the time of launching
        self.earlier_seconds = 0.0
        self.finished = epoch
        for seat in self.seats:
            row = _row(seat, epoch, judged.get(seat.learner), seconds)
            seat.unwritten.append(row)
            if seat.is_best_yet(row) and seat.learner.best is not None:
                seat.learner.keep_as_best(seat.index)
        self._each(self.seats, self._append_rows_if_room)
        if Timeline.wants(epoch, self.epochs):
            self._append_frames(epoch)
        if epoch < self.epochs and self._save_is_due():  # after the last one `finish` saves
            self._save_all(Position(epoch), self._save_if_room)
        self._finish_early()
        self._tell("running", 0.0, self.images / seconds)
        log.info("epoch %d/%d took %.2f s", epoch, self.epochs, seconds)

    def _append_frames(self, epoch: int) -> None:
        shown = {learner: frames(learner.ensemble, self.data.probes) for learner in self.learners}
        for seat in self.seats:
            probes, draws = shown[seat.learner]
            seat.timeline.append(epoch, probes[seat.index], draws[seat.index])

    def _append_rows(self, seat: Seat) -> None:
        if seat.unwritten:
            append_epochs(seat.run, seat.unwritten)
            seat.unwritten.clear()

    def _append_rows_if_room(self, seat: Seat) -> None:
        """Rows for which a full disk has no room wait for the next epoch, or for the next save."""
        try:
            self._append_rows(seat)
        except OSError as error:
            _pass_if_full(seat, error, "the figures of this epoch are written later")

    # --- saving and ending

    def _each(self, seats: Sequence[Seat], act: Callable[[Seat], None]) -> None:
        """Do `act` for each of `seats`; one that has a problem is marked failed, the others go on.

        A folder that is no longer at its path is one: what is written there would go to another run.
        """

        def act_where_it_is(seat: Seat) -> None:
            if loss := lost(seat.run):
                raise Problem(loss.cause)
            act(seat)

        separately(list(seats), act_where_it_is, self._part_with)

    def _part_with(self, seat: Seat, error: OSError | Problem) -> None:
        fail(seat.run, seat.config, self.finished, error)
        self.seats.remove(seat)
        self.failed = True

    def _save_all(self, position: Position, save: Callable[[Seat, Position], None]) -> None:
        """Save every run by `save`; models that give no numbers any more are parted with."""
        began = time.monotonic()
        self._part_with_diverged({})
        finite = {learner: are_finite(learner.ensemble, self.data.probes) for learner in self.learners}

        def save_finite(seat: Seat) -> None:
            if not finite[seat.learner][seat.index]:
                raise Diverged(self.epoch)
            save(seat, position)

        self._each(self.seats, save_finite)
        self.saved_at = time.monotonic()
        self.save_cost = self.saved_at - began

    def _save(self, seat: Seat, position: Position) -> None:
        self._append_rows(seat)
        kept = seat.kept_epoch(position.epoch)
        checkpoint.save(
            seat.run, seat.learner, seat.index, position, kept, seat.timeline, self.data.probe_index
        )

    def _save_if_room(self, seat: Seat, position: Position) -> None:
        """A disk that is full for a while does not end a training; what was saved before stays meanwhile."""
        try:
            self._save(seat, position)
        except OSError as error:
            _pass_if_full(seat, error, "not saved now")

    def stop(self, step: int = 0) -> None:
        """Save after `step` steps of the next epoch, and mark the runs as stopped."""
        self._save_all(Position(self.finished, step, self.seconds() if step else 0.0), self._save)
        self._tell("stopped", step / self.steps)
        log.info("asked to stop: saved in epoch %d, step %d", self.finished + 1, step)

    def finish(self) -> None:
        """Evaluate and save all runs that still train, and mark them as finished."""
        self._finish(self.seats)

    def _finish(self, seats: Sequence[Seat]) -> None:
        """Test the kept weights of `seats`; save what gives numbers, mark it finished and part with it."""
        for learner in self.learners:
            own = [seat for seat in seats if seat.learner is learner]
            if not own:
                continue
            epochs = {seat.index: seat.kept_epoch(self.finished) for seat in own}
            kept = learner.kept
            tested = results_on_test(
                kept, self.data.test, [epochs.get(i, 0) for i in range(len(kept.configs))]
            )
            self._each(own, partial(self._finish_one, tested))

    def _finish_one(self, tested: Sequence[Result], seat: Seat) -> None:
        result = tested[seat.index]
        if not result.is_finite:  # found before it is saved: without validation nothing else would tell
            raise Diverged(self.finished)
        self._save(seat, Position(self.finished))
        result.write(seat.run)
        log.info("%s: test −ELBO %.2f nats per image", seat.run.name, -result.evaluation.figures.elbo)
        tell(seat.run, Status("finished", self.finished, self.epochs, early=self.finished < self.epochs))
        self.seats.remove(seat)

    def _finish_early(self) -> None:
        """Finish the runs whose patience is at an end."""
        over = [seat for seat in self.seats if seat.is_out_of_patience(self.finished)]
        for seat in over:
            patience, best = seat.config.optimiser.patience, seat.best_epoch
            log.info("%s: no better for %d epochs, the best was %d", seat.run.name, patience, best)
        self._finish(over)
        self._regroup()

    def _part_with_diverged(self, held_out: Mapping[Learner, Tally]) -> None:
        """Mark runs whose sums are no longer numbers as failed, and part with them."""

        def check(seat: Seat) -> None:
            tallies = [seat.learner.tally, *(tally for who, tally in held_out.items() if who is seat.learner)]
            figures = [tally.figures(seat.index) for tally in tallies if tally.images]
            if not all(math.isfinite(found.elbo) and math.isfinite(found.mse) for found in figures):
                raise Diverged(self.epoch)

        self._each(self.seats, check)

    def _part_with_lost(self) -> None:
        """Mark runs whose folder is no longer at its path as failed, where it is now, and part with them."""
        self._each(self.seats, lambda _: None)

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


def _seats(saved: Sequence[Saved], learners: Sequence[Learner]) -> list[Seat]:
    models = (
        (config, learner, index)
        for learner in learners
        for index, config in enumerate(learner.ensemble.configs)
    )
    seats = []
    for one, model in zip(saved, models, strict=True):
        seat = Seat(one.run, *model, one.timeline)
        for row in one.epochs:
            seat.is_best_yet(row)
        seats.append(seat)
    return seats


def _pass_if_full(seat: Seat, error: OSError, what: str) -> None:
    if error.errno not in FULL:
        raise error
    log.warning("%s: %s, %s", seat.run.name, what, error.strerror)


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
