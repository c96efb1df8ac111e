"""What a training leaves behind, compared and checked: shared by the tests of what the trainer writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.trainer.small import config, directories
from trainer.contract.config import Config, read_config, weight_shapes
from trainer.contract.evaluation import EVALUATION, read_evaluation
from trainer.contract.metrics import METRICS
from trainer.contract.run_dir import LATENTS, LOCK, LOG, MODEL, STATE, STATUS, TIMELINE, read_status
from trainer.contract.tensors import read_metadata, read_tensors

LONG = [config(2, epochs=2, hidden=(8,)), config(3, epochs=2, hidden=(8,), lr=0.01)]
SHORT = [config(2, epochs=1, hidden=(8,)), config(3, epochs=1, hidden=(8,), lr=0.01)]


def queued(folder: Path, grid: list[Config]) -> list[Path]:
    """Run directories as `vaetui train` leaves them for the trainer."""
    runs = directories(folder, grid)
    for run in runs:
        (run / LOCK).touch()
    return runs


TENSORS = (MODEL, STATE, LATENTS, TIMELINE)


def results(run: Path) -> dict[str, Any]:
    """The bytes of all that a finished run has learnt, and its rows; how long they took is left out."""
    rows = [json.loads(line) for line in (run / METRICS).read_text().splitlines()]
    bytes_of = {name: (run / name).read_bytes() for name in (*TENSORS, EVALUATION)}
    return {**bytes_of, METRICS: [{**row, "seconds": 0.0} for row in rows]}


def leftovers(runs: Iterable[Path]) -> list[Path]:
    """Files that a writer left half done."""
    return [path for run in runs for path in run.glob(".*")]


def check_files(runs: Iterable[Path]) -> None:
    """Every file that is there can be read whole; model and state go together, or the model is the older."""
    for run in runs:
        one = read_config(run)
        for name in TENSORS:
            if (run / name).exists():
                read_tensors(run / name, weight_shapes(one.model) if name == MODEL else None)
        if (run / EVALUATION).exists():
            read_evaluation(run, one.model)
        if (run / MODEL).exists():
            saved = read_metadata(run / STATE)
            assert int(read_metadata(run / MODEL)["epoch"]) <= int(saved["epoch"]) + (saved["step"] != "0")


def states(runs: Iterable[Path]) -> list[str]:
    """What their statuses say."""
    return [read_status(run).state for run in runs]


def errors(runs: Iterable[Path]) -> list[str]:
    """Why runs failed, by their statuses."""
    found = [read_status(run) for run in runs]
    return [status.error for status in found if status.state == "failed"]


def check_said(said: str, runs: Sequence[Path]) -> None:
    """No traceback and no number of an error is shown: not on the terminal, in a log or in a status."""
    files = [run / name for run in runs for name in (LOG, STATUS)]
    for text in (said, *(file.read_text() for file in files if file.exists())):
        for word in ("Traceback", "Errno", "Error:"):
            assert word not in text, text
