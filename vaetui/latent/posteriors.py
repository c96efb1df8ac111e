"""Load the codes of the test images of one model: as the trainer wrote them, or encoded here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from trainer.contract.config import CLASSES, PIXELS
from trainer.contract.files import DamagedFile, MissingFile, Problem
from trainer.contract.images import Images
from trainer.contract.run_dir import LATENTS
from trainer.contract.tensors import MAX_HEADER_BYTES, read_tensors
from vaetui.arrays import Bytes, Floats, Integers
from vaetui.models.autoencoder import MAX_VALUE, Posterior, Vae, bounded_log_var

CHUNK = 500  # images encoded at once, so that a cancelled thread ends soon

SUBSET_SEED = 0  # of random subsets of the test images

MOST_BYTES = 256 << 20  # of a file of them, whatever the configuration says


@dataclass(frozen=True, eq=False)
class Codes:
    """Posterior means of test images `(images, latent)`, their classes `(images,)` and log-variances.

    The log-variances are as the means `(images, latent)`; an autoencoder has none. `notice` says what was
    wrong with a file of them.
    """

    mean: Floats
    labels: Bytes
    log_var: Floats | None = None
    notice: str = ""

    @cached_property
    def posterior(self) -> Posterior:
        """Return q(z|x) of all images."""
        return Posterior(self.mean, self.log_var)

    def random_images(self, most: int) -> Integers:
        """Return the numbers of at most `most` random images in ascending order, the same for every model.

        The first images of a test set need not be typical: those of MNIST are easier than the rest.
        """
        order = np.random.Generator(np.random.PCG64(SUBSET_SEED)).permutation(len(self.mean))
        return np.sort(order[:most]).astype(np.int64)

    @cached_property
    def centre(self) -> Floats:
        """Return the mean of the means, `(latent,)`."""
        return np.asarray(self.mean.mean(0), np.float32)

    @cached_property
    def variance(self) -> Floats:
        """Return the variance of the means over images, `(latent,)`."""
        return np.asarray(self.mean.var(0), np.float32)


def load_test_codes(
    run: Path, vae: Vae, images: Callable[[], Images], goes_on: Callable[[float], bool] = lambda _: True
) -> Codes | None:
    """Load the codes from the file of `run`, else encode `images`, which are requested only then.

    `goes_on` gets the part done, 0 to 1, and returns whether to continue. Returns None if not, and without
    images.
    """
    notice = ""
    try:
        stored = read_latents(run, vae.latent, vae.config.data.test, is_vae=vae.config.model.is_vae)
        if stored.epoch == str(vae.epoch) and not vae.step:
            return Codes(stored.mean, stored.labels, stored.log_var)
    except MissingFile:
        pass
    except Problem as problem:
        notice = f"{problem}; the codes are computed again"
    return _encode(vae, images(), goes_on, notice)


@dataclass(frozen=True, eq=False)
class StoredLatents:
    """The content of latents.safetensors: codes of the test images after `epoch`.

    `mean` and `log_var` `(images, latent)`, `labels` and `distortion` `(images,)`; an autoencoder has no
    log_var, an older file no distortion.
    """

    epoch: str
    mean: Floats
    labels: Bytes
    log_var: Floats | None
    distortion: Floats | None


def read_latents(run: Path, latent: int, images: int, *, is_vae: bool) -> StoredLatents:
    """Read the codes of up to `images` test images, `latent` numbers each.

    Raises `MissingFile` without a file, `DamagedFile` where it has no such codes.
    """
    path = run / LATENTS
    limit = images * (8 * latent + 16) + MAX_HEADER_BYTES
    file = read_tensors(path, limit=min(limit, MOST_BYTES))
    mean, labels = file.arrays.get("mean"), file.arrays.get("labels")
    log_var = file.arrays.get("log_var") if is_vae else None
    distortion = file.arrays.get("distortion")
    if mean is None or labels is None or (is_vae and log_var is None):
        raise DamagedFile(path, "it lacks mean, log_var or labels")
    count = len(labels) if labels.ndim == 1 else 0
    if not count or labels.dtype != np.uint8 or labels.max() >= CLASSES:
        raise DamagedFile(path, "its labels are not classes from 0 to 9")
    for name, array, shape in (
        ("mean", mean, (count, latent)),
        ("log_var", log_var, (count, latent)),
        ("distortion", distortion, (count,)),
    ):
        if array is not None and (array.shape != shape or array.dtype != np.float32):
            raise DamagedFile(path, f"{name} is {array.dtype} {array.shape}, expected float32 {shape}")
    if max(mean.max(), -mean.min()) > MAX_VALUE:
        raise DamagedFile(path, f"mean is not within ±{MAX_VALUE:g}")
    log_var = None if log_var is None else bounded_log_var(log_var)
    return StoredLatents(file.metadata.get("epoch", ""), mean, labels, log_var, distortion)


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
