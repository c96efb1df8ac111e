"""`python -m trainer --data DIR RUN…`: train the runs that are described in these directories.

Every run is locked before PyTorch is imported, so that the starting process sees at once that the runs are
alive. A run continues from where it was saved. SIGTERM and SIGINT save and stop.
Exit code 0: all runs finished or were stopped; 1: one or more failed, and its status.json has the cause.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import logging
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from trainer.contract.config import Config, read_config
from trainer.contract.files import Problem, append_bytes, clean, sweep
from trainer.contract.lock import lost_folder
from trainer.contract.run_dir import LOG, Status, hold, read_status
from trainer.engine import openmp
from trainer.run_status import report_status

DESCRIPTORS = 20  # open files that a trainer needs besides one lock for each run

log = logging.getLogger("trainer")


def stop_signals() -> list[int]:
    """Handle signals: SIGTERM and SIGINT are appended to the returned list, SIGHUP is ignored."""
    received: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: received.append(number))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return received


class RunLog(logging.Handler):
    """Log to train.log of every run, since any of them may be copied away alone.

    A file is open only while it is written to: hundreds of runs would need as many descriptors. Errors of
    writing are ignored, since a full disk or a moved folder must not end a training by its log.
    """

    def __init__(self, runs: Sequence[Path]) -> None:
        super().__init__()
        self._runs = runs

    def emit(self, record: logging.LogRecord) -> None:
        """Append one record."""
        line = (self.format(record) + "\n").encode()
        for run in self._runs:
            lost = lost_folder(run)
            folder = lost.current if lost else run
            if folder is not None:
                with contextlib.suppress(OSError):
                    append_bytes(folder / LOG, line)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train; returns the exit code."""
    signals = stop_signals()  # first, so that a signal during the import of PyTorch counts too
    parser = argparse.ArgumentParser(
        prog="python -m trainer", description="Train the runs described in RUN…."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run directory with a config.json")
    options = parser.parse_args(arguments)
    faulthandler.enable()
    openmp.limit_spinning()
    runs = unique_runs(options.runs)
    try:
        allow_descriptors(len(runs))
        with ExitStack() as stack:
            return train(runs, options.data, signals, stack)
    except Exception as error:  # of any kind: otherwise its runs would stay marked as queued
        if not isinstance(error, Problem):
            log.exception("the trainer could not start")
        cause = str(error) if isinstance(error, Problem) else f"{type(error).__name__}: {error}".rstrip(": ")
        sys.stderr.write(f"trainer: {cause}\n")
        for run in runs:
            fail(run, cause)
        return 1


def train(runs: Sequence[Path], data: Path, signals: Sequence[int], locks: ExitStack) -> int:
    """Lock `runs` and train those that can be locked; returns the exit code."""
    members: list[tuple[Path, Config]] = []
    for run in runs:
        try:
            config = _trainable(run)
            locks.enter_context(hold(run, sign=True))
            sweep(run)
            members.append((run, config))
        except Problem as problem:
            sys.stderr.write(f"trainer: {problem}\n")
        except OSError as error:
            cause = f"{clean(run.name)} cannot be locked: {error.strerror}"
            sys.stderr.write(f"trainer: {cause}\n")
            fail(run, cause)
    if not members:
        return 1
    keep_log([run for run, _ in members])
    from trainer.engine import denormals  # imports PyTorch, which takes seconds, after the locks
    from trainer.planner import train_all

    denormals.flush()
    succeeded = train_all(members, data, lambda: bool(signals))
    return 0 if succeeded and len(members) == len(runs) else 1


def _trainable(run: Path) -> Config:
    config = read_config(run)
    if config.is_example:
        raise Problem(f"{clean(run.name)} is an example and is never trained")
    return config


def unique_runs(runs: Sequence[Path]) -> list[Path]:
    """Return every folder once, resolved and in their order; several paths may lead to one folder."""
    unique: dict[object, Path] = {}
    for path in (run.resolve() for run in runs):
        key: object = path
        with contextlib.suppress(OSError):
            status = path.stat()
            key = status.st_dev, status.st_ino
        unique.setdefault(key, path)
    return list(unique.values())


def allow_descriptors(runs: int) -> None:
    """Raise the limit of open files as far as allowed. Raises `Problem` where that is too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):  # macOS has a lower limit than it reports
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    needed = runs + DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < needed:
        raise Problem(
            f"{runs} models at once need {needed} open files and {soft} are allowed: raise the limit with "
            f"`ulimit -n {needed}`, or train fewer at once"
        )


def fail(run: Path, cause: str) -> None:
    """Mark `run` as failed, unless another process trains it or it has ended already."""
    try:
        epochs, epoch = read_config(run).optimiser.epochs, 0
        with hold(run):
            with contextlib.suppress(Problem):
                status = read_status(run)
                if status.state not in ("queued", "running"):
                    return
                epoch = status.epoch
            report_status(run, Status("failed", epoch, epochs, error=cause))
    except (Problem, OSError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else problem
        sys.stderr.write(f"trainer: {clean(run.name)} is not marked as failed: {why}\n")


def keep_log(runs: Sequence[Path]) -> None:
    """Log to the runs, and to a terminal."""
    handlers: list[logging.Handler] = [RunLog(runs)]
    if sys.stderr.isatty():
        handlers.append(logging.StreamHandler())
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%F %T", handlers=handlers, force=True
    )


if __name__ == "__main__":
    sys.exit(main())
