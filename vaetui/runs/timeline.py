"""Read the timeline of a run: reconstructions of the same images and samples of the same noise by epoch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from trainer.contract.config import PIXELS
from trainer.contract.files import DamagedFile, MissingFile, Problem, clean
from trainer.contract.run_dir import TIMELINE
from trainer.contract.tensors import Array, read_tensors
from vaetui.arrays import Integers
from vaetui.export.images import Animation, columns_for

MOST_BYTES = 64 << 20  # of a file; the trainer keeps about 200 frames, 6 MB of them
Pictures = npt.NDArray[np.uint8]
_KINDS = {
    "probes": "reconstructions of test images (posterior mean)",
    "draws": "decoded draws of N(0, I), of the same noise",
}
PictureKind = Literal["probes", "draws"]  # fields of `Timeline`


@dataclass(frozen=True, eq=False)
class Timeline:
    """A frame for each of `epochs`, which ascend.

    `probes` are reconstructions `(epochs, probes, 784)` of the test images numbered `probe_index`
    `(probes,)`, through the posterior's mean; `draws` `(epochs, draws, 784)` are decoded from the prior.
    """

    epochs: tuple[int, ...]
    probes: Pictures
    draws: Pictures
    probe_index: Integers

    @property
    def nbytes(self) -> int:
        """Return the size of the images in bytes."""
        return self.probes.nbytes + self.draws.nbytes

    @property
    def last(self) -> int:
        """Return the index of the newest frame."""
        return len(self.epochs) - 1

    def place(self, epoch: int) -> int:
        """Return the index of the frame of `epoch`, or of the nearest."""
        return int(np.abs(np.array(self.epochs) - epoch).argmin())


def read_timeline(run: Path) -> Timeline:
    """Read and check the timeline of the run directory `run`.

    Raises `Problem` where there is none, `DamagedFile` where it is not what a trainer wrote.
    """
    path = run / TIMELINE
    try:
        arrays = read_tensors(path, limit=MOST_BYTES).arrays
    except MissingFile:
        raise Problem(
            f"{clean(run.name)} has no {TIMELINE}: the trainer writes it, or copy it here with the run"
        ) from None
    epochs = _array(path, arrays, "epoch", np.int32, 1)
    index = _array(path, arrays, "probe_index", np.int32, 1)
    probes, draws = (_array(path, arrays, name, np.uint8, 3) for name in ("probes", "draws"))
    shapes = {"probes": (len(epochs), len(index), PIXELS), "draws": (len(epochs), *draws.shape[1:2], PIXELS)}
    for name, pictures in (("probes", probes), ("draws", draws)):
        if pictures.shape != shapes[name] or not pictures.size:
            raise DamagedFile(path, f"{name} is {pictures.shape}, expected {shapes[name]}")
    if epochs[0] < 1 or not (np.diff(epochs.astype(np.int64)) > 0).all():
        raise DamagedFile(path, "its epochs do not ascend from 1 or more")
    if index.min() < 0:
        raise DamagedFile(path, "probe_index is below 0")
    return Timeline(tuple(epochs.tolist()), probes, draws, index.astype(np.int64))


def animate_training(run: Path, pictures: PictureKind, count: int | None = None) -> Animation:
    """Return the first `count` pictures of every epoch of the run directory `run`, or all, as frames.

    Raises `Problem` where there is no timeline, or it has fewer pictures.
    """
    timeline = read_timeline(run)
    images: Pictures = getattr(timeline, pictures)  # (epochs, pictures, 784)
    kept = images.shape[1]
    if count is not None and count > kept:
        raise Problem(f"{clean(run.name)} has {kept} images of every epoch, not {count}: ask for fewer")
    shown = images[:, :count]
    names = tuple(f"#{number}" for number in timeline.probe_index[:count]) if pictures == "probes" else ()
    captions = tuple(f"epoch {epoch}" for epoch in timeline.epochs)
    across = columns_for(shown.shape[1])
    return Animation(
        shown,
        across,
        is_returning=False,
        names=names,
        captions=captions,
        description=f"{_KINDS[pictures]}, after every epoch",
    )


def _array(path: Path, arrays: dict[str, Array], name: str, kind: type[np.generic], axes: int) -> Array:
    """Return one array of the file. Raises `DamagedFile` where it is missing or of another shape."""
    array = arrays.get(name)
    if array is None:
        raise DamagedFile(path, f"it lacks {name}")
    if array.dtype != kind or array.ndim != axes:
        raise DamagedFile(path, f"{name} is {array.dtype} {array.shape}, expected {np.dtype(kind)}")
    return array
