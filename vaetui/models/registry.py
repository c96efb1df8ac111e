"""The registry of architectures: how the model of a run directory is loaded.

A new architecture is one file with a `Network` and its loader, and one row here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trainer.contract.config import Config
from vaetui.models import mlp
from vaetui.models.autoencoder import Vae

# By name of the architecture. A loader raises `Problem` where the model is missing, too large or damaged.
LOADERS: dict[str, Callable[[Path, Config], Vae]] = {"mlp": mlp.load}


def load_model(run: Path, config: Config) -> Vae:
    """Load the model of the run directory `run`.

    Raises `Problem` where there is no model yet, where it is too large, or where its file is damaged or does
    not fit `config`.
    """
    return LOADERS[architecture(config)](run, config)


def architecture(config: Config) -> str:
    """Return the name of the architecture of a run."""
    return config.model.arch
