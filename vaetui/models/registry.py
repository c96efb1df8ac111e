"""The table of architectures in numpy, and how the model of a run directory is loaded.

A new architecture is one file with a `Network`, and one row here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path

import numpy as np

from trainer.contract.config import Config, weight_shapes
from trainer.contract.files import DamagedFile, MissingFile, Problem, clean
from trainer.contract.run_dir import MODEL
from trainer.contract.tensors import Tensors, read_tensors
from vaetui.arrays import Floats
from vaetui.models import mlp
from vaetui.models.autoencoder import Network, Vae

MAX_WEIGHTS = 100_000_000  # 400 MB in float32; the usual model has 0.65 million
_HEADER_BYTES = 1 << 21  # that a file may have beside the weights

# By name of the architecture: makes the network of weights whose names and shapes are right.
NETWORKS: dict[str, Callable[[Mapping[str, Floats]], Network]] = {"mlp": mlp.network}


def register(name: str, network: Callable[[Mapping[str, Floats]], Network]) -> None:
    """Add an architecture, for code outside this package; one that belongs to it has a row above."""
    NETWORKS[name] = network


def load_model(run: Path, config: Config) -> Vae:
    """Load the model of the run directory `run`.

    Raises `Problem` where there is no model yet, where it would need more than 400 MB, or where its file is
    damaged or does not fit `config`.
    """
    shapes = weight_shapes(config.model)
    weights = sum(map(prod, shapes.values()))
    if weights > MAX_WEIGHTS:
        raise Problem(
            f"{clean(str(run))} says it has {weights:,} weights, more than the {MAX_WEIGHTS:,} opened here"
        )
    file = _read(run, shapes, weights)
    arrays = {name: file.arrays[name] for name in shapes}
    epoch, step = (_count(run / MODEL, file, name) for name in ("epoch", "step"))
    return Vae(config, epoch, NETWORKS[config.model.arch](arrays), arrays, step)


def _read(run: Path, shapes: dict[str, tuple[int, ...]], weights: int) -> Tensors:
    """Read the model file of `run`; check size and shapes before reading it, types after."""
    path = run / MODEL
    try:
        file = read_tensors(path, shapes, limit=4 * weights + _HEADER_BYTES)
    except MissingFile:
        raise Problem(
            f"{clean(run.name)} has no model yet: the trainer writes it at the end of the first epoch"
        ) from None
    for name in shapes:
        if file.arrays[name].dtype != np.float32:
            raise DamagedFile(path, f"{name} is {file.arrays[name].dtype}, expected float32 or float16")
    return file


def _count(path: Path, file: Tensors, name: str) -> int:
    """Return a number of the file's metadata. Raises `DamagedFile`.

    Files of earlier versions have no step.
    """
    text = file.metadata.get(name, "0" if name == "step" else "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise DamagedFile(path, f"its {name} is {text!r}")
    return int(text)
