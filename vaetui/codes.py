"""The codes of the test images by one model: as the trainer wrote them with these weights, or made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainer.data import Images
from trainer.files import DamagedFile, read_tensors
from trainer.run import LATENTS, PIXELS
from vaetui.vae import Floats, Posterior, Vae

CHUNK = 500  # images encoded at once, so that a thread whose result nobody wants any more ends soon


@dataclass(frozen=True, eq=False)
class Codes:
    """Posterior means of test images `(images, latent)`, their classes `(images,)` and log-variances.

    The log-variances are as the means `(images, latent)`; an autoencoder has none. `notice` says what was
    wrong with a file of them.
    """

    mean: Floats
    labels: npt.NDArray[np.uint8]
    log_var: Floats | None = None
    notice: str = ""

    @property
    def posterior(self) -> Posterior:
        """q(z|x) of all the images."""
        return Posterior(self.mean, self.log_var)

    @cached_property
    def centre(self) -> Floats:
        """The mean of the means, `(latent,)`."""
        return np.asarray(self.mean.mean(0), np.float32)

    @cached_property
    def variance(self) -> Floats:
        """The variance of the means over images, `(latent,)`."""
        return np.asarray(self.mean.var(0), np.float32)


def of_test(
    run: Path, vae: Vae, images: Callable[[], Images], goes_on: Callable[[float], bool] = lambda _: True
) -> Codes | None:
    """The codes from the file of `run`, else of `images`, which are asked for only then.

    `goes_on` is told how much is done, and whether to go on with it is what it returns; None if not, and
    where there are no images.
    """
    notice = ""
    try:
        written = _written(run, vae)
    except DamagedFile as damage:
        written, notice = None, f"{damage}; the codes are made anew"
    return written or _encode(vae, images(), goes_on, notice)


def _written(run: Path, vae: Vae) -> Codes | None:
    if not (run / LATENTS).exists():
        return None
    file = read_tensors(run / LATENTS)
    mean, labels = file.arrays.get("mean"), file.arrays.get("labels")
    if mean is None or labels is None or mean.ndim != 2 or labels.shape != mean.shape[:1]:
        return None
    log_var = None if vae.log_var is None else file.arrays.get("log_var", mean[:0])
    if log_var is not None and (log_var.shape, log_var.dtype) != (mean.shape, mean.dtype):
        return None
    fresh = file.metadata.get("epoch") == str(vae.epoch)
    fits = mean.shape[1] == vae.latent and len(mean) and mean.dtype == np.float32
    return Codes(mean, np.asarray(labels, np.uint8), log_var) if fresh and fits else None


def _encode(vae: Vae, images: Images, goes_on: Callable[[float], bool], notice: str) -> Codes | None:
    parts: list[Posterior] = []
    for start in range(0, len(images.labels), CHUNK):
        if not goes_on(start / len(images.labels)):
            return None
        pixels = images.pixels[start : start + CHUNK].reshape(-1, PIXELS)
        parts.append(vae.encode(np.asarray(pixels, np.float32) / np.float32(255)))
    if not parts:
        return None
    log_var = [part.log_var for part in parts if part.log_var is not None]
    mean = np.concatenate([part.mean for part in parts])
    return Codes(mean, images.labels, np.concatenate(log_var) if log_var else None, notice)
