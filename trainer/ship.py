"""`python -m trainer.ship --data DIR --to FOLDER RUN…`: copy finished runs as small examples.

Weights and test codes are rounded to half precision, and the state for resuming is left out. The copies go to
FOLDER/examples, where no training writes, and their config.json marks them as examples. They are evaluated
again with the rounded weights, so that evaluation.json describes the copy.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from trainer.contract.config import EXAMPLE, read_config, weight_shapes, write_config
from trainer.contract.datasets.registry import load
from trainer.contract.evaluation import read_evaluation
from trainer.contract.files import Problem
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import EXAMPLES, MODEL, TIMELINE, Status, read_status, write_status
from trainer.contract.tensors import read_tensors, write_tensors
from trainer.engine import denormals
from trainer.evaluation.evaluate import EvaluationOptions, Evaluator
from trainer.evaluation.metrics import TestResult

KEPT = (METRICS, TIMELINE)
ROUNDED = ("mean", "log_var")  # of the test codes


def ship(run: Path, to: Path, data: Path, evaluator: Evaluator) -> Path:
    """Copy `run` into `to`/examples/. Raises `Problem` for a run that is not finished or is damaged."""
    config, status = read_config(run), read_status(run)
    if status.state != "finished":
        raise Problem(f"{run.name} is {status.state}: only finished runs are shipped")
    weights = read_tensors(run / MODEL, weight_shapes(config.model))
    epoch = read_evaluation(run).epoch  # of the weights that were kept
    dataset = load(config.data.name, data)

    copy = to / EXAMPLES / run.name
    copy.mkdir(parents=True, exist_ok=True)
    example = replace(config, origin=EXAMPLE)
    write_config(copy, example)
    for name in KEPT:
        shutil.copy(run / name, copy / name)
    # Without the machine's name.
    write_status(copy, Status("finished", status.epoch, status.epochs, early=status.early))
    if weights.is_rounded:  # shipped before: the same bytes stay the same file in git
        shutil.copy(run / MODEL, copy / MODEL)
    else:
        halves = {name: value.astype(np.float16) for name, value in weights.arrays.items()}
        write_tensors(copy / MODEL, halves, {"epoch": str(epoch)})
    measured = evaluator.measure(copy, example, dataset)
    codes = {
        name: array.astype(np.float16) if name in ROUNDED else array
        for name, array in measured.latents.items()
    }
    TestResult(measured.evaluation, codes).write(copy)
    return copy


def main(arguments: Sequence[str] | None = None) -> int:
    """Copy the runs; returns the exit code."""
    parser = argparse.ArgumentParser(
        "python -m trainer.ship", description="Copy finished runs at half precision."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument(
        "--to", type=Path, required=True, help="runs folder in whose `examples` the copies go"
    )
    parser.add_argument("--device", default="auto", help="what measures them: auto, cuda, mps or cpu")
    parser.add_argument("--nll", type=int, default=0, metavar="K", help="estimate −log p(x) with K samples")
    parser.add_argument("--no-quality", action="store_true", help="do not train and use a classifier")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run directory")
    options = parser.parse_args(arguments)
    denormals.flush()  # as the trainer and `vaetui evaluate`, whose figures these are
    wanted = EvaluationOptions(options.nll, not options.no_quality, options.device)
    try:
        evaluator = Evaluator(wanted, lambda _doing, _done: None, _narrate)
        for run in options.runs:
            sys.stdout.write(f"{ship(run, options.to, options.data, evaluator)}\n")
            sys.stdout.flush()
    except Problem as problem:
        sys.stderr.write(f"trainer: {problem}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"trainer: {error.filename2 or error.filename}: {error.strerror}\n")
        return 1
    return 0


def _narrate(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
