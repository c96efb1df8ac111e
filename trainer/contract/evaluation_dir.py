"""Folders for the evaluation of runs, including read-only runs.

`vaetui evaluate` writes evaluation.json and latents.safetensors into the run's folder, t-SNE its points. A
shipped run is never changed, and a folder may not be writable: then they go into the user's data folder, by
the checksum of the weights that were measured, where readers of figures search first.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import platformdirs

from trainer.contract.config import Config, read_config
from trainer.contract.evaluation import EVALUATION, Evaluation, read_evaluation
from trainer.contract.files import Problem
from trainer.contract.run_dir import MODEL
from trainer.contract.tensors import read_metadata


def external_folder(run: Path, config: Config) -> Path | None:
    """Return the folder for the figures of a run that is only read; None where they belong into its own."""
    if not config.is_example and os.access(run, os.W_OK | os.X_OK):
        return None
    try:
        weights = read_metadata(run / MODEL).get("crc32", "")
    except Problem:  # there is nothing that could have been measured
        return None
    if not re.fullmatch("[0-9a-f]{8}", weights):
        return None
    return platformdirs.user_data_path("vaetui") / "evaluations" / weights


def results_folder(run: Path) -> Path:
    """Return the folder for what is worked out of a run: its own, or one beside where it is only read.

    Raises `Problem` for a run that cannot be read.
    """
    return external_folder(run, read_config(run)) or run


def read_results(run: Path, config: Config, beside: Path | None) -> tuple[Path, Evaluation]:
    """Return the folder of a run's figures, `beside` or its own, and its test figures. Raises `Problem`."""
    if beside is not None and (beside / EVALUATION).exists():
        found = read_evaluation(beside, config.model)
        if found.weights == beside.name:
            return beside, found
    return run, read_evaluation(run, config.model)
