"""`python -m trainer.evaluation --data DIR [--nll K] RUN…`: measure trained runs on the test images.

It writes each run's evaluation.json and reports on stdout, an object a line:

    {"event": "progress", "run", "doing", "done"}   `done` is the finished share of `doing`, 0…1
    {"event": "note", "text"}                        a message for the user
    {"event": "measured", "run", "seconds", "kept"}  evaluation.json was written into the folder `kept`
    {"event": "problem", "text"}                     one sentence: why a run, or any run, was not measured

Runs and images are checked before PyTorch is imported; the other runs are measured if one cannot be. Exit
code 0: all were measured; 1: not all. A signal may end it at any moment: files are replaced whole.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from trainer.contract.config import Config, read_config
from trainer.contract.datasets.registry import load
from trainer.contract.evaluation_dir import external_folder
from trainer.contract.files import Problem, clean
from trainer.contract.images import Dataset
from trainer.contract.marginal_methods import MARGINAL_METHODS
from trainer.contract.run_dir import MODEL, is_alive
from trainer.engine import openmp

PROGRESS_SECONDS = 0.1  # shortest interval between progress events

Member = tuple[Path, Config, Dataset]


def emit(event: str, **facts: Any) -> None:
    """Write one event as a line to stdout and flush it."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


def find_measurable(runs: Sequence[Path], data: Path) -> tuple[list[Member], list[str]]:
    """Return the runs that can be measured, with configurations and images, and the problems of the others.

    A problem of images that several runs have is listed once.
    """
    members: list[Member] = []
    problems: dict[str, None] = {}
    images = cache(lambda name: load(name, data, lambda text: emit("note", text=text)))
    for run in dict.fromkeys(runs):
        try:
            members.append(_member(run, images))
        except Problem as problem:
            problems[str(problem)] = None
    return members, list(problems)


def _member(run: Path, images: Callable[[str], Dataset]) -> Member:
    config, name = read_config(run), clean(run.name)
    if is_alive(run):
        raise Problem(f"{name} is being trained now: evaluate it when that has ended, or stop it first")
    if not (run / MODEL).exists():
        raise Problem(f"{name} has no model yet: train it first")
    folder = external_folder(run, config) or run
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        cause = f"{clean(str(existing))} cannot be written (permission denied)"
        raise Problem(f"{cause}, so figures cannot be kept")
    dataset = images(config.data.name)
    if config.data.checksum != dataset.checksum:
        raise Problem(
            f"{name} was trained on other {config.data.name} images than those in the data "
            "folder: name the folder with --data"
        )
    return run, config, dataset


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m trainer.evaluation", description="Measure trained runs on the test images."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("--device", default="auto", help="auto, cuda, mps or cpu")
    parser.add_argument("--nll", type=int, default=0, metavar="K", help="measure −log p(x) with K draws")
    parser.add_argument("--nll-method", default="auto", choices=("auto", *MARGINAL_METHODS), help="how")
    parser.add_argument("--nll-images", type=int, default=0, metavar="N", help="on N random test images")
    parser.add_argument("--draws", type=int, default=1, metavar="N", help="posterior draws of test figures")
    parser.add_argument("--no-quality", action="store_true", help="do not train and use a classifier")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run directory")
    options = parser.parse_args(arguments)
    openmp.limit_spinning()
    try:
        members, problems = find_measurable([run.resolve() for run in options.runs], options.data)
        for text in problems:
            emit("problem", text=text)
        succeeded = not problems
        if members:
            succeeded &= measure(members, options)
    except Problem as problem:
        emit("problem", text=str(problem))
        return 1
    except BrokenPipeError:  # the reader has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0 if succeeded else 1


def measure(members: Sequence[Member], options: argparse.Namespace) -> bool:
    """Measure one run after the other; return whether all could be measured."""
    from trainer.engine import denormals  # imports PyTorch, which takes seconds
    from trainer.evaluation.evaluate import EvaluationOptions, Evaluator

    denormals.flush()
    current, reported = members[0][0], ("", 0.0)

    def report(doing: str, done: float) -> None:
        """Emit progress, at most every `PROGRESS_SECONDS` unless something begins or ends."""
        nonlocal reported
        now = time.monotonic()
        if doing != reported[0] or done >= 1 or now - reported[1] >= PROGRESS_SECONDS:
            reported = (doing, now)
            emit("progress", run=str(current), doing=doing, done=round(done, 4))

    wanted = EvaluationOptions(
        options.nll,
        not options.no_quality,
        options.device,
        options.nll_method,
        options.nll_images,
        options.draws,
    )
    evaluator = Evaluator(wanted, report, lambda text: emit("note", text=text))
    succeeded = True
    for run, config, dataset in members:
        current, reported, began = run, ("", 0.0), time.monotonic()
        try:
            folder = evaluator.evaluate(run, config, dataset)
            emit("measured", run=str(run), seconds=round(time.monotonic() - began, 2), kept=str(folder))
        except Problem as problem:
            succeeded = False
            emit("problem", text=str(problem))
    return succeeded


if __name__ == "__main__":
    sys.exit(main())
