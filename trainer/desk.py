"""What a training tells the world: the run directories of one ensemble, kept up while it runs."""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from trainer import checkpoint
from trainer.checkpoint import Learner, Position, Timeline
from trainer.data import Dataset
from trainer.evaluate import frames, probe_index, results_on_test
from trainer.objective import Tally
from trainer.run import (
    Config,
    Epoch,
    State,
    Status,
    append_epoch,
    keep_epochs,
    write_status,
)

STATUS_SECONDS = 0.25
SAVE_SECONDS = 5.0
SAVE_SHARE = 20  # saving takes at most about a twentieth of the time

log = logging.getLogger("trainer")


@dataclass(frozen=True)
class Seat:
    """One run: its directory, and where its model sits."""

    run: Path
    learner: int
    index: int
    config: Config
    timeline: Timeline


class Desk:
    """Status, rows, frames, checkpoints and test figures of runs that train together.

    A run whose objective is no longer a number is marked failed and left as it was last saved; its companions
    share no arithmetic with it and go on.
    """

    def __init__(
        self, runs: Sequence[Path], learners: Sequence[Learner], dataset: Dataset, start: Position
    ) -> None:
        self.learners = learners
        self.well = _seats(runs, learners, start)  # the runs that have not diverged
        self.diverged = False
        config = self.well[0].config
        self.epochs, self.images = config.optimiser.epochs, config.data.train
        self.probe_index = probe_index(dataset.test)
        self.earlier_seconds = start.seconds
        self.finished = start.epoch
        self.saved_at = time.monotonic()
        self.save_cost = 0.0
        for run in runs:
            keep_epochs(run, start.epoch)

    # --- while an epoch runs

    def epoch_begins(self, epoch: int, first_step: int, steps: int) -> None:
        """Start the epoch's clock."""
        self.epoch, self.first_step, self.steps = epoch, first_step, steps
        self.began = time.monotonic()
        self.told_at = self.began
        self._tell("running", first_step / steps)

    def seconds(self) -> float:
        """Seconds spent in this epoch, those before a stop included."""
        return self.earlier_seconds + time.monotonic() - self.began

    def step_done(self, step: int) -> None:
        """Tell how far the epoch is, four times a second at most, and save when the last save is old."""
        now = time.monotonic()
        if now - self.told_at < STATUS_SECONDS:
            return
        self.told_at = now
        images = self.images * (step - self.first_step) / self.steps
        self._tell("running", step / self.steps, images / (now - self.began))
        if self._save_is_due():
            self.save(Position(self.epoch - 1, step, self.seconds()))

    # --- when it is over

    def epoch_done(self, epoch: int, held_out: Sequence[Tally], probes: Tensor) -> None:
        """Append each run's row and frame; save after the last epoch and when the last save is old.

        `held_out`: the validation sums of each learner, none without a validation split.
        """
        seconds = self.seconds()
        self.earlier_seconds = 0.0
        self.finished = epoch
        self._part_with_diverged(held_out)
        for seat in self.well:
            self._append_row(seat, epoch, held_out[seat.learner] if held_out else None, seconds)
        if Timeline.wants(epoch, self.epochs):
            self._append_frames(epoch, probes)
        if epoch == self.epochs or self._save_is_due():
            self.save(Position(epoch))
        self._tell("running", 0.0, self.images / seconds)
        log.info("epoch %d/%d took %.2f s", epoch, self.epochs, seconds)

    def _append_row(self, seat: Seat, epoch: int, held_out: Tally | None, seconds: float) -> None:
        tally = self.learners[seat.learner].tally
        units, latent = held_out or tally, seat.config.model.latent
        row = Epoch(
            epoch=epoch,
            train=tally.figures(seat.index),
            val=held_out.figures(seat.index) if held_out else None,
            active_units=units.active_units(seat.index, latent),
            kl_per_dim=units.kl(seat.index, latent),
            seconds=seconds,
        )
        append_epoch(seat.run, row)

    def _append_frames(self, epoch: int, probes: Tensor) -> None:
        shown = [frames(learner.ensemble, probes) for learner in self.learners]
        for seat in self.well:
            probe_frames, draw_frames = shown[seat.learner]
            seat.timeline.append(epoch, probe_frames[seat.index], draw_frames[seat.index])

    # --- saving and ending

    def save(self, position: Position) -> None:
        """Write every run's weights, state and timeline."""
        began = time.monotonic()
        self._part_with_diverged()
        for seat in self.well:
            seat.timeline.save(seat.run, self.probe_index)
            checkpoint.save(seat.run, self.learners[seat.learner], seat.index, position)
        self.saved_at = time.monotonic()
        self.save_cost = self.saved_at - began

    def stop(self, position: Position) -> bool:
        """Save and mark the runs stopped; never finished, so False."""
        self.save(position)
        self._tell("stopped", position.step / self.steps)
        log.info("asked to stop: saved in epoch %d, step %d", position.epoch + 1, position.step)
        return False

    def finish(self, dataset: Dataset) -> bool:
        """Evaluate on the test images, write their codes, mark the runs finished. Whether all of them did."""
        results = [results_on_test(learner.ensemble, dataset.test, self.epochs) for learner in self.learners]
        for seat in self.well:
            result = results[seat.learner][seat.index]
            result.write(seat.run)
            elbo = result.evaluation.figures.elbo
            log.info("%s: test −ELBO %.2f nats per image", seat.run.name, -elbo)
        self._tell("finished")
        return not self.diverged

    def _save_is_due(self) -> bool:
        return time.monotonic() - self.saved_at > max(SAVE_SECONDS, SAVE_SHARE * self.save_cost)

    def _part_with_diverged(self, held_out: Sequence[Tally] = ()) -> None:
        for seat in list(self.well):
            tallies = [self.learners[seat.learner].tally, *held_out[seat.learner : seat.learner + 1]]
            figures = [tally.figures(seat.index) for tally in tallies]
            if all(math.isfinite(found.elbo) and math.isfinite(found.mse) for found in figures):
                continue
            self.well.remove(seat)
            self.diverged = True
            error = f"its objective was no longer a number in epoch {self.epoch}: train it with a lower --lr"
            log.error("%s: %s", seat.run.name, error)
            tell([seat.run], "failed", self.epoch - 1, self.epochs, error=error)

    def _tell(self, state: State, progress: float = 0.0, images_per_second: float = 0.0) -> None:
        runs = [seat.run for seat in self.well]
        tell(runs, state, self.finished, self.epochs, progress, images_per_second)


def _seats(runs: Sequence[Path], learners: Sequence[Learner], start: Position) -> list[Seat]:
    models = (
        (which, index, config)
        for which, learner in enumerate(learners)
        for index, config in enumerate(learner.ensemble.configs)
    )
    return [
        Seat(run, *model, Timeline.load(run, start.epoch)) for run, model in zip(runs, models, strict=True)
    ]


def tell(
    runs: Iterable[Path],
    state: State,
    epoch: int,
    epochs: int,
    progress: float = 0.0,
    images_per_second: float = 0.0,
    error: str = "",
) -> None:
    """Replace status.json of every run; progress and images per second are each run's own."""
    host, pid = socket.gethostname(), os.getpid()
    for run in runs:
        status = Status(state, epoch, epochs, progress, images_per_second, error, pid, host)
        write_status(run, status)
