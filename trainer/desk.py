"""What a training tells the world: the run directories of one ensemble, kept up while it runs."""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from torch import Tensor

from trainer import checkpoint
from trainer.adam import Adam
from trainer.checkpoint import Position, Timeline
from trainer.data import Dataset
from trainer.evaluate import evaluations, frames, probe_index
from trainer.files import write_tensors
from trainer.model import Ensemble
from trainer.objective import Tally
from trainer.run import (
    LATENTS,
    Epoch,
    State,
    Status,
    append_epoch,
    keep_epochs,
    write_evaluation,
    write_status,
)

STATUS_SECONDS = 0.25
SAVE_SECONDS = 5.0
SAVE_SHARE = 20  # saving takes at most about a twentieth of the time

log = logging.getLogger("trainer")


class Desk:
    """Status, rows, frames, checkpoints and test figures of the runs of one ensemble.

    A run whose objective is no longer a number is marked failed and left as it was last saved; its companions
    share no arithmetic with it and go on.
    """

    def __init__(
        self, runs: Sequence[Path], ensemble: Ensemble, adam: Adam, dataset: Dataset, start: Position
    ) -> None:
        self.runs, self.ensemble, self.adam = runs, ensemble, adam
        self.epochs = ensemble.configs[0].optimiser.epochs
        self.images = ensemble.configs[0].data.train
        self.probe_index = probe_index(dataset.test)
        self.timelines = [Timeline.load(run, start.epoch) for run in runs]
        self.earlier_seconds = start.seconds
        self.finished = start.epoch
        self.diverged: set[int] = set()
        self.saved_at = time.monotonic()
        self.save_cost = 0.0
        for run in runs:
            keep_epochs(run, start.epoch)

    # --- while an epoch runs

    def epoch_begins(self, epoch: int, first_step: int, steps: int) -> None:
        """Start the epoch's clock."""
        self.epoch, self.first_step, self.steps = epoch, first_step, steps
        self.began = time.monotonic()
        self.told_at = -math.inf
        self.step_done(first_step, None)

    def seconds(self) -> float:
        """Seconds spent in this epoch, those before a stop included."""
        return self.earlier_seconds + time.monotonic() - self.began

    def step_done(self, step: int, tally: Tally | None) -> None:
        """Tell how far the epoch is, four times a second at most, and save when the last save is old."""
        now = time.monotonic()
        if now - self.told_at < STATUS_SECONDS:
            return
        self.told_at = now
        images = self.images * (step - self.first_step) / self.steps
        self._tell("running", step / self.steps, images / max(now - self.began, 1e-9))
        if tally is not None and self._save_is_due():
            self.save(Position(self.epoch - 1, step, self.seconds()), tally)

    # --- when it is over

    def epoch_done(self, epoch: int, tally: Tally, held_out: Tally | None, probes: Tensor) -> None:
        """Append each run's row and frame; save after the last epoch and when the last save is old."""
        seconds = self.seconds()
        self.earlier_seconds = 0.0
        self.finished = epoch
        self._fail_diverged(tally, held_out)
        self._append_rows(epoch, tally, held_out, seconds)
        if Timeline.wants(epoch, self.epochs):
            self._append_frames(epoch, probes)
        if epoch == self.epochs or self._save_is_due():
            self.save(Position(epoch), tally)
        self._tell("running", 0.0, self.images / seconds)
        log.info("epoch %d/%d took %.2f s", epoch, self.epochs, seconds)

    def _append_rows(self, epoch: int, tally: Tally, held_out: Tally | None, seconds: float) -> None:
        units = held_out or tally
        for i in self._well():
            latent = self.ensemble.configs[i].model.latent
            row = Epoch(
                epoch=epoch,
                train=tally.figures(i),
                val=held_out.figures(i) if held_out else None,
                active_units=units.active_units(i, latent),
                kl_per_dim=units.kl(i, latent),
                seconds=seconds,
            )
            append_epoch(self.runs[i], row)

    def _append_frames(self, epoch: int, probes: Tensor) -> None:
        probe_frames, draw_frames = frames(self.ensemble, probes)
        for timeline, probe_frame, draw_frame in zip(self.timelines, probe_frames, draw_frames, strict=True):
            timeline.epochs.append(epoch)
            timeline.probes.append(probe_frame)
            timeline.draws.append(draw_frame)

    # --- saving and ending

    def save(self, position: Position, tally: Tally) -> None:
        """Write every run's weights, state and timeline."""
        began = time.monotonic()
        self._fail_diverged(tally, None)
        for i in self._well():
            if self.timelines[i].epochs:
                self.timelines[i].save(self.runs[i], self.probe_index)
            checkpoint.save(self.runs[i], i, self.ensemble, self.adam, tally, position)
        self.saved_at = time.monotonic()
        self.save_cost = self.saved_at - began

    def stop(self, position: Position, tally: Tally) -> bool:
        """Save and mark the runs stopped; never finished, so False."""
        self.save(position, tally)
        self._tell("stopped", position.step / self.steps)
        log.info("asked to stop: saved in epoch %d, step %d", position.epoch + 1, position.step)
        return False

    def finish(self, dataset: Dataset) -> bool:
        """Evaluate on the test images, write their codes, mark the runs finished. Whether all of them did."""
        found, codes = evaluations(self.ensemble, dataset.test, [self.epochs] * len(self.runs))
        for i in self._well():
            own = slice(self.ensemble.configs[i].model.latent)
            arrays = {"mean": codes.mean[i, :, own], "labels": dataset.test.labels}
            if self.ensemble.configs[i].model.kind == "vae":
                arrays["log_var"] = codes.log_var[i, :, own]
            write_tensors(self.runs[i] / LATENTS, arrays, {"epoch": str(self.epochs)})
            write_evaluation(self.runs[i], found[i])
            log.info("%s: test −ELBO %.2f nats per image", self.runs[i].name, -found[i].figures.elbo)
        self._tell("finished")
        return not self.diverged

    def _save_is_due(self) -> bool:
        return time.monotonic() - self.saved_at > max(SAVE_SECONDS, SAVE_SHARE * self.save_cost)

    def _well(self) -> list[int]:
        return [i for i in range(len(self.runs)) if i not in self.diverged]

    def _fail_diverged(self, *tallies: Tally | None) -> None:
        for i in self._well():
            figures = [tally.figures(i) for tally in tallies if tally is not None]
            if all(math.isfinite(found.elbo) and math.isfinite(found.mse) for found in figures):
                continue
            self.diverged.add(i)
            error = f"its objective was no longer a number in epoch {self.epoch}: train it with a lower --lr"
            log.error("%s: %s", self.runs[i].name, error)
            tell([self.runs[i]], "failed", self.epoch - 1, self.epochs, error=error)

    def _tell(self, state: State, progress: float = 0.0, images_per_second: float = 0.0) -> None:
        runs = [self.runs[i] for i in self._well()]
        tell(runs, state, self.finished, self.epochs, progress, images_per_second)


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
