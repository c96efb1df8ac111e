"""Codes of a run, and a t-SNE of them that takes no time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.vaetui.tui.driving import press, until
from trainer.contract.run_dir import LATENTS
from trainer.contract.tensors import read_tensors
from vaetui.arrays import Floats
from vaetui.latent.posteriors import Codes
from vaetui.tui import keys
from vaetui.tui.app import Explorer
from vaetui.tui.views.latent.view import Latent

Tell = Callable[[float], object]

HERE = str(keys.VIEWS.index("Latent") + 1)


def fake_tsne(codes: Floats, tell: Tell = print) -> Floats:
    """A map that takes no time: the first dimension, there and back."""
    return np.ascontiguousarray(np.stack([codes[:, 0], -codes[:, 0]], axis=1))


async def to_tsne(app: Explorer) -> None:
    await press(app, "w", "w")
    await until(app, lambda: isinstance(app.view, Latent) and app.view.map is not None)


def codes_of(run: Path) -> Floats:
    return np.asarray(read_tensors(run / LATENTS).arrays["mean"], np.float32)


def held(run: Path) -> Codes:
    labels = read_tensors(run / LATENTS).arrays["labels"]
    return Codes(codes_of(run), np.asarray(labels, np.uint8))
