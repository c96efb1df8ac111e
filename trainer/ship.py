"""`python -m trainer.ship --data DIR --to FOLDER RUN…`: copy finished runs in a size that is worth sharing.

Weights and test codes are rounded to half precision, and what only resuming needs is left out. The test
figures are measured anew with the rounded weights, so that the copy's evaluation.json speaks of the copy.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from trainer.data import as_judged, load
from trainer.evaluate import ROUNDED, Result, results_on_test
from trainer.files import Problem
from trainer.model import Ensemble
from trainer.run import (
    CONFIG,
    METRICS,
    MODEL,
    TIMELINE,
    Status,
    read_config,
    read_evaluation,
    read_status,
    weight_shapes,
    write_status,
)
from trainer.tensors import read_tensors, write_tensors

KEPT = (CONFIG, METRICS, TIMELINE)


def ship(run: Path, to: Path, data: Path) -> Path:
    """Copy `run` into `to`/<dataset>/. Raises `Problem` for a run that is not finished or is damaged."""
    config, status = read_config(run), read_status(run)
    if status.state != "finished":
        raise Problem(f"{run.name} is {status.state}: only finished runs are shipped")
    weights = read_tensors(run / MODEL, weight_shapes(config.model)).arrays
    halves = {name: value.astype(np.float16) for name, value in weights.items()}
    rounded = {name: torch.from_numpy(value.astype(np.float32)) for name, value in halves.items()}
    ensemble = Ensemble.build([config], [rounded], torch.device("cpu"))
    dataset = load(config.data.name, data)
    test = as_judged(dataset.test, config.data.binarize, f"{dataset.name}/test")
    epoch = read_evaluation(run).epoch  # of the weights that were kept
    (result,) = results_on_test(ensemble, test, [epoch])

    copy = to / config.data.name / run.name
    copy.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        shutil.copy(run / name, copy / name)
    write_status(
        copy, Status("finished", status.epoch, status.epochs, early=status.early)
    )  # without the machine's name
    write_tensors(copy / MODEL, halves, {"epoch": str(epoch)})
    evaluation = replace(result.evaluation, precision=ROUNDED)
    codes = {n: a.astype(np.float16) if n != "labels" else a for n, a in result.latents.items()}
    Result(evaluation, codes).write(copy)
    return copy


def main(arguments: Sequence[str] | None = None) -> int:
    """Ship; returns the exit code."""
    parser = argparse.ArgumentParser(
        "python -m trainer.ship", description="Copy finished runs at half precision."
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("--to", type=Path, required=True, help="runs folder that the copies go to")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run directory")
    options = parser.parse_args(arguments)
    try:
        for run in options.runs:
            sys.stdout.write(f"{ship(run, options.to, options.data)}\n")
    except Problem as problem:
        sys.stderr.write(f"trainer: {problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
