"""`python -m trainer --data DIR RUN…`: train the runs that are described in these directories.

Every run is locked before anything slow is imported, so that whoever started this process sees within a
moment that the runs are alive. A run goes on from where it was saved. SIGTERM and SIGINT save and stop.
Exit code 0: all runs finished or stopped when asked; 1: one or more failed, and its status.json says why.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from trainer.files import Problem, sweep
from trainer.run import LOG, hold, read_config

log = logging.getLogger("trainer")


class Stop:
    """Remembers that a signal asked to stop."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


def main(arguments: Sequence[str] | None = None) -> int:
    """Train; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m trainer", description="Train the runs described in RUN…."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run directory with a config.json")
    options = parser.parse_args(arguments)
    faulthandler.enable()
    # How long a thread spins for the others before it sleeps. Spinning on, as OpenMP would, two busy
    # processes on the same cores slow each other down many times; sleeping at once costs a quiet machine
    # a third of its speed (docs/performance.md). OpenMP reads it when PyTorch is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    stop = Stop()
    runs = [run.resolve() for run in dict.fromkeys(options.runs)]
    with ExitStack() as stack:
        try:
            members = [(run, read_config(run)) for run in runs]
            for run in runs:
                stack.enter_context(hold(run))
        except Problem as problem:
            sys.stderr.write(f"trainer: {problem}\n")
            return 1
        for run in runs:
            sweep(run)
        keep_log(runs, stack)
        from trainer.plan import carry_out  # PyTorch and its seconds come only now, after the locks

        return 0 if carry_out(members, options.data, lambda: stop.asked) else 1


def keep_log(runs: Sequence[Path], stack: ExitStack) -> None:
    """Log to train.log of every run, since any of them may be copied away alone; and to a terminal."""
    handlers: list[logging.Handler] = [logging.FileHandler(run / LOG, encoding="utf-8") for run in runs]
    if sys.stderr.isatty():
        handlers.append(logging.StreamHandler())
    for handler in handlers:
        stack.callback(handler.close)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%F %T", handlers=handlers, force=True
    )


if __name__ == "__main__":
    sys.exit(main())
