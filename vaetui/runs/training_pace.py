"""The pace of a training: epochs done, seconds per epoch, images per second, time left."""

from __future__ import annotations

from collections.abc import Sequence

from vaetui.runs.run_watcher import Run

RECENT = 5  # epochs that the mean speed and the time left are estimated from


def done(run: Run) -> float:
    """Return the number of epochs done, with the part of the current one."""
    return min(run.status.epoch + run.status.progress, run.expected_epochs)


def epoch_seconds(run: Run) -> float | None:
    """Return the mean seconds of recent epochs, before the first by the measured speed; None if unknown."""
    if recent := run.epochs[-RECENT:]:
        return sum(epoch.seconds for epoch in recent) / len(recent)
    now = run.status.images_per_second
    return run.config.data.train / now if now > 0 else None


def mean_speed(run: Run) -> float:
    """Return the mean images per second over recent epochs, 0 if unknown; the status has the last one."""
    seconds = epoch_seconds(run)
    return run.config.data.train / seconds if seconds else 0.0


def seconds_left(runs: Sequence[Run]) -> float | None:
    """Return the seconds until all are trained: remaining epochs by the speed of the running runs."""
    speeds = [1 / seconds for run in runs if run.state == "running" and (seconds := epoch_seconds(run))]
    remaining = sum(run.expected_epochs - done(run) for run in runs if run.alive)
    return remaining / sum(speeds) if speeds else None


def is_testing(run: Run) -> bool:
    """Return whether a running run has done all its epochs and is evaluated."""
    return run.status.epoch >= run.expected_epochs
