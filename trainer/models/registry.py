"""The architectures that can be trained, by the name in `config.model.arch`."""

from __future__ import annotations

from torch import Tensor

from trainer.contract.config import WEIGHT_SHAPES, Config, Model
from trainer.models import mlp
from trainer.models.architecture import Architecture

ARCHITECTURES: dict[str, Architecture] = {mlp.MLP.name: mlp.MLP}


def register(architecture: Architecture) -> None:
    """Add an architecture, for code outside this package.

    One that belongs to it has a row above, and its weight shapes a row in `contract.config.WEIGHT_SHAPES`,
    from which the readers that run without PyTorch know them.
    """
    ARCHITECTURES[architecture.name] = architecture
    WEIGHT_SHAPES[architecture.name] = architecture.weight_shapes


def architecture_of(model: Model) -> Architecture:
    """Return the architecture of `model`."""
    return ARCHITECTURES[model.arch]


def initial_weights(config: Config) -> dict[str, Tensor]:
    """Return the weights of one untrained model, as its architecture initialises them."""
    architecture = architecture_of(config.model)
    return architecture.initial_weights(config, architecture.weight_shapes(config.model))
