"""Train other libraries for comparison, each in its own virtual environment, created on first use.

One peer so far: pythae 0.1.2 (`benchmarks/peers/pythae_vae.py`). Its environment has our versions of Python,
torch and numpy, so that only the loops differ, and is kept in the user's cache folder.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from trainer.contract.files import Problem

SCRIPT = Path(__file__).parent / "peers/pythae_vae.py"
NAME = "pythae 0.1.2"
# The requirements of pythae; packages in SHARED have the versions installed here.
SHARED = ("torch", "numpy", "scipy", "scikit-learn", "pillow", "typing-extensions")
PINNED = ("pythae==0.1.2", "pydantic==2.14.4", "imageio==2.38.1", "tqdm==4.70.1", "cloudpickle==3.1.2")
EPOCHS = 2
PROTOCOL = f"""\
(e) is {NAME}: its VAE, trained by its own TrainingPipeline and BaseTrainer, once a round in a process and
an environment of its own. Same images, network, batch size, Adam at 1e-3 and number of threads; fp32, no
validation. The time is that of epoch {EPOCHS} of {EPOCHS} inside that process: epoch 1 is the warm-up, and
start-up and the saving of the final model are not timed. What differs is pythae's own: images are fetched one
by one from a float tensor by its DataLoader; the decoder ends in a sigmoid and the loss takes probabilities;
every step calls .item(), its callbacks and a progress bar; every epoch ends with a copy of the best model.
A training loss is the mean over the epoch's batches for (a) and (e), over its images for (c)."""


class PeerError(Problem):
    """The peer cannot be installed or run; the message is one sentence for the user."""


@dataclass(frozen=True)
class Training:
    """Training of a peer: `epochs` passes over `images`, uint8 (images, 784)."""

    images: np.ndarray
    hidden: int
    latent: int
    batch_size: int
    threads: int
    device: str
    learning_rate: float = 1e-3
    seed: int = 0
    epochs: int = EPOCHS


@dataclass(frozen=True)
class Trained:
    """Results: seconds and mean training loss (nats per image) of each epoch."""

    seconds: tuple[float, ...]
    losses: tuple[float, ...]


def requirements() -> tuple[str, ...]:
    """Return the pinned requirements of the peer's environment."""
    return PINNED + tuple(f"{name}=={version(name)}" for name in SHARED)


def environment(folder: Path | None = None) -> Path:
    """Return the path of the peer's Python; create its environment in `folder` first if necessary.

    Raises `PeerError` if it cannot be created.
    """
    folder = folder or platformdirs.user_cache_path("vaetui") / "peers/pythae"
    python, stamp = folder / "bin/python", folder / "requirements.txt"
    expected = "\n".join((f"# Python {platform.python_version()}", *requirements())) + "\n"
    if python.exists() and stamp.exists() and stamp.read_text() == expected:
        return python
    if find_spec("uv") is None:
        raise PeerError(
            f"{NAME} needs uv to create its environment, but uv is not installed: run `make setup`."
        )
    print(
        f"installing {NAME} with torch {version('torch')} into {folder} (kept for later runs)",
        file=sys.stderr,
    )
    shutil.rmtree(folder, ignore_errors=True)
    _uv("venv", "--quiet", "--python", sys.executable, str(folder))
    _uv("pip", "install", "--quiet", "--python", str(python), *requirements())
    stamp.write_text(expected)
    return python


def _uv(*arguments: str) -> None:
    command = [sys.executable, "-m", "uv", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PeerError(
            f"{NAME} could not be installed (can the package index be reached?): {uv_cause(done.stderr)}"
        )


def uv_cause(stderr: str) -> str:
    """Return uv's error and its innermost cause in one line, without hints and markers."""
    report = [line for line in stderr.partition("hint:")[0].splitlines() if line.strip()]
    messages = [re.sub(r"^[\W_]*((error|cause|Caused by): )?", "", line).rstrip(":") for line in report]
    return ": ".join(dict.fromkeys([messages[0], messages[-1]])) if messages else "uv gave no reason"


def train(python: Path, training: Training) -> Trained:
    """Train the peer in its own process. Raises `PeerError` if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        images, results = Path(folder) / "images.npy", Path(folder) / "results.json"
        np.save(images, training.images)
        command = [str(python), "-I", str(SCRIPT), *_options(training, images, results)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        if done.returncode != 0:
            raise PeerError(f"{NAME} failed: {(done.stderr.splitlines() or ['no error message'])[-1]}")
        result = json.loads(results.read_text())
    return Trained(tuple(result["seconds"]), tuple(result["losses"]))


def _options(training: Training, images: Path, results: Path) -> Sequence[str]:
    """Return the options of the peer's script."""
    values = {name: value for name, value in vars(training).items() if name != "images"}
    named = {"images": images, "results": results, **values}
    return [f"--{name.replace('_', '-')}={value}" for name, value in named.items()]


def loss_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a line per batch size: the loss of each single model in the last epoch that all completed."""
    known = [row for row in rows if row["losses"] and row["models"] == 1]
    epoch = min(len(row["losses"]) for row in known)
    lines = []
    for batch_size in dict.fromkeys(row["batch"] for row in known):
        losses = [
            f"{row['loop']} {row['losses'][epoch - 1]:.1f}" for row in known if row["batch"] == batch_size
        ]
        lines.append(
            f"Training loss of epoch {epoch}, nats per image, batch {batch_size}: {', '.join(losses)}"
        )
    return "\n".join(lines)
